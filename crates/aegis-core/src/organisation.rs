//! Organisations: keys that vouch for nodes, what they say of whom, and what they take back.
//!
//! Types that cannot be wrong, made where signatures are checked, and the bounded register of what a
//! node knows of them. `docs/organisations.md` has the bytes.

mod grant;
mod keyring;
mod name;
mod register;
mod revocation;

use std::{fmt, str::FromStr, sync::Arc};

use crate::{InvalidNodeId, NodeId};

pub use grant::{Grant, InvalidGrant, MemberRole, SERIAL_MAX, VALIDITY_MAX};
pub use keyring::KeyRing;
pub use name::{InvalidOrganisationName, OrganisationName};
pub use register::{
    Affiliation, FoundedOrganisation, ISSUED_MAX, ORGANISATIONS_MAX, OWN_MEMBERSHIPS_MAX,
    OrganisationRecord, Organisations, PROVEN_MAX, TrustedOrganisation,
};
pub use revocation::{InvalidRevocations, REVOCATIONS_MAX, Revocation, Revocations};

/// Who an organisation is: its Ed25519 public key.
///
/// Its text is the libp2p peer ID of that key, as users of Iris write it.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct OrganisationId(NodeId);

impl OrganisationId {
    /// Returns the organisation whose public key this is.
    pub const fn from_public_key(key: [u8; 32]) -> Self {
        Self(NodeId::from_public_key(key))
    }

    /// Returns the Ed25519 public key.
    pub const fn public_key(&self) -> &[u8; 32] {
        self.0.public_key()
    }

    /// Returns the key under which its members are found in a DHT: whoever knows the organisation can
    /// compute it, and nobody can compute the organisation from it.
    pub fn dht_key(&self) -> [u8; 32] {
        blake3::derive_key("aegis 1 organisation in the DHT", self.public_key())
    }

    /// Returns the peer ID as bytes (a multihash), which is what Iris hashes for its DHT.
    pub fn to_peer_id_bytes(self) -> [u8; 38] {
        self.0.to_peer_id_bytes()
    }
}

impl FromStr for OrganisationId {
    type Err = InvalidNodeId;

    fn from_str(text: &str) -> Result<Self, InvalidNodeId> {
        text.parse().map(Self)
    }
}

impl fmt::Display for OrganisationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for OrganisationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OrganisationId({self})")
    }
}

/// A grant with its organisation's valid signature.
///
/// Made where the signature was checked, so a `Membership` is its organisation's word. Whether it
/// holds now is a question of time and of what was revoked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Membership {
    grant: Grant,
    wire: Arc<[u8]>, // the signed bytes
}

impl Membership {
    /// Returns the membership that the bytes `wire` carry.
    ///
    /// The caller has checked that `wire` says `grant` and that `grant.organisation` signed it.
    pub fn from_verified(grant: Grant, wire: Arc<[u8]>) -> Self {
        Self { grant, wire }
    }

    /// Returns what it says.
    pub const fn grant(&self) -> &Grant {
        &self.grant
    }

    /// Returns the signed bytes, for passing on unchanged.
    pub const fn wire(&self) -> &Arc<[u8]> {
        &self.wire
    }
}

/// A list of revocations with its organisation's valid signature; the newest counts alone.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RevocationList {
    revocations: Revocations,
    wire: Arc<[u8]>, // the signed bytes
}

impl RevocationList {
    /// Returns the list that the bytes `wire` carry.
    ///
    /// The caller has checked that `wire` says `revocations` and that their organisation signed it.
    pub fn from_verified(revocations: Revocations, wire: Arc<[u8]>) -> Self {
        Self { revocations, wire }
    }

    /// Returns what it says.
    pub const fn revocations(&self) -> &Revocations {
        &self.revocations
    }

    /// Returns the signed bytes, for passing on unchanged.
    pub const fn wire(&self) -> &Arc<[u8]> {
        &self.wire
    }
}

#[cfg(test)]
mod tests;
