//! The crowd: how many peers a node keeps, and whom it parts from where there are too many.
//!
//! Pure: no socket, no clock, no libp2p. Three marks steer the number of peers. Below the low one
//! the node looks for more; strangers are dialled up to the target; above the high one the node
//! parts from the least useful down to the target, so that it does not part from one for each that
//! comes. Fresh keys and old ones alike cost an attacker nothing but time: no network prefix gets
//! more than its share of the places that are not for peers whom the operator chose.

use std::{cmp::Reverse, collections::BTreeMap, net::IpAddr};

use aegis_core::{Indicator, NodeId, Timestamp};

mod subnets;

pub use subnets::{Subnets, subnet_of};

/// So many peers are enough not to look for more: one and a half meshes.
const ENOUGH: usize = 12;

/// The part of the target that peers of one prefix may have, as its divisor.
const SHARE: usize = 4;

/// The least share of a prefix: two nodes behind one router.
const SHARE_MIN: usize = 2;

/// How many peers a node wants.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Marks {
    low: usize, // low ≤ target ≤ high, and at least 1
    target: usize,
    high: usize,
}

impl Marks {
    /// Returns these marks; `None` unless 1 ≤ `low` ≤ `target` ≤ `high`.
    pub fn new(low: usize, target: usize, high: usize) -> Option<Self> {
        (1 <= low && low <= target && target <= high).then_some(Self { low, target, high })
    }

    /// Returns the marks of a node that may have so many connections: four fifths of them, half of
    /// them, and enough for the mesh.
    pub fn within(connections_max: usize) -> Self {
        let most = connections_max.max(1);
        let target = most.div_ceil(2);
        Self {
            low: ENOUGH.min(target),
            target,
            high: most - most / 5,
        }
    }

    /// Below so many peers more are looked for.
    pub const fn low(&self) -> usize {
        self.low
    }

    /// Strangers are dialled up to so many peers, and so many are left after parting.
    pub const fn target(&self) -> usize {
        self.target
    }

    /// Above so many peers some are parted from.
    pub const fn high(&self) -> usize {
        self.high
    }
}

/// What the daemon thinks of a peer.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Worth {
    /// How much its word weighs, 0…100.
    pub weight_percent: u8,
    /// Its own alerts that counted here.
    pub alerts: u64,
}

/// A connected peer as it is ranked.
#[derive(Clone, Copy, Debug)]
pub struct Seat {
    /// Who.
    pub peer: NodeId,
    /// Whether the operator chose it, or it is needed: it keeps its place.
    pub is_kept: bool,
    /// What the daemon thinks of it.
    pub worth: Worth,
    /// Since when it is connected.
    pub connected_at: Timestamp,
    /// Whether alerts are relayed to it.
    pub is_in_mesh: bool,
    /// Whether this node chose it: an attacker chooses itself.
    pub is_dialled: bool,
    /// Where it is; `None` behind a relay, where nobody can tell.
    pub ip: Option<IpAddr>,
}

/// How useful a peer is. What is counted or lasts is compared by powers of two, so that the little
/// that one has more of it does not outweigh all that follows.
type Use = (u8, u32, u32, bool, bool);

impl Seat {
    fn usefulness(&self, now: Timestamp) -> Use {
        let minutes = now.since(self.connected_at).as_secs() / 60;
        (
            self.worth.weight_percent / 10,
            powers(self.worth.alerts),
            powers(minutes),
            self.is_in_mesh,
            self.is_dialled,
        )
    }
}

/// Returns how many binary digits a number has.
fn powers(number: u64) -> u32 {
    u64::BITS - number.leading_zeros()
}

/// Returns whom to part from, so that the target is left; nobody up to the high mark.
///
/// Who is kept stays even where that leaves more than the target. Of the others the most useful
/// stay, of equals those of prefixes with fewer of them; who is above its prefix's share stays
/// only where nobody else wants the place.
pub fn surplus(now: Timestamp, marks: Marks, seats: &[Seat]) -> Vec<NodeId> {
    if seats.len() <= marks.high {
        return Vec::new();
    }
    let kept = seats.iter().filter(|it| it.is_kept).count();
    let places = marks.target.saturating_sub(kept);
    let share = (marks.target / SHARE).max(SHARE_MIN);
    let (within, above): (Vec<_>, Vec<_>) = ranked(now, seats)
        .into_iter()
        .partition(|(nth, _)| *nth < share);
    let by_rank = within.into_iter().chain(above);
    by_rank.skip(places).map(|(_, peer)| peer).collect()
}

/// Returns those that are not kept, the most useful first, each with how many of its prefix are
/// before it.
fn ranked(now: Timestamp, seats: &[Seat]) -> Vec<(usize, NodeId)> {
    let mut others: Vec<&Seat> = seats.iter().filter(|it| !it.is_kept).collect();
    others.sort_by_key(|it| (Reverse(it.usefulness(now)), it.peer));
    let mut of_prefix: BTreeMap<Indicator, usize> = BTreeMap::new();
    let mut ranked: Vec<(usize, &Seat)> = Vec::new();
    for seat in others {
        let counted = seat.ip.and_then(subnet_of).map(|prefix| {
            let counted = of_prefix.entry(prefix).or_default();
            *counted += 1;
            *counted - 1
        });
        ranked.push((counted.unwrap_or(0), seat));
    }
    ranked.sort_by_key(|(nth, it)| (Reverse(it.usefulness(now)), *nth, it.peer));
    let peers = ranked.into_iter().map(|(nth, it)| (nth, it.peer));
    peers.collect()
}

#[cfg(test)]
mod tests;
