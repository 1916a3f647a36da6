//! Alerts of other detectors, Suricata and Zeek: whom they blame, of what, and whether that may be
//! held against him.
//!
//! Such a detector tells of two addresses, and the one that it names first is often the victim. So
//! the source of an attack is only ever an address that is foreign, while the other end is of this
//! host or of `logs.home_net`; where it cannot be told which of two did it, nobody did.

mod suricata;
mod zeek;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use aegis_core::{BlockDuration, Evidence, Indicator, Severity, ThreatType, Timestamp};

use super::{Rule, Why};

pub use suricata::EveAlert;
pub use zeek::{Notice, ZeekLog};

/// The longest line of Suricata's or Zeek's that is looked at, in bytes. An alert of Suricata's holds
/// what packets and requests held, of which it keeps some hundred kilobytes at most by default.
pub const IDS_LINE_BYTES_MAX: usize = 256 * 1024;

/// The longest text of an alert that is kept, in bytes of UTF-8: with what stands around it it is a
/// description.
const WORDS_BYTES_MAX: usize = 300;

/// Who is at home, and what other detectors' words mean where that is not the default.
#[derive(Clone, Debug, Default)]
pub struct IdsConfig {
    /// Networks that are defended, as Suricata's `HOME_NET`.
    pub home: Vec<Indicator>,
    /// Categories of Suricata's alerts and kinds of Zeek's notices; `None` for what is not acted on.
    pub meanings: BTreeMap<String, Option<ThreatType>>,
}

/// What another detector holds against somebody.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct IdsAlert {
    /// Who did it.
    pub source: IpAddr,
    /// What is counted.
    pub rule: Rule,
    /// What he did.
    pub threat_type: ThreatType,
    /// How bad that is; by its kind for `None`.
    pub severity: Option<Severity>,
    /// Whether the source address is proven.
    pub evidence: Evidence,
    /// How long to block, where the policy shall not say.
    pub block_for: Option<BlockDuration>,
    /// When that was.
    pub at: Timestamp,
    /// The signature or the notice, in its own words: bounded, without control characters.
    pub words: String,
}

/// Whose addresses are defended, and so never blamed.
#[derive(Clone, Debug, Default)]
pub(super) struct Ours {
    home: Vec<Indicator>,
    own: BTreeSet<IpAddr>,
}

impl Ours {
    pub(super) fn new(home: Vec<Indicator>) -> Self {
        let own = BTreeSet::new();
        Self { home, own }
    }

    pub(super) fn set_own(&mut self, own: BTreeSet<IpAddr>) {
        self.own = own;
    }

    fn has(&self, address: IpAddr) -> bool {
        let host = Indicator::host(address);
        self.own.contains(&address) || self.home.iter().any(|it| it.contains(&host))
    }

    /// Returns `source` if it may be blamed for what it did to `victim`.
    fn blame(&self, source: IpAddr, victim: Option<IpAddr>) -> Result<IpAddr, Why> {
        if self.has(source) {
            return Err(Why::Ours);
        }
        match victim {
            Some(victim) if !self.has(victim) => Err(Why::Foreign),
            Some(_) | None => Ok(source),
        }
    }
}

/// Returns what others wrote, without control characters and cut to what is kept.
fn bounded(text: &str) -> String {
    let mut bounded = String::new();
    for character in text.chars() {
        let shown = if character.is_control() {
            '\u{fffd}'
        } else {
            character
        };
        if bounded.len() + shown.len_utf8() > WORDS_BYTES_MAX {
            break;
        }
        bounded.push(shown);
    }
    bounded
}

/// Returns an address as it is counted.
fn address(text: &str) -> Option<IpAddr> {
    let address: IpAddr = text.parse().ok()?;
    Some(address.to_canonical())
}

/// Returns the meaning of a word, by the configuration or by the table of its detector.
fn meaning(
    config: &IdsConfig,
    word: &str,
    by_default: impl FnOnce(&str) -> Option<&'static str>,
) -> Result<ThreatType, Why> {
    let known = match config.meanings.get(word) {
        Some(configured) => configured.clone(),
        None => by_default(word).and_then(|it| it.parse().ok()),
    };
    known.ok_or(Why::Unmapped)
}
