//! How large a generation is, and what fits into it.

use std::ops::{Add, Sub};

use aegis_abi::{
    Config, maps,
    table::{Bucket as _, Bucket32, Bucket64},
};

use super::buckets::TableSize;
use crate::{Capacity, EnforceError};

/// Of a hundred slots so many are filled when a table is made: beyond, more and more entries find
/// no room in their buckets. They lie in neighbours, which takes a second look, or in the stash,
/// which costs seven times the memory.
const LOAD_V4: usize = 72;
const LOAD_V6: usize = 70;
/// Tables grow when they hold so many hundredths of what they were made for.
const FULL_PERCENT: usize = 115;
/// The fewest entries that a table is made for: 50 KiB, which an ordinary day never outgrows.
const ENTRIES_MIN: usize = 4096;
/// The fewest entries that the stash is made for.
const STASH_MIN: usize = 1024;

/// A number of entries of each kind.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(in crate::kernel) struct Demand {
    pub(in crate::kernel) hosts_v4: usize,
    pub(in crate::kernel) nets_v6: usize,
    pub(in crate::kernel) prefixes_v4: usize,
    pub(in crate::kernel) prefixes_v6: usize,
    pub(in crate::kernel) longer: usize,
}

impl Add for Demand {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            hosts_v4: self.hosts_v4 + other.hosts_v4,
            nets_v6: self.nets_v6 + other.nets_v6,
            prefixes_v4: self.prefixes_v4 + other.prefixes_v4,
            prefixes_v6: self.prefixes_v6 + other.prefixes_v6,
            longer: self.longer + other.longer,
        }
    }
}

impl Sub for Demand {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            hosts_v4: self.hosts_v4.saturating_sub(other.hosts_v4),
            nets_v6: self.nets_v6.saturating_sub(other.nets_v6),
            prefixes_v4: self.prefixes_v4.saturating_sub(other.prefixes_v4),
            prefixes_v6: self.prefixes_v6.saturating_sub(other.prefixes_v6),
            longer: self.longer.saturating_sub(other.longer),
        }
    }
}

impl Demand {
    /// Returns the larger of each kind.
    pub(in crate::kernel) fn max(self, other: Self) -> Self {
        Self {
            hosts_v4: self.hosts_v4.max(other.hosts_v4),
            nets_v6: self.nets_v6.max(other.nets_v6),
            prefixes_v4: self.prefixes_v4.max(other.prefixes_v4),
            prefixes_v6: self.prefixes_v6.max(other.prefixes_v6),
            longer: self.longer.max(other.longer),
        }
    }

    /// Returns half of each kind.
    pub(in crate::kernel) fn half(self) -> Self {
        Self {
            hosts_v4: self.hosts_v4 / 2,
            nets_v6: self.nets_v6 / 2,
            prefixes_v4: self.prefixes_v4 / 2,
            prefixes_v6: self.prefixes_v6 / 2,
            longer: self.longer / 2,
        }
    }

    /// Returns the demand of `count` entries that are like these `of` ones; none, where `of` is none.
    pub(in crate::kernel) fn scaled(self, count: usize, of: usize) -> Self {
        let scaled = |it: usize| {
            it.saturating_mul(count)
                .checked_div(of)
                .map_or(0, |scaled| scaled.min(count))
        };
        Self {
            hosts_v4: scaled(self.hosts_v4),
            nets_v6: scaled(self.nets_v6),
            prefixes_v4: scaled(self.prefixes_v4),
            prefixes_v6: scaled(self.prefixes_v6),
            longer: scaled(self.longer),
        }
    }

    pub(in crate::kernel) fn sum(self) -> usize {
        self.hosts_v4 + self.nets_v6 + self.prefixes() + self.longer
    }

    /// Returns how many lie in the table of prefixes.
    pub(in crate::kernel) fn prefixes(self) -> usize {
        self.prefixes_v4 + self.prefixes_v6
    }
}

impl Capacity {
    /// Fails where so many entries are more than may be, and names the first kind.
    pub(in crate::kernel) fn check(&self, demand: Demand) -> Result<(), EnforceError> {
        let kinds = [
            (
                "the list of blocked IPv4 addresses",
                demand.hosts_v4,
                self.hosts_v4,
            ),
            (
                "the list of blocked IPv6 /64 prefixes",
                demand.nets_v6,
                self.hosts_v6,
            ),
            (
                "the list of blocked IPv4 prefixes",
                demand.prefixes_v4,
                self.prefixes,
            ),
            (
                "the list of blocked IPv6 prefixes",
                demand.prefixes_v6,
                self.prefixes,
            ),
            (
                "the list of blocked IPv6 addresses",
                demand.longer,
                self.hosts_v6,
            ),
        ];
        for (table, wanted, capacity) in kinds {
            let refused = wanted.saturating_sub(capacity as usize);
            if refused > 0 {
                return Err(EnforceError::TableFull {
                    table,
                    capacity,
                    refused,
                });
            }
        }
        Ok(())
    }

    /// Returns as much of each kind as may be.
    pub(in crate::kernel) fn limit(&self, demand: Demand) -> Demand {
        Demand {
            hosts_v4: demand.hosts_v4.min(self.hosts_v4 as usize),
            nets_v6: demand.nets_v6.min(self.hosts_v6 as usize),
            prefixes_v4: demand.prefixes_v4.min(self.prefixes as usize),
            prefixes_v6: demand.prefixes_v6.min(self.prefixes as usize),
            longer: demand.longer.min(self.hosts_v6 as usize),
        }
    }
}

/// The sizes of a generation's maps.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::kernel) struct Sizes {
    pub(in crate::kernel) hosts_v4: TableSize,
    pub(in crate::kernel) nets_v6: TableSize,
    pub(in crate::kernel) prefixes: TableSize,
    pub(in crate::kernel) stash: u32,
}

impl Sizes {
    /// Returns the sizes for so many entries.
    pub(in crate::kernel) fn new(demand: Demand) -> Self {
        let table =
            |entries: usize, slots, load| TableSize::new(entries.max(ENTRIES_MIN), slots, load);
        let stash = demand.longer + demand.sum() / 64;
        Self {
            hosts_v4: table(demand.hosts_v4, Bucket32::SLOTS, LOAD_V4),
            nets_v6: table(demand.nets_v6, Bucket64::SLOTS, LOAD_V6),
            prefixes: table(demand.prefixes(), Bucket64::SLOTS, LOAD_V6),
            stash: u32::try_from(stash.max(STASH_MIN)).unwrap_or(u32::MAX),
        }
    }

    /// Returns the sizes that a generation says it has.
    pub(in crate::kernel) fn of(config: &Config, stash: u32) -> Self {
        let table = |buckets, mask: u32| TableSize {
            buckets,
            words: mask.wrapping_add(1),
        };
        Self {
            hosts_v4: table(config.hosts_v4, config.filter_v4),
            nets_v6: table(config.nets_v6, config.filter_v6),
            prefixes: table(config.prefixes, config.filter_prefix),
            stash,
        }
    }

    /// Returns whether the maps are as large as the generation says: buckets and words each of
    /// IPv4 addresses, IPv6 /64 prefixes, and prefixes.
    pub(in crate::kernel) fn are(&self, found: [[usize; 2]; 3]) -> bool {
        [self.hosts_v4, self.nets_v6, self.prefixes]
            .map(|it| [it.buckets as usize, it.words as usize])
            == found
    }

    /// Returns whether so many entries fit well, of which `stashed` lie in the stash already.
    pub(in crate::kernel) fn has_room(&self, demand: Demand, stashed: usize) -> bool {
        let fits = |entries: usize, size: TableSize, slots: usize, load: usize| {
            entries * 100 * 100 <= size.buckets as usize * slots * load * FULL_PERCENT
        };
        fits(demand.hosts_v4, self.hosts_v4, Bucket32::SLOTS, LOAD_V4)
            && fits(demand.nets_v6, self.nets_v6, Bucket64::SLOTS, LOAD_V6)
            && fits(demand.prefixes(), self.prefixes, Bucket64::SLOTS, LOAD_V6)
            && (demand.longer + stashed) * 10 <= self.stash as usize * 9
    }

    /// Writes the sizes where the program reads them.
    pub(in crate::kernel) fn write(&self, config: &mut Config) {
        config.hosts_v4 = self.hosts_v4.buckets;
        config.filter_v4 = self.hosts_v4.words - 1;
        config.nets_v6 = self.nets_v6.buckets;
        config.filter_v6 = self.nets_v6.words - 1;
        config.prefixes = self.prefixes.buckets;
        config.filter_prefix = self.prefixes.words - 1;
    }

    /// Returns how many elements each map is to have.
    pub(in crate::kernel) fn entries(&self) -> [(&'static str, u32); 7] {
        [
            (maps::HOSTS_V4, self.hosts_v4.buckets),
            (maps::FILTER_V4, self.hosts_v4.words),
            (maps::NETS_V6, self.nets_v6.buckets),
            (maps::FILTER_V6, self.nets_v6.words),
            (maps::PREFIXES, self.prefixes.buckets),
            (maps::FILTER_PREFIX, self.prefixes.words),
            (maps::STASH, self.stash),
        ]
    }
}
