//! What two nodes say to each other while they reconcile.
//!
//! `A` is an alert: its bytes on the wire, or what they were found to be.

use super::{cell::Salt, digest::SetDigest, sketch::Cell};
use crate::AlertId;

/// The first eight bytes of an id: enough to name it between two nodes.
///
/// Alerts whose ids begin alike must be made for it, by one author for itself: then some of them
/// may not spread by sync. Nobody can make one that begins like another's.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Prefix(u64);

impl Prefix {
    /// The lowest.
    pub const MIN: Self = Self(0);

    /// The highest.
    pub const MAX: Self = Self(u64::MAX);

    /// Returns the prefix with this value, highest byte first.
    pub const fn new(value: u64) -> Self {
        Self(value)
    }

    /// Returns how `id` begins.
    pub fn of(id: &AlertId) -> Self {
        let whole = u128::from_be_bytes(*id.as_bytes());
        Self((whole >> 64) as u64)
    }

    /// Returns the value.
    pub const fn value(self) -> u64 {
        self.0
    }

    /// Returns the one behind it, if it is not the last.
    pub fn next(self) -> Option<Self> {
        self.0.checked_add(1).map(Self)
    }

    pub(super) fn lowest(self) -> AlertId {
        AlertId::from_bytes((u128::from(self.0) << 64).to_be_bytes())
    }

    pub(super) fn highest(self) -> AlertId {
        let whole = u128::from(self.0) << 64 | u128::from(u64::MAX);
        AlertId::from_bytes(whole.to_be_bytes())
    }
}

/// What the node that began wants of the other. Every request stands for itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Request<A> {
    /// So many cells of your set, 1…`CELLS_MAX`, unless its digest is this.
    Cells {
        digest: Option<SetDigest>,
        count: usize,
    },
    /// These alerts; and which of those I offer you want. At most `PREFIXES_MAX` together.
    Exchange {
        wanted: Vec<Prefix>,
        offered: Vec<Prefix>,
    },
    /// What you have from `first` to `last` beside what I hold there, which is in order and at
    /// most `PREFIXES_MAX`; and which of that you want.
    Range {
        first: Prefix,
        last: Prefix,
        held: Vec<Prefix>,
    },
    /// Alerts that you wanted: at most a chunk.
    Give(Vec<A>),
}

/// What the other node says to it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Answer<A> {
    /// To `Cells`: the digests are equal.
    Same,
    /// To `Cells`: the first cells of my set of `size` ids; fewer than asked where I keep fewer.
    Cells {
        salt: Salt,
        size: usize,
        cells: Vec<Cell>,
    },
    /// To `Exchange`: those I have of the first `considered` that you want, at most a chunk; and
    /// for each one that you offered whether I want it.
    Exchange {
        considered: usize,
        alerts: Vec<A>,
        wanted: Vec<bool>,
    },
    /// To `Range`: what I have up to `reached`, at most a chunk; and for each one that you hold,
    /// up to there, whether I want it.
    Range {
        reached: Prefix,
        alerts: Vec<A>,
        wanted: Vec<bool>,
    },
    /// To `Give`.
    Taken,
    /// Not now: you ask too much.
    Busy,
}

impl<A> Request<A> {
    /// Makes every alert something else, or stops at the first that cannot be.
    ///
    /// # Errors
    ///
    /// What `make` says of that one.
    pub fn try_map<B, E>(self, make: impl FnMut(A) -> Result<B, E>) -> Result<Request<B>, E> {
        Ok(match self {
            Self::Cells { digest, count } => Request::Cells { digest, count },
            Self::Exchange { wanted, offered } => Request::Exchange { wanted, offered },
            Self::Range { first, last, held } => Request::Range { first, last, held },
            Self::Give(alerts) => Request::Give(try_map(alerts, make)?),
        })
    }
}

impl<A> Answer<A> {
    /// Makes every alert something else, or stops at the first that cannot be.
    ///
    /// # Errors
    ///
    /// What `make` says of that one.
    pub fn try_map<B, E>(self, make: impl FnMut(A) -> Result<B, E>) -> Result<Answer<B>, E> {
        Ok(match self {
            Self::Same => Answer::Same,
            Self::Cells { salt, size, cells } => Answer::Cells { salt, size, cells },
            Self::Exchange {
                considered,
                alerts,
                wanted,
            } => Answer::Exchange {
                considered,
                alerts: try_map(alerts, make)?,
                wanted,
            },
            Self::Range {
                reached,
                alerts,
                wanted,
            } => Answer::Range {
                reached,
                alerts: try_map(alerts, make)?,
                wanted,
            },
            Self::Taken => Answer::Taken,
            Self::Busy => Answer::Busy,
        })
    }
}

fn try_map<A, B, E>(alerts: Vec<A>, make: impl FnMut(A) -> Result<B, E>) -> Result<Vec<B>, E> {
    alerts.into_iter().map(make).collect()
}
