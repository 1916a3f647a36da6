//! For whom a file is, and who belongs to them.

use std::{collections::BTreeSet, fmt, str::FromStr};

use crate::{InvalidNodeId, NodeId, Timestamp};

/// The most organisations that a file may be for.
pub const ORGANISATIONS_MAX: usize = 8;

/// Who an organisation is: its Ed25519 public key. Its text is the libp2p peer ID of that key.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct OrganisationId(NodeId);

/// A text that is not the id of an organisation.
pub type InvalidOrganisationId = InvalidNodeId;

/// For whom a file is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Audience {
    /// For everybody.
    Everybody,
    /// For the members of any of these: 1 to [`ORGANISATIONS_MAX`]. Made by [`Audience::of`].
    Organisations(BTreeSet<OrganisationId>),
}

/// Whoever knows who belongs to which organisation.
pub trait Membership {
    /// Returns whether `node` is a member of `organisation` at `now`, proven and not revoked.
    fn is_member(&self, now: Timestamp, node: &NodeId, organisation: &OrganisationId) -> bool;
}

/// Knows no organisation, so that nobody belongs to one.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoOrganisations;

impl Membership for NoOrganisations {
    fn is_member(&self, _: Timestamp, _: &NodeId, _: &OrganisationId) -> bool {
        false
    }
}

impl Audience {
    /// Returns the members of these; `None` for none, which is not everybody, and for too many.
    pub fn of(organisations: BTreeSet<OrganisationId>) -> Option<Self> {
        let fits = (1..=ORGANISATIONS_MAX).contains(&organisations.len());
        fits.then_some(Self::Organisations(organisations))
    }

    /// Returns the organisations; none where it is for everybody.
    pub fn organisations(&self) -> impl Iterator<Item = &OrganisationId> {
        let organisations = match self {
            Self::Everybody => None,
            Self::Organisations(them) => Some(them),
        };
        organisations.into_iter().flatten()
    }

    /// Returns whether `node` belongs to it at `now`.
    pub fn admits(&self, now: Timestamp, node: &NodeId, membership: &impl Membership) -> bool {
        match self {
            Self::Everybody => true,
            Self::Organisations(them) => them.iter().any(|it| membership.is_member(now, node, it)),
        }
    }
}

impl OrganisationId {
    /// Returns the organisation whose public key this is.
    pub const fn from_public_key(key: [u8; 32]) -> Self {
        Self(NodeId::from_public_key(key))
    }

    /// Returns the Ed25519 public key.
    pub const fn public_key(&self) -> &[u8; 32] {
        self.0.public_key()
    }
}

impl FromStr for OrganisationId {
    type Err = InvalidOrganisationId;

    fn from_str(text: &str) -> Result<Self, InvalidOrganisationId> {
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
