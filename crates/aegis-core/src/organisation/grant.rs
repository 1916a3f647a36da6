//! Grants: what a membership says of whom, from when and until when.

use std::time::Duration;

use crate::{NodeId, OrganisationId, Timestamp};

/// The longest a membership may be valid: ten years.
pub const VALIDITY_MAX: Duration = Duration::from_secs(3_653 * 86_400);

/// The greatest serial, and the greatest number of seconds: what every JSON reader can hold.
pub const SERIAL_MAX: u64 = (1 << 53) - 1;

/// What a member may do.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum MemberRole {
    /// It is one of the organisation's.
    Member,
    /// It also speaks for it: it may publish much, and fast.
    Publisher,
}

impl MemberRole {
    /// Returns the word that commands, reports and the store use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Publisher => "publisher",
        }
    }
}

/// What an organisation says of one node: that it is a member, from when until when.
///
/// Times are whole seconds; the end lies behind the start, by `VALIDITY_MAX` at most.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Grant {
    organisation: OrganisationId,
    member: NodeId,
    role: MemberRole,
    not_before: Timestamp,
    not_after: Timestamp,
    serial: u64,
}

/// Why something cannot be a grant.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidGrant {
    /// The times are no whole seconds, or too far ahead to be written.
    #[error("times of a membership must be whole seconds")]
    Time,
    /// It ends before it begins, or lasts longer than anything may.
    #[error("a membership must last 1 second to {} days", VALIDITY_MAX.as_secs() / 86_400)]
    Validity,
    /// Its serial is 0 or cannot be written.
    #[error("serial of a membership must be 1 to 2^53 - 1")]
    Serial,
    /// The organisation's key cannot be a member of itself.
    #[error("an organisation cannot be its own member")]
    OwnMember,
}

impl Grant {
    /// Returns the grant, or why there is no such one.
    pub fn new(
        (organisation, member): (OrganisationId, NodeId),
        role: MemberRole,
        (not_before, not_after): (Timestamp, Timestamp),
        serial: u64,
    ) -> Result<Self, InvalidGrant> {
        let is_whole = |it: Timestamp| it == it.floor_to_secs() && it.as_secs() <= SERIAL_MAX;
        if !is_whole(not_before) || !is_whole(not_after) {
            return Err(InvalidGrant::Time);
        }
        if not_after <= not_before || not_after.since(not_before) > VALIDITY_MAX {
            return Err(InvalidGrant::Validity);
        }
        if !(1..=SERIAL_MAX).contains(&serial) {
            return Err(InvalidGrant::Serial);
        }
        if organisation.public_key() == member.public_key() {
            return Err(InvalidGrant::OwnMember);
        }
        Ok(Self {
            organisation,
            member,
            role,
            not_before,
            not_after,
            serial,
        })
    }

    /// Returns whose word it is.
    pub const fn organisation(&self) -> OrganisationId {
        self.organisation
    }

    /// Returns of whom.
    pub const fn member(&self) -> NodeId {
        self.member
    }

    /// Returns what the member may do.
    pub const fn role(&self) -> MemberRole {
        self.role
    }

    /// Returns the first moment at which it holds.
    pub const fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// Returns the first moment at which it does not hold any more.
    pub const fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// Returns its number: of two of one member the one with the greater number counts.
    pub const fn serial(&self) -> u64 {
        self.serial
    }

    /// Returns whether it holds at `now`, as far as time goes.
    pub fn is_valid_at(&self, now: Timestamp) -> bool {
        self.not_before <= now && now < self.not_after
    }
}
