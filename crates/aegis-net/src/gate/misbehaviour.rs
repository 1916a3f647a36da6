//! What a peer can do wrong, and what it costs.

use std::fmt;

use super::Rejected;
use crate::{ask::AskError, wire::WireError};

/// A peer broke the protocol. Costs it standing; never stops us, never retried.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Misbehaviour {
    /// It relays more than any honest node does.
    Flooding,
    /// Its message is longer than any alert may be.
    Oversized,
    /// Its message is not JSON, or a field breaks its rule.
    Malformed,
    /// Its message is spelled otherwise than canonically, as if to make one alert look like two.
    Respelled,
    /// Its message bears somebody's name without that one's signature.
    Forged,
    /// Its message is from the future, or so old that only a replay brings it.
    ImpossibleTime,
    /// What it hands over does not unpack, or to more than allowed.
    BadBatch,
    /// Its gossip broke the rules so often that the gossip layer shuns it.
    BadGossip,
    /// It answers what it was not asked.
    Unasked,
    /// It said or passed on a number that cannot be.
    OutOfRange,
    /// It signed two testimonies about one indicator in the same second that say different things.
    Contradictory,
    /// It served as a chunk of a file what is none.
    WrongBytes,
    /// It showed another's membership as its own, or what its organisation did not sign.
    BadProof,
    /// While it reconciled, it said what cannot be, or gave nothing of what it said it had.
    BadSync,
}

impl Misbehaviour {
    /// Returns what it costs, in points: at 45 a peer is throttled, at 90 cut off.
    ///
    /// An honest node never sends what costs 25, so four of those are enough. A clock may be
    /// wrong for a while. A flooder sends thousands within seconds.
    pub fn price(self) -> f64 {
        match self {
            Self::Flooding => 1.0 / 16.0,
            Self::ImpossibleTime | Self::Contradictory => 10.0,
            Self::Oversized
            | Self::Malformed
            | Self::Respelled
            | Self::Forged
            | Self::BadBatch
            | Self::BadGossip
            | Self::BadSync
            | Self::Unasked
            | Self::OutOfRange
            | Self::WrongBytes
            | Self::BadProof => 25.0,
        }
    }

    /// Returns whether it shows beyond doubt what the culprit did, so that its word is trusted less
    /// as well: it came over the culprit's own connection, or bears the culprit's own signature.
    ///
    /// The gossip layer's score is no proof, because neighbours add to it: it falls for everybody
    /// who calls from an address from which many do.
    pub const fn is_proof(self) -> bool {
        match self {
            Self::BadGossip => false,
            Self::Flooding
            | Self::Oversized
            | Self::Malformed
            | Self::Respelled
            | Self::Forged
            | Self::ImpossibleTime
            | Self::BadBatch
            | Self::Unasked
            | Self::OutOfRange
            | Self::Contradictory
            | Self::WrongBytes
            | Self::BadProof
            | Self::BadSync => true,
        }
    }

    /// Returns the word that logs and reports use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Flooding => "flooding",
            Self::Oversized => "oversized",
            Self::Malformed => "malformed",
            Self::Respelled => "respelled",
            Self::Forged => "forged",
            Self::ImpossibleTime => "impossible_time",
            Self::BadBatch => "bad_batch",
            Self::BadGossip => "bad_gossip",
            Self::Unasked => "unasked",
            Self::OutOfRange => "out_of_range",
            Self::Contradictory => "contradictory",
            Self::WrongBytes => "wrong_bytes",
            Self::BadProof => "bad_proof",
            Self::BadSync => "bad_sync",
        }
    }

    /// Returns what somebody does by sending bytes that are read with this error; `None` where they
    /// only end too early, as they do when a connection breaks.
    pub(crate) fn of_bytes(error: AskError) -> Option<Self> {
        match error {
            AskError::Truncated => None,
            AskError::TooLong { .. } => Some(Self::Oversized),
            AskError::Malformed { .. } => Some(Self::Malformed),
            AskError::OutOfRange { .. } => Some(Self::OutOfRange),
            AskError::Signature => Some(Self::Forged),
        }
    }

    pub(super) fn of(rejected: Rejected) -> Self {
        match rejected {
            Rejected::ImpossibleTime => Self::ImpossibleTime,
            Rejected::Invalid(error) => Self::of_message(error),
        }
    }

    /// Returns what somebody does by bringing a message that is read with this error.
    pub(crate) fn of_message(error: WireError) -> Self {
        match error {
            WireError::TooLong { .. } => Self::Oversized,
            WireError::NotCanonical => Self::Respelled,
            WireError::Signature => Self::Forged,
            WireError::NotJson | WireError::Missing { .. } | WireError::Field { .. } => {
                Self::Malformed
            }
        }
    }
}

impl fmt::Display for Misbehaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
