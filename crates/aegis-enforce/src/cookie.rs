//! SYN cookies answered from XDP: when, together with which setting of the host, and who proved
//! itself by one.
//!
//! The program answers a connection request with a cookie that the kernel made, and the stack makes
//! a connection of the acknowledgement. It does so only for listeners that sent cookies themselves
//! of late, which `net.ipv4.tcp_syncookies = 2` makes of every request that reaches one. So the
//! program and the setting go on and off together: [`CookieSwitch`].

mod stream;
mod switch;
mod sysctl;
mod tables;

use std::time::Duration;

pub use stream::VerifiedStream;
pub use switch::CookieSwitch;
pub use sysctl::{ProcSysctl, Sysctl};
pub(crate) use tables::{CookieTables, shapes};

/// When connection requests are answered.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum CookieMode {
    /// Never.
    #[default]
    Off,
    /// While their destination is under attack.
    Auto,
    /// Always.
    Always,
}

impl CookieMode {
    /// Returns the word that the configuration and reports use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Auto => "auto",
            Self::Always => "always",
        }
    }
}

/// What the responder is to do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SynCookies {
    /// When it answers.
    pub mode: CookieMode,
    /// How long a source counts as proven, and its requests go straight to the stack.
    pub verified_for: Duration,
    /// Requests that one CPU answers in a second; what is more is dropped.
    pub answers_per_second: u32,
}

impl Default for SynCookies {
    /// A quarter of a million answers a second and CPU are 160 Mbit/s of the shortest frames.
    fn default() -> Self {
        Self {
            mode: CookieMode::Off,
            verified_for: Duration::from_secs(600),
            answers_per_second: 250_000,
        }
    }
}

/// Whether connection requests are answered, and if not, why.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct CookieState {
    /// What was asked for.
    pub wanted: CookieMode,
    /// `net.ipv4.tcp_syncookies` when last looked at; `None` where it cannot be read.
    pub sysctl: Option<u8>,
    /// Why the mode is off though something else was asked for.
    pub reason: Option<String>,
}

impl CookieState {
    /// Returns the mode that holds.
    pub fn mode(&self) -> CookieMode {
        match self.reason {
            Some(_) => CookieMode::Off,
            None => self.wanted,
        }
    }
}
