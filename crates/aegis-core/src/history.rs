//! History: what was seen and done, for people who ask later.
//!
//! Unlike a record of what stands, an entry is never taken back; the store keeps entries for as
//! long as the operator wants, within bounds. Unlike the audit log it also tells what was seen,
//! and can be searched.

use std::{fmt, str::FromStr};

use crate::{Actor, Indicator, Severity, ThreatType, Timestamp};

/// What happened.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum HistoryKind {
    /// A detector of this host saw an attack.
    Detected,
    /// A peer whose word counts said so in an alert.
    Alert,
    /// A peer whose word counts said so when it was asked.
    Answer,
    /// A decision was made or prolonged.
    Blocked,
    /// Nothing blocks the indicator any more.
    Ended,
    /// The operator ended a block.
    Unblocked,
    /// The operator put it on the allowlist.
    Allowed,
    /// It left the allowlist.
    Disallowed,
    /// This node shared an alert.
    Published,
    /// This node took an alert of its own back, or a source on this host what it reported.
    Withdrawn,
    /// The operator said how far a peer is trusted.
    Trusted,
    /// The operator had a peer's trust forgotten.
    Forgotten,
    /// The node started.
    Started,
    /// The node stopped.
    Stopped,
}

impl HistoryKind {
    /// Every kind.
    pub const ALL: [Self; 14] = [
        Self::Detected,
        Self::Alert,
        Self::Answer,
        Self::Blocked,
        Self::Ended,
        Self::Unblocked,
        Self::Allowed,
        Self::Disallowed,
        Self::Published,
        Self::Withdrawn,
        Self::Trusted,
        Self::Forgotten,
        Self::Started,
        Self::Stopped,
    ];

    /// Returns the word that reports and the store use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Detected => "detected",
            Self::Alert => "alert",
            Self::Answer => "answer",
            Self::Blocked => "blocked",
            Self::Ended => "ended",
            Self::Unblocked => "unblocked",
            Self::Allowed => "allowed",
            Self::Disallowed => "disallowed",
            Self::Published => "published",
            Self::Withdrawn => "withdrawn",
            Self::Trusted => "trusted",
            Self::Forgotten => "forgotten",
            Self::Started => "started",
            Self::Stopped => "stopped",
        }
    }
}

impl fmt::Display for HistoryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that names no kind of history entry.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a kind of history entry")]
pub struct InvalidHistoryKind;

impl FromStr for HistoryKind {
    type Err = InvalidHistoryKind;

    fn from_str(text: &str) -> Result<Self, InvalidHistoryKind> {
        let found = Self::ALL.into_iter().find(|it| it.as_str() == text);
        found.ok_or(InvalidHistoryKind)
    }
}

/// One thing that happened.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HistoryEntry {
    /// When.
    pub at: Timestamp,
    /// What.
    pub kind: HistoryKind,
    /// Who saw or did it.
    pub actor: Actor,
    /// To or about what; `None` where it concerns a peer or the node as a whole.
    pub indicator: Option<Indicator>,
    /// What the indicator did.
    pub threat_type: Option<ThreatType>,
    /// How bad that was.
    pub severity: Option<Severity>,
    /// Until when it holds.
    pub until: Option<Timestamp>,
    /// What else is worth knowing: a rate, a reason, the id of an alert. May quote the operator.
    pub detail: String,
}

impl HistoryEntry {
    /// Returns an entry that says no more than this.
    pub fn new(at: Timestamp, kind: HistoryKind, actor: Actor) -> Self {
        Self {
            at,
            kind,
            actor,
            indicator: None,
            threat_type: None,
            severity: None,
            until: None,
            detail: String::new(),
        }
    }
}

/// The place of an entry in the history: by time, then in the order of writing.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct HistoryId {
    /// When it happened.
    pub at: Timestamp,
    /// Its number.
    pub seq: u64,
}

impl fmt::Display for HistoryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.at.as_millis(), self.seq)
    }
}

/// A text that is not the place of an entry.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not the id of a history entry: two numbers with a hyphen between")]
pub struct InvalidHistoryId;

impl FromStr for HistoryId {
    type Err = InvalidHistoryId;

    fn from_str(text: &str) -> Result<Self, InvalidHistoryId> {
        let number = |text: &str| {
            let is_number = !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
            is_number.then(|| text.parse::<u64>().ok()).flatten()
        };
        let (at, seq) = text.split_once('-').ok_or(InvalidHistoryId)?;
        Ok(Self {
            at: Timestamp::from_millis(number(at).ok_or(InvalidHistoryId)?),
            seq: number(seq).ok_or(InvalidHistoryId)?,
        })
    }
}

#[cfg(test)]
mod tests;
