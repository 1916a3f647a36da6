//! Announcements: an author's signed word that a file is there, for whom, and until when.

use std::{fmt, str::FromStr, sync::Arc, time::Duration};

use super::{Audience, FileId, FileSize, Members};
use crate::{Description, NodeId, Timestamp};

/// How long an announcement may hold.
pub const VALIDITY_MAX: Duration = Duration::from_secs(366 * 86_400);

/// How much a file matters, which decides how far and how fast others hear of it.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum FileSeverity {
    /// Whoever meets the author hears of it.
    Minor,
    /// The author tells its peers, and each of them some others.
    Major,
    /// Everybody tells everybody at once.
    Critical,
}

/// What a file is called: 1 to 128 bytes, no control character, no slash, neither `.` nor `..`.
///
/// A stranger's text: whoever shows it escapes it first. It is never used as a path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FileName(Box<str>);

/// A text that cannot name a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("file name must have 1 to 128 bytes, no control character and no slash")]
pub struct InvalidFileName;

/// A text that is none of the three severities of a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("severity of a file must be minor, major or critical")]
pub struct InvalidSeverity;

/// From when to when an announcement holds: whole seconds, at most [`VALIDITY_MAX`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Validity {
    issued_at: Timestamp,
    expires_at: Timestamp,
}

/// A time that an announcement cannot hold for.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("a file is announced for 1 second to 366 days")]
pub struct InvalidValidity;

/// What an announcement says, before or after it is signed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Offer {
    /// Who says so.
    pub author: NodeId,
    /// Which file.
    pub file: FileId,
    /// How many bytes it has.
    pub size: FileSize,
    /// How much it matters.
    pub severity: FileSeverity,
    /// For whom it is.
    pub audience: Audience,
    /// How long this holds.
    pub validity: Validity,
    /// Whether the author takes back what it said of the file until now.
    pub is_withdrawn: bool,
    /// What it is called.
    pub name: FileName,
    /// What its author says of it.
    pub description: Option<Description>,
}

/// An offer with its author's valid signature.
///
/// Made where the signature was checked, so an `Announcement` is its author's word.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Announcement {
    offer: Offer,
    wire: Arc<[u8]>, // the signed bytes
}

impl Announcement {
    /// Returns the announcement that the bytes `wire` carry.
    ///
    /// The caller has checked that `wire` says `offer` and that `offer.author` signed it.
    pub fn from_verified(offer: Offer, wire: Arc<[u8]>) -> Self {
        Self { offer, wire }
    }

    /// Returns what it says.
    pub const fn offer(&self) -> &Offer {
        &self.offer
    }

    /// Returns the signed bytes, for passing on unchanged.
    pub const fn wire(&self) -> &Arc<[u8]> {
        &self.wire
    }

    /// Returns whether it offers the file at `now`: it has not ended and takes nothing back.
    pub fn is_live(&self, now: Timestamp) -> bool {
        !self.offer.is_withdrawn && now < self.offer.validity.expires_at
    }

    /// Returns whether it, and the file with it, is for `node` at `now`: for its author always.
    pub fn admits(&self, now: Timestamp, node: &NodeId, members: &impl Members) -> bool {
        let offer = &self.offer;
        offer.author == *node || offer.audience.admits(now, node, members)
    }

    /// Returns whether its author may say this at `now`: to organisations only what belongs to them
    /// speaks.
    pub fn is_authors_to_say(&self, now: Timestamp, members: &impl Members) -> bool {
        let Offer {
            author, audience, ..
        } = &self.offer;
        audience.admits(now, author, members)
    }

    /// Returns whether this is what counts of its author's two words about one file: the later, of
    /// two of the same second the one that takes back, and of two alike the greater in bytes, so
    /// that all nodes choose the same.
    pub fn replaces(&self, other: &Self) -> bool {
        let rank = |it: &Self| (it.offer.validity.issued_at, it.offer.is_withdrawn);
        (rank(self), &self.wire) > (rank(other), &other.wire)
    }
}

impl Validity {
    /// Returns what begins at the second of `issued_at` and ends at the second of `expires_at`.
    pub fn new(issued_at: Timestamp, expires_at: Timestamp) -> Result<Self, InvalidValidity> {
        let (issued_at, expires_at) = (issued_at.floor_to_secs(), expires_at.floor_to_secs());
        let lasts = expires_at.since(issued_at);
        let fits = !lasts.is_zero() && lasts <= VALIDITY_MAX;
        fits.then_some(Self {
            issued_at,
            expires_at,
        })
        .ok_or(InvalidValidity)
    }

    /// Returns when it was said.
    pub const fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// Returns when it ends.
    pub const fn expires_at(&self) -> Timestamp {
        self.expires_at
    }
}

impl FileName {
    /// The longest name in bytes of UTF-8.
    pub const BYTES_MAX: usize = 128;

    /// Returns the text as its author wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for FileName {
    type Err = InvalidFileName;

    fn from_str(text: &str) -> Result<Self, InvalidFileName> {
        let is_bad = |it: char| it.is_control() || it == '/';
        let fits = (1..=Self::BYTES_MAX).contains(&text.len());
        if !fits || text.chars().any(is_bad) || matches!(text, "." | "..") {
            return Err(InvalidFileName);
        }
        Ok(Self(text.into()))
    }
}

impl FileSeverity {
    /// Every severity, the least first.
    pub const ALL: [Self; 3] = [Self::Minor, Self::Major, Self::Critical];

    /// Returns the word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Minor => "minor",
            Self::Major => "major",
            Self::Critical => "critical",
        }
    }
}

impl FromStr for FileSeverity {
    type Err = InvalidSeverity;

    fn from_str(text: &str) -> Result<Self, InvalidSeverity> {
        let found = Self::ALL.into_iter().find(|it| it.as_str() == text);
        found.ok_or(InvalidSeverity)
    }
}

impl fmt::Display for FileSeverity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests;
