//! What other programs blocked, read from what they leave: lists, feeds, CrowdSec's decisions,
//! fail2ban's bans.
//!
//! Reading judges nothing: what is no address, or nothing that can be blocked here, is skipped with its
//! place and the reason; the node's guards decide about the rest.

pub mod crowdsec;
mod csv;
pub mod fail2ban;
pub mod feed;
pub mod list;

use std::num::NonZeroU32;

use aegis_api::{ImportEntry, ThreatType};

/// What was found in a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// What can be blocked.
    pub entries: Vec<ImportEntry>,
    /// What cannot, each with its place and the reason.
    pub skipped: Vec<String>,
}

impl Found {
    /// Returns the entries in order, each indicator once: the one that lasts longest.
    pub fn sorted(mut self) -> Self {
        self.entries
            .sort_by_key(|it| (it.indicator, std::cmp::Reverse(it.duration_secs)));
        self.entries.dedup_by_key(|it| it.indicator);
        self
    }

    fn skip(&mut self, place: impl std::fmt::Display, why: impl std::fmt::Display) {
        self.skipped.push(format!("{place}: {why}"));
    }
}

impl Found {
    /// Says of how many, and why, without their places; of none nothing.
    fn skip_some(&mut self, count: usize, why: &str) {
        if count > 0 {
            self.skipped.push(format!("{count} {why}"));
        }
    }
}

/// Returns how long something is blocked that has so many seconds left; `None` where it is over.
fn left(secs: u64) -> Option<NonZeroU32> {
    let max = aegis_core::IMPORT_TTL_MAX.as_secs();
    u32::try_from(secs.min(max)).ok().and_then(NonZeroU32::new)
}

/// Returns another program's word for what an indicator did as one that can be a threat type: in small
/// letters, with `.` for what else cannot be in one.
fn threat_type(text: &str) -> ThreatType {
    let is_allowed = |it: &char| it.is_ascii_alphanumeric() || matches!(it, '_' | '.' | '-');
    let spelled = text.chars().take(ThreatType::CHARS_MAX);
    let spelled = spelled.map(|it| {
        if is_allowed(&it) {
            it.to_ascii_lowercase()
        } else {
            '.'
        }
    });
    let spelled: String = spelled.collect();
    spelled.parse().unwrap_or_else(|_| ThreatType::listed())
}

#[cfg(test)]
mod tests;
