//! For whom a file is, and who belongs to them.

use std::collections::BTreeSet;

use crate::{NodeId, OrganisationId, Organisations, Timestamp};

/// The most organisations that a file may be for.
pub const ORGANISATIONS_MAX: usize = 8;

/// For whom a file is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Audience {
    /// For everybody.
    Everybody,
    /// For the members of any of these: 1 to [`ORGANISATIONS_MAX`]. Made by [`Audience::of`].
    Organisations(BTreeSet<OrganisationId>),
}

/// Whoever knows who belongs to which organisation.
pub trait Members {
    /// Returns whether `node` is a member of `organisation` at `now`, proven and not revoked.
    fn is_member(&self, now: Timestamp, node: &NodeId, organisation: &OrganisationId) -> bool;
}

impl Members for Organisations {
    fn is_member(&self, now: Timestamp, node: &NodeId, organisation: &OrganisationId) -> bool {
        self.membership(now, node, organisation).is_some()
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
    pub fn admits(&self, now: Timestamp, node: &NodeId, members: &impl Members) -> bool {
        match self {
            Self::Everybody => true,
            Self::Organisations(them) => them.iter().any(|it| members.is_member(now, node, it)),
        }
    }
}
