//! SYN cookies: what the file says of them, and what that means.

use aegis_enforce::{CookieMode, SynCookies};
use serde::{Deserialize, Serialize};

use super::{
    ConfigError,
    detect::{RawDetect, written},
    resolve::{block_for, within, wrong},
};

/// SYN cookies.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawSynCookies {
    pub mode: RawCookieMode,
    pub verified_for: String,
    pub answers_per_second: u32,
}

/// When connection requests are answered with SYN cookies.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RawCookieMode {
    #[default]
    Off,
    Auto,
    Always,
}

impl Default for RawSynCookies {
    fn default() -> Self {
        let cookies = SynCookies::default();
        Self {
            mode: RawCookieMode::default(),
            verified_for: written(cookies.verified_for),
            answers_per_second: cookies.answers_per_second,
        }
    }
}

/// Returns what the responder is told.
pub(super) fn syn_cookies(detect: &RawDetect) -> Result<SynCookies, ConfigError> {
    let raw = &detect.syn_cookies;
    let field = |name| format!("detect.syn_cookies.{name}");
    if raw.mode == RawCookieMode::Auto && !detect.syn_flood_destination.enabled {
        return Err(wrong(
            &field("mode"),
            "\"auto\" needs detect.syn_flood_destination, which is not enabled",
        ));
    }
    Ok(SynCookies {
        mode: match raw.mode {
            RawCookieMode::Off => CookieMode::Off,
            RawCookieMode::Auto => CookieMode::Auto,
            RawCookieMode::Always => CookieMode::Always,
        },
        verified_for: block_for(&field("verified_for"), &raw.verified_for)?.into(),
        answers_per_second: within(
            &field("answers_per_second"),
            raw.answers_per_second,
            1,
            100_000_000,
        )?,
    })
}
