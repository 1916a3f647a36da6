//! What a node that joins by a ticket says to the node that printed it, and what that replies.
//!
//! | first byte of a query | the rest | replied to with |
//! |---|---|---|
//! | 0 admit me | the token of the ticket, 16 bytes | 0 to 3 |
//! | 1 how far | nothing | 4 |
//!
//! | first byte of a reply | the rest |
//! |---|---|
//! | 0 unknown | nothing: no such invitation, or it was taken back |
//! | 1 over | nothing: its time is over |
//! | 2 used up | nothing: it let in as many as it does |
//! | 3 admitted | nothing, or a membership |
//! | 4 how far | how many alerts are alive there (8), the digest of their ids (32) |
//!
//! A reply without a byte says that the node does not answer: it was asked too much, or by somebody
//! whom it has not admitted.

use std::sync::Arc;

use aegis_core::Membership;

use crate::{
    Token,
    organisation::{MEMBERSHIP_BYTES, read_membership},
};

/// The most bytes of a query.
pub const QUERY_BYTES_MAX: usize = 1 + Token::BYTES;

/// The most bytes of a reply.
pub const REPLY_BYTES_MAX: usize = 1 + MEMBERSHIP_BYTES;

/// What is asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum JoinQuery {
    /// To be let in.
    Admit(Token),
    /// How much the node holds.
    HowFar,
}

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unwelcome {
    /// There is no such invitation, or it was taken back.
    Unknown,
    /// Its time is over.
    Over,
    /// It let in as many as it does.
    UsedUp,
}

/// What is replied.
#[derive(Clone, Debug, PartialEq)]
pub enum JoinReply {
    /// Not let in.
    Refused(Unwelcome),
    /// Let in, and a member where the ticket says so.
    Admitted(Option<Arc<Membership>>),
    /// How much the node holds.
    HowFar {
        /// How many alerts are alive.
        alerts: u64,
        /// The digest of their ids.
        digest: [u8; 32],
    },
}

impl JoinQuery {
    /// Returns the query as bytes.
    pub fn to_bytes(self) -> Vec<u8> {
        match self {
            Self::Admit(token) => [&[0], &token.as_bytes()[..]].concat(),
            Self::HowFar => vec![1],
        }
    }

    /// Reads a query; `None` for what is none.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        match bytes.split_first()? {
            (0, token) => Some(Self::Admit(Token::from_bytes(token.try_into().ok()?))),
            (1, []) => Some(Self::HowFar),
            _ => None,
        }
    }
}

impl JoinReply {
    /// Returns the reply as bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Refused(Unwelcome::Unknown) => vec![0],
            Self::Refused(Unwelcome::Over) => vec![1],
            Self::Refused(Unwelcome::UsedUp) => vec![2],
            Self::Admitted(None) => vec![3],
            Self::Admitted(Some(membership)) => [&[3], &membership.wire()[..]].concat(),
            Self::HowFar { alerts, digest } => {
                [&[4], &alerts.to_be_bytes()[..], &digest[..]].concat()
            }
        }
    }

    /// Reads a reply; `None` for what is none. A membership in it is its organisation's.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        match bytes.split_first()? {
            (0, []) => Some(Self::Refused(Unwelcome::Unknown)),
            (1, []) => Some(Self::Refused(Unwelcome::Over)),
            (2, []) => Some(Self::Refused(Unwelcome::UsedUp)),
            (3, []) => Some(Self::Admitted(None)),
            (3, wire) => {
                let membership = read_membership(wire).ok()?;
                Some(Self::Admitted(Some(Arc::new(membership))))
            }
            (4, rest) => {
                let (alerts, digest) = rest.split_first_chunk()?;
                let alerts = u64::from_be_bytes(*alerts);
                let digest = digest.try_into().ok()?;
                Some(Self::HowFar { alerts, digest })
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests;
