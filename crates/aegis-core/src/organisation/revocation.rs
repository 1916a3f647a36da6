//! Revocations: which memberships an organisation takes back before their time.

use crate::{NodeId, OrganisationId, Timestamp, organisation::SERIAL_MAX};

/// Members on one list at most: with the signature it fits into 50 KiB.
pub const REVOCATIONS_MAX: usize = 1024;

/// All memberships of one member up to a serial are taken back.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Revocation {
    /// Whose memberships.
    pub member: NodeId,
    /// The greatest serial that is taken back; a later membership holds again.
    pub serial: u64,
    /// When the last of them is over by itself, so that this can be forgotten.
    pub until: Timestamp,
}

/// What an organisation has revoked: a list that replaces every earlier one of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Revocations {
    organisation: OrganisationId,
    serial: u64,
    issued_at: Timestamp,
    entries: Vec<Revocation>, // by member, each once, at most REVOCATIONS_MAX
}

/// Why something cannot be a list of revocations.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidRevocations {
    /// A time is no whole second, or too far ahead to be written.
    #[error("times of a list of revocations must be whole seconds")]
    Time,
    /// A serial is 0 or cannot be written.
    #[error("serials of a list of revocations must be 1 to 2^53 - 1")]
    Serial,
    /// Members are out of order, or one is there twice.
    #[error("members on a list of revocations must be in order, each once")]
    Order,
    /// It is longer than any may be.
    #[error("a list of revocations names {REVOCATIONS_MAX} members at most")]
    Length,
}

impl Revocations {
    /// Returns the list, or why there is no such one; `entries` are in order of the members' keys.
    pub fn new(
        organisation: OrganisationId,
        (serial, issued_at): (u64, Timestamp),
        entries: Vec<Revocation>,
    ) -> Result<Self, InvalidRevocations> {
        if entries.len() > REVOCATIONS_MAX {
            return Err(InvalidRevocations::Length);
        }
        let mut times = entries.iter().map(|it| it.until).chain([issued_at]);
        if times.any(|it| it != it.floor_to_secs() || it.as_secs() > SERIAL_MAX) {
            return Err(InvalidRevocations::Time);
        }
        let mut serials = entries.iter().map(|it| it.serial).chain([serial]);
        if serials.any(|it| !(1..=SERIAL_MAX).contains(&it)) {
            return Err(InvalidRevocations::Serial);
        }
        if !entries.is_sorted_by(|a, b| a.member < b.member) {
            return Err(InvalidRevocations::Order);
        }
        Ok(Self {
            organisation,
            serial,
            issued_at,
            entries,
        })
    }

    /// Returns whose list it is.
    pub const fn organisation(&self) -> OrganisationId {
        self.organisation
    }

    /// Returns its number: the list with the greatest counts, and no other.
    pub const fn serial(&self) -> u64 {
        self.serial
    }

    /// Returns when it was made.
    pub const fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// Returns what is revoked, in order of the members' keys.
    pub fn entries(&self) -> &[Revocation] {
        &self.entries
    }

    /// Returns whether the membership of `member` with this serial is taken back.
    pub fn revokes(&self, member: &NodeId, serial: u64) -> bool {
        let found = self.entries.binary_search_by(|it| it.member.cmp(member));
        found.is_ok_and(|index| serial <= self.entries[index].serial)
    }

    /// Returns the entries of a list that follows this one at `now` and also takes back `added`.
    ///
    /// What is over by itself is left out. `None` where there is no room.
    pub fn followed_by(&self, now: Timestamp, added: Revocation) -> Option<Vec<Revocation>> {
        follow(&self.entries, now, added)
    }
}

/// Returns `entries` with `added`, without those that are over at `now`; `None` where that is too
/// many.
pub(super) fn follow(
    entries: &[Revocation],
    now: Timestamp,
    added: Revocation,
) -> Option<Vec<Revocation>> {
    let is_kept = |it: &&Revocation| now < it.until && it.member != added.member;
    let mut kept: Vec<Revocation> = entries.iter().filter(is_kept).copied().collect();
    let earlier = entries.iter().find(|it| it.member == added.member);
    kept.push(Revocation {
        serial: earlier.map_or(added.serial, |it| it.serial.max(added.serial)),
        until: earlier.map_or(added.until, |it| it.until.max(added.until)),
        ..added
    });
    kept.sort_by_key(|it| it.member);
    (kept.len() <= REVOCATIONS_MAX).then_some(kept)
}
