//! Walks by ranges over all ids: one goes round once, and several at a time begin apart.
//!
//! Each names what this node holds by then, so whichever of them is slow or gives up, another
//! comes by and fetches what it left. None waits for another, so no peer can hold a node up.

use super::message::Prefix;

/// A walk over all ids, from somewhere on and round.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Walk {
    origin: Prefix,
    first: Option<Prefix>, // of the next range; none when it has been round
    is_round: bool,        // it went beyond the last id and began again at the first
}

impl Walk {
    /// Begins a walk at `origin`.
    pub(super) fn from(origin: Prefix) -> Self {
        Self {
            origin,
            first: Some(origin),
            is_round: false,
        }
    }

    /// Returns where the next range begins and where it ends at the latest.
    pub(super) fn left(self) -> Option<(Prefix, Prefix)> {
        Some((self.first?, self.end()))
    }

    /// The range that [`Self::left`] began is done up to `reached`, which is in it.
    pub(super) fn reach(&mut self, reached: Prefix) {
        if reached < self.end() {
            self.first = reached.next();
        } else if self.is_round || self.origin == Prefix::MIN {
            self.first = None;
        } else {
            self.is_round = true;
            self.first = Some(Prefix::MIN);
        }
    }

    fn end(self) -> Prefix {
        match self.is_round {
            true => Prefix::new(self.origin.value().saturating_sub(1)),
            false => Prefix::MAX,
        }
    }
}

/// Returns where to begin a walk beside others: in the middle of the widest gap between them.
pub(crate) fn origin_beside(mut walks: Vec<Prefix>) -> Prefix {
    walks.sort_unstable();
    let nexts = walks.iter().skip(1).chain(walks.first());
    let gaps = walks.iter().zip(nexts).map(|(walk, next)| {
        // Ids are a circle; who has no other before it has all of it.
        let gap = next.value().wrapping_sub(walk.value());
        (gap.wrapping_sub(1), *walk)
    });
    let widest = gaps.max_by_key(|(gap, _)| *gap);
    widest.map_or(Prefix::MIN, |(gap, walk)| {
        Prefix::new(walk.value().wrapping_add(gap / 2 + 1))
    })
}
