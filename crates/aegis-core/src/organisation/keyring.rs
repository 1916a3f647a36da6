//! Rings of keys: what members of an organisation read and write with, as far as the core looks.

use std::sync::Arc;

use crate::{OrganisationId, Timestamp};

/// The keys of one epoch, wrapped for each member, with their organisation's valid signature.
///
/// What is inside is for members; the core knows whose it is and which one is the newest.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeyRing {
    organisation: OrganisationId,
    serial: u64,
    epoch: u32,
    issued_at: Timestamp,
    wire: Arc<[u8]>, // the signed bytes
}

impl KeyRing {
    /// Returns the ring of `organisation` that the bytes `wire` carry.
    ///
    /// The caller has checked that `wire` says so and that the organisation signed it.
    pub fn from_verified(
        organisation: OrganisationId,
        (epoch, serial, issued_at): (u32, u64, Timestamp),
        wire: Arc<[u8]>,
    ) -> Self {
        Self {
            organisation,
            serial,
            epoch,
            issued_at,
            wire,
        }
    }

    /// Returns whose ring it is.
    pub const fn organisation(&self) -> OrganisationId {
        self.organisation
    }

    /// Returns its number: the ring with the greatest counts, and no other.
    pub const fn serial(&self) -> u64 {
        self.serial
    }

    /// Returns the number of its keys: who is expelled does not have those of the next.
    pub const fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Returns when it was made.
    pub const fn issued_at(&self) -> Timestamp {
        self.issued_at
    }

    /// Returns the signed bytes, for passing on unchanged.
    pub const fn wire(&self) -> &Arc<[u8]> {
        &self.wire
    }
}
