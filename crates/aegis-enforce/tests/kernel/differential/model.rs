//! The plain model: which sources are to be dropped, said in ranges of addresses and nothing else.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    time::Duration,
};

use aegis_core::{Change, Indicator, Timestamp};

/// The kernel program counts time in units of some two seconds: so long it may be late.
pub(super) const LATE_MAX: Duration = Duration::from_secs(4);

/// An address as a number, and whether it is IPv6.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Source {
    pub(super) is_v6: bool,
    pub(super) bits: u128,
}

impl Source {
    pub(super) fn address(self) -> IpAddr {
        if self.is_v6 {
            return IpAddr::V6(self.bits.into());
        }
        IpAddr::V4((self.bits as u32).into())
    }

    /// Returns whether this is an IPv4 address in IPv6 clothes, which is nobody's source.
    fn is_mapped(self) -> bool {
        self.is_v6 && self.bits >> 32 == 0xffff
    }
}

/// What was asked for.
#[derive(Debug, Default)]
pub(super) struct Model {
    pub(super) blocks: BTreeMap<Indicator, Timestamp>,
    pub(super) exemptions: BTreeSet<Indicator>,
}

impl Model {
    pub(super) fn apply(&mut self, now: Timestamp, change: Change) {
        match change {
            Change::Block {
                indicator,
                expires_at,
            } if expires_at > now => {
                self.blocks.insert(indicator, expires_at);
            }
            Change::Block { indicator, .. } | Change::Unblock(indicator) => {
                self.blocks.remove(&indicator);
            }
            Change::Exempt { indicator, .. } => {
                self.exemptions.insert(indicator);
            }
            Change::Unexempt(indicator) => {
                self.exemptions.remove(&indicator);
            }
        }
    }

    /// Returns the blocks that live through all of a span of time.
    pub(super) fn surely_live(&self, until: Timestamp) -> BTreeSet<Indicator> {
        let live = self.blocks.iter().filter(|it| *it.1 > until);
        live.map(|it| *it.0).collect()
    }

    /// Returns the blocks that may live at some moment of a span of time.
    pub(super) fn possibly_live(&self, from: Timestamp) -> BTreeSet<Indicator> {
        let live = self.blocks.iter().filter(|it| *it.1 + LATE_MAX > from);
        live.map(|it| *it.0).collect()
    }

    /// Returns what is to become of packets from `from` to `until`.
    pub(super) fn view(&self, from: Timestamp, until: Timestamp) -> View {
        View {
            surely: both(&self.surely_live(until)),
            possibly: both(&self.possibly_live(from)),
            exempt: both(&self.exemptions),
        }
    }
}

/// What is to become of packets in a span of time in which nothing is changed.
#[derive(Debug)]
pub(super) struct View {
    surely: [Ranges; 2],
    possibly: [Ranges; 2],
    exempt: [Ranges; 2],
}

impl View {
    /// Returns whether packets from `source` are to be dropped; `None` where a block that is just
    /// ending decides.
    pub(super) fn is_dropped(&self, source: Source) -> Option<bool> {
        let has = |of: &[Ranges; 2]| of[usize::from(source.is_v6)].contains(source.bits);
        if source.is_mapped() || has(&self.exempt) || !has(&self.possibly) {
            return Some(false);
        }
        has(&self.surely).then_some(true)
    }
}

/// Disjoint ranges of addresses in order, first and last each.
#[derive(Debug)]
struct Ranges(Vec<(u128, u128)>);

impl Ranges {
    fn new(mut ranges: Vec<(u128, u128)>) -> Self {
        ranges.sort_unstable();
        let mut merged: Vec<(u128, u128)> = Vec::new();
        for (first, last) in ranges {
            match merged.last_mut() {
                Some(before) if first <= before.1 => before.1 = before.1.max(last),
                Some(_) | None => merged.push((first, last)),
            }
        }
        Self(merged)
    }

    fn contains(&self, address: u128) -> bool {
        let behind = self.0.partition_point(|it| it.0 <= address);
        behind > 0 && address <= self.0[behind - 1].1
    }
}

fn both(indicators: &BTreeSet<Indicator>) -> [Ranges; 2] {
    [true, false].map(|is_ipv4| {
        let family = indicators.iter().filter(|it| it.is_ipv4() == is_ipv4);
        Ranges::new(family.map(range).collect())
    })
}

/// Returns the first and the last address.
pub(super) fn range(indicator: &Indicator) -> (u128, u128) {
    let (first, bits) = match indicator.address() {
        IpAddr::V4(it) => (u128::from(it.to_bits()), 32),
        IpAddr::V6(it) => (it.to_bits(), 128),
    };
    let host_bits = bits - u32::from(indicator.prefix_len());
    (first, first | low_bits(host_bits))
}

/// Returns a number whose last `count` bits are ones.
pub(super) fn low_bits(count: u32) -> u128 {
    1_u128
        .checked_shl(count)
        .map_or(u128::MAX, |it| it.wrapping_sub(1))
}

#[test]
fn ranges_that_meet_are_one() {
    let ranges = Ranges::new(vec![(5, 9), (1, 3), (7, 20), (7, 8), (30, 30)]);
    assert_eq!(ranges.0, [(1, 3), (5, 20), (30, 30)]);
    let inside = [1, 3, 5, 20, 30].map(|it| ranges.contains(it));
    assert_eq!(inside, [true; 5]);
    let outside = [0, 4, 21, 29, 31].map(|it| ranges.contains(it));
    assert_eq!(outside, [false; 5]);
}
