//! Alerts: signed statements that an indicator did something, and when one may still be heard.

use std::{fmt, str::FromStr, sync::Arc, time::Duration};

use crate::{
    BlockDuration, Evidence, Indicator, NodeId, OrganisationId, Severity, ThreatType, Timestamp,
};

/// The largest alert on the wire, in bytes.
pub const ALERT_BYTES_MAX: usize = 4096;

/// How far an author's clock may be ahead of ours, and how old gossip may be to be news.
pub const SKEW_MAX: Duration = Duration::from_secs(300);

/// How old gossip may be to be ignored without blame; older gossip is replayed on purpose.
pub const LATE_MAX: Duration = Duration::from_secs(3600);

/// The name of an alert: the first 16 bytes of BLAKE3 over its bytes on the wire.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct AlertId([u8; 16]);

/// A text that is not 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("alert id must be 32 lower-case hexadecimal digits")]
pub struct InvalidAlertId;

impl AlertId {
    /// Returns the id of the alert with these bytes, signature included.
    ///
    /// A copy with another signature has another id, so it cannot suppress the true one.
    pub fn of(wire: &[u8]) -> Self {
        let mut id = [0; 16];
        id.copy_from_slice(&blake3::hash(wire).as_bytes()[..16]);
        Self(id)
    }

    /// Returns the id with these bytes, as a store kept them.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl FromStr for AlertId {
    type Err = InvalidAlertId;

    fn from_str(text: &str) -> Result<Self, InvalidAlertId> {
        let is_canonical = |it: u8| matches!(it, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != 32 || !text.bytes().all(is_canonical) {
            return Err(InvalidAlertId);
        }
        let number = u128::from_str_radix(text, 16).map_err(|_| InvalidAlertId)?;
        Ok(Self(number.to_be_bytes()))
    }
}

impl fmt::Display for AlertId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.0))
    }
}

impl fmt::Debug for AlertId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AlertId({self})")
    }
}

/// What an author adds in words: at most 512 bytes, no control characters.
///
/// The text is a stranger's: whoever shows it escapes it first.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Description(Box<str>);

/// A text that cannot be a description.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("description must have at most 512 bytes and no control characters")]
pub struct InvalidDescription;

impl Description {
    /// The longest description in bytes of UTF-8.
    pub const BYTES_MAX: usize = 512;

    /// Returns the text as its author wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Description {
    type Err = InvalidDescription;

    fn from_str(text: &str) -> Result<Self, InvalidDescription> {
        if text.len() > Self::BYTES_MAX || text.chars().any(char::is_control) {
            return Err(InvalidDescription);
        }
        Ok(Self(text.into()))
    }
}

/// What an alert says, before or after somebody signed it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Statement {
    /// What it is about.
    pub indicator: Indicator,
    /// What the indicator did.
    pub threat_type: ThreatType,
    /// How bad that is.
    pub severity: Severity,
    /// When it was stated. The wire carries whole seconds.
    pub stated_at: Timestamp,
    /// How long the author asks for a block, counted from `stated_at`.
    pub block_for: BlockDuration,
    /// Whether the source address is proven.
    pub evidence: Evidence,
    /// What the author adds in words.
    pub description: Option<Description>,
    /// The author's own earlier alert that this one takes back.
    pub withdraws: Option<AlertId>,
}

impl Statement {
    /// Returns when the statement stops being true: its time plus its block duration.
    pub fn expires_at(&self) -> Timestamp {
        self.stated_at + self.block_for.into()
    }
}

/// A statement with the author's valid signature.
///
/// Made where the signature was checked, so an `Alert` is its author's word.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Alert {
    id: AlertId,
    author: NodeId,
    statement: Statement,
    audience: Option<OrganisationId>,
    wire: Arc<[u8]>, // the signed bytes, at most ALERT_BYTES_MAX
}

impl Alert {
    /// Returns the alert of `author` that the bytes `wire` carry.
    ///
    /// The caller has checked that `wire` says `statement` and that `author` signed it.
    pub fn from_verified(author: NodeId, statement: Statement, wire: Arc<[u8]>) -> Self {
        Self {
            id: AlertId::of(&wire),
            author,
            statement,
            audience: None,
            wire,
        }
    }

    /// Returns the alert as one that is for the members of an organisation alone, where it says so.
    ///
    /// The caller has checked that the signed bytes say that, too.
    pub fn addressed_to(self, audience: Option<OrganisationId>) -> Self {
        Self { audience, ..self }
    }

    /// Returns for whose members alone it is; `None` where it is for everybody. Whoever is none of
    /// them must not be handed it.
    pub fn audience(&self) -> Option<OrganisationId> {
        self.audience
    }

    /// Returns the id.
    pub fn id(&self) -> AlertId {
        self.id
    }

    /// Returns who signed it.
    pub fn author(&self) -> NodeId {
        self.author
    }

    /// Returns what it says.
    pub fn statement(&self) -> &Statement {
        &self.statement
    }

    /// Returns the signed bytes, for passing on unchanged.
    pub fn wire(&self) -> &Arc<[u8]> {
        &self.wire
    }
}

/// How an alert reached this node.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Channel {
    /// Relayed as news.
    Gossip,
    /// Handed over as part of what is still true: by sync, from the store or a file.
    Sync,
}

/// Whether an alert's time allows it to be heard.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Freshness {
    /// It counts.
    Fresh,
    /// Too late to count, and nobody's fault.
    Late,
    /// Its time cannot come about honestly.
    Impossible,
}

impl Freshness {
    /// Judges a statement that arrives at `now` by `channel`.
    pub fn of(statement: &Statement, now: Timestamp, channel: Channel) -> Self {
        let (age, ahead) = (
            now.since(statement.stated_at),
            statement.stated_at.since(now),
        );
        if ahead > SKEW_MAX {
            return Self::Impossible;
        }
        match channel {
            Channel::Gossip if age <= SKEW_MAX => Self::Fresh,
            Channel::Gossip if age <= LATE_MAX => Self::Late,
            Channel::Gossip => Self::Impossible,
            Channel::Sync if now < statement.expires_at() => Self::Fresh,
            Channel::Sync => Self::Late,
        }
    }
}

#[cfg(test)]
mod tests;
