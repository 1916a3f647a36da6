//! The writer of one bucket table.
//!
//! One thread writes, and the kernel program reads meanwhile. Every step leaves the table such
//! that a reader finds each entry that was there before and is there after.

#![expect(unsafe_code, reason = "shares memory with the kernel program")]

mod stage;

use std::io;

use aegis_abi::table::{Bucket, End, Hash, HashKey, Overflow, Slot, StashEntry, StashKey};

pub(in crate::kernel) use self::stage::{Staged, settle_stashed, stage_stashed};
use crate::sys::{KernelMap, SharedMemory};

/// Filter bits for each entry that fits: one packet in 60 is taken wrongly for listed.
const FILTER_BITS: usize = 16;
/// A bucket and its neighbours.
const GROUP: usize = Overflow::REACH_MAX as usize + 1;
/// The fewest buckets and filter words.
const BUCKETS_MIN: usize = 64;
const WORDS_MIN: usize = 64;

/// Where entries go that find no room.
pub(in crate::kernel) trait Stash {
    fn get(&self, key: &StashKey) -> io::Result<Option<StashEntry>>;
    fn set(&mut self, key: &StashKey, entry: &StashEntry) -> io::Result<()>;
    fn remove(&mut self, key: &StashKey) -> io::Result<bool>;
}

impl Stash for KernelMap {
    fn get(&self, key: &StashKey) -> io::Result<Option<StashEntry>> {
        Self::get(self, key)
    }

    fn set(&mut self, key: &StashKey, entry: &StashEntry) -> io::Result<()> {
        Self::set(self, key, entry)
    }

    fn remove(&mut self, key: &StashKey) -> io::Result<bool> {
        Self::remove(self, key)
    }
}

/// How large the two arrays of a table are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::kernel) struct TableSize {
    /// Buckets, a multiple of a bucket and its neighbours.
    pub(in crate::kernel) buckets: u32,
    /// Filter words, a power of two.
    pub(in crate::kernel) words: u32,
}

impl TableSize {
    /// Returns the size for `entries` entries in buckets of `slots` slots, of which `load` in a
    /// hundred are then full.
    pub(in crate::kernel) fn new(entries: usize, slots: usize, load: usize) -> Self {
        let buckets = (entries * 100).div_ceil(slots * load).max(BUCKETS_MIN);
        let words = (entries * FILTER_BITS).div_ceil(64).max(WORDS_MIN);
        // To the nearer power of two.
        let words = (words * 3 / 4 + 1).next_power_of_two();
        Self {
            buckets: u32::try_from(buckets.next_multiple_of(GROUP))
                .unwrap_or(u32::MAX - (GROUP as u32 - 1)),
            words: u32::try_from(words).unwrap_or(1 << 31),
        }
    }
}

/// Where an entry lies.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Found {
    Slot(usize, usize),
    Stash(StashEntry),
}

/// A table of buckets with its filter.
#[derive(Debug)]
pub(in crate::kernel) struct BucketTable<B> {
    buckets: SharedMemory<B>,
    filter: SharedMemory<u64>,
    hash_key: HashKey,
    /// How many entries there are, in the buckets and in the stash.
    len: usize,
    /// How many lie in the stash.
    stashed: usize,
    /// How many entries went since the filter was made anew: their bits are still there.
    stale: usize,
}

impl<B: Bucket<Key: Into<u64>>> BucketTable<B> {
    /// Takes over a table and counts what is in it; `stashed` entries lie in the stash.
    pub(in crate::kernel) fn open(
        buckets: SharedMemory<B>,
        filter: SharedMemory<u64>,
        hash_key: HashKey,
        stashed: usize,
    ) -> Self {
        let mut table = Self {
            buckets,
            filter,
            hash_key,
            len: stashed,
            stashed,
            stale: 0,
        };
        let mut len = stashed;
        table.each(|_, _, _| len += 1);
        table.len = len;
        table
    }

    /// Returns how many entries there are, live or over.
    pub(in crate::kernel) fn len(&self) -> usize {
        self.len
    }

    /// Returns how many of them lie in the stash.
    pub(in crate::kernel) fn stashed(&self) -> usize {
        self.stashed
    }

    /// Returns the entry of `key`.
    pub(in crate::kernel) fn get(
        &self,
        stash: &impl Stash,
        kind: u64,
        key: B::Key,
    ) -> io::Result<Option<Slot<B::Key>>> {
        Ok(match self.find(stash, kind, key)? {
            None => None,
            // SAFETY: `find` gives buckets and slots that there are.
            Some(Found::Slot(bucket, slot)) => unsafe { B::get(self.buckets.at(bucket), slot) },
            Some(Found::Stash(entry)) => Some(Slot {
                key,
                end: End::from_bits(entry.end),
                packets: entry.packets,
                size: mean(entry.bytes, entry.packets),
            }),
        })
    }

    /// Sets when the entry of `entry.key` ends; makes it where there is none, with its counters.
    pub(in crate::kernel) fn set(
        &mut self,
        stash: &mut impl Stash,
        kind: u64,
        entry: Slot<B::Key>,
    ) -> io::Result<()> {
        let hash = B::hash(entry.key, &self.hash_key);
        match self.find_at(stash, kind, (hash, entry.key))? {
            None => self.insert_at(stash, kind, (hash, entry)).map(drop),
            Some(Found::Slot(bucket, slot)) => {
                // SAFETY: `find` gives buckets and slots that there are, and we alone write.
                unsafe { B::renew(self.buckets.at(bucket), slot, entry.end) };
                Ok(())
            }
            Some(Found::Stash(found)) => {
                let renewed = StashEntry {
                    end: entry.end.bits(),
                    ..found
                };
                stash.set(&StashKey::overflown(kind, entry.key.into()), &renewed)
            }
        }
    }

    /// Puts an entry that is not there yet; returns its bucket and slot, where it found one.
    fn insert_at(
        &mut self,
        stash: &mut impl Stash,
        kind: u64,
        (hash, entry): (Hash, Slot<B::Key>),
    ) -> io::Result<Option<(usize, usize)>> {
        let home = self.home(hash);
        let is_storable = B::is_storable(entry.key);
        if is_storable && let Some(slot) = self.put_into(home, entry) {
            self.note(hash);
            return Ok(Some((home, slot)));
        }
        let bucket = self.buckets.at(home);
        // SAFETY: a bucket of ours, which we alone write.
        let mut overflow = unsafe { B::overflow(bucket) };
        let mut steps = (1..=Overflow::REACH_MAX).filter(|_| is_storable);
        let place = steps.find_map(|step| {
            let neighbour = home ^ step as usize;
            self.put_into(neighbour, entry)
                .map(|slot| (step, neighbour, slot))
        });
        if let Some((step, ..)) = place {
            overflow.reach = overflow.reach.max(step);
        } else {
            let stashed = StashEntry {
                end: entry.end.bits(),
                reserved: 0,
                packets: entry.packets,
                bytes: entry.packets * u64::from(entry.size),
            };
            stash.set(&StashKey::overflown(kind, entry.key.into()), &stashed)?;
            overflow.stash = more(overflow.stash);
            self.stashed += 1;
        }
        // SAFETY: as above.
        unsafe { B::set_overflow(bucket, overflow) };
        self.note(hash);
        Ok(place.map(|(_, neighbour, slot)| (neighbour, slot)))
    }

    /// Removes the entry of `key`; returns it where it was there.
    pub(in crate::kernel) fn remove(
        &mut self,
        stash: &mut impl Stash,
        kind: u64,
        key: B::Key,
    ) -> io::Result<Option<Slot<B::Key>>> {
        let Some(found) = self.find(stash, kind, key)? else {
            return Ok(None);
        };
        let entry = self.get(stash, kind, key)?;
        match found {
            Found::Slot(bucket, slot) => {
                // SAFETY: `find` gives buckets and slots that there are.
                unsafe { B::clear(self.buckets.at(bucket), slot) };
            }
            Found::Stash(_) => {
                stash.remove(&StashKey::overflown(kind, key.into()))?;
                self.stashed -= 1;
                let bucket = self.buckets.at(self.home(B::hash(key, &self.hash_key)));
                // SAFETY: a bucket of ours, which we alone write.
                unsafe {
                    let mut overflow = B::overflow(bucket);
                    overflow.stash = fewer(overflow.stash);
                    B::set_overflow(bucket, overflow);
                }
            }
        }
        self.forget();
        Ok(entry)
    }

    /// Shows `visit` every entry in the buckets, with its bucket and slot.
    pub(in crate::kernel) fn each(&self, mut visit: impl FnMut(usize, usize, Slot<B::Key>)) {
        for bucket in 0..self.buckets.count() {
            for slot in 0..B::SLOTS {
                // SAFETY: a bucket and a slot that there are.
                if let Some(entry) = unsafe { B::get(self.buckets.at(bucket), slot) } {
                    visit(bucket, slot, entry);
                }
            }
        }
    }

    /// Makes the filter anew where many of its bits are of entries that went; `stashed` are the
    /// keys in the stash that the filter covers. Each word changes at once from one right value to
    /// another.
    pub(in crate::kernel) fn refresh_filter(&mut self, stashed: impl Iterator<Item = B::Key>) {
        if self.stale * 4 <= self.len.max(WORDS_MIN) {
            return;
        }
        let mask = self.filter.count() as u32 - 1;
        let mut words = vec![0_u64; self.filter.count()];
        let mut note = |key: B::Key| {
            let hash = B::hash(key, &self.hash_key);
            words[hash.word(mask) as usize] |= hash.bits();
        };
        self.each(|_, _, entry| note(entry.key));
        stashed.for_each(note);
        for (index, word) in words.into_iter().enumerate() {
            if self.filter.word(index) != word {
                self.filter.set_word(index, word);
            }
        }
        self.stale = 0;
    }

    /// Lets the filter through for `key`, which lies elsewhere.
    pub(in crate::kernel) fn let_through(&mut self, key: B::Key) {
        self.mark(B::hash(key, &self.hash_key));
    }

    /// Returns whether the filter lets through for `key`.
    pub(in crate::kernel) fn lets_through(&self, key: B::Key) -> bool {
        let hash = B::hash(key, &self.hash_key);
        let word = hash.word(self.filter.count() as u32 - 1) as usize;
        self.filter.word(word) & hash.bits() == hash.bits()
    }

    /// Says that a key that lies elsewhere went.
    pub(in crate::kernel) fn note_stale(&mut self) {
        self.stale += 1;
    }

    fn find(&self, stash: &impl Stash, kind: u64, key: B::Key) -> io::Result<Option<Found>> {
        self.find_at(stash, kind, (B::hash(key, &self.hash_key), key))
    }

    fn find_at(
        &self,
        stash: &impl Stash,
        kind: u64,
        (hash, key): (Hash, B::Key),
    ) -> io::Result<Option<Found>> {
        let home = self.home(hash);
        // SAFETY: a bucket of ours.
        let overflow = unsafe { B::overflow(self.buckets.at(home)) };
        for step in 0..=overflow.reach.min(Overflow::REACH_MAX) {
            let bucket = home ^ step as usize;
            if let Some(slot) = self.slot_of(bucket, key) {
                return Ok(Some(Found::Slot(bucket, slot)));
            }
        }
        if overflow.stash == 0 && B::is_storable(key) {
            return Ok(None);
        }
        let entry = stash.get(&StashKey::overflown(kind, key.into()))?;
        Ok(entry.map(Found::Stash))
    }

    fn slot_of(&self, bucket: usize, key: B::Key) -> Option<usize> {
        if !B::is_storable(key) {
            return None;
        }
        let bucket = self.buckets.at(bucket);
        // SAFETY: a bucket of ours, and a key that is storable.
        match unsafe { B::probe(bucket, key) } {
            aegis_abi::table::Probe::Here(slot, _) => Some(slot),
            aegis_abi::table::Probe::Elsewhere(_) => None,
        }
    }

    /// Puts an entry into the first free slot of a bucket; returns which, if there was one.
    fn put_into(&self, bucket: usize, entry: Slot<B::Key>) -> Option<usize> {
        let bucket = self.buckets.at(bucket);
        // SAFETY: a bucket and slots that there are, and we alone write.
        unsafe {
            let free = B::free(bucket);
            if free == 0 {
                return None;
            }
            let slot = free.trailing_zeros() as usize;
            B::put(bucket, slot, entry);
            Some(slot)
        }
    }

    fn home(&self, hash: Hash) -> usize {
        hash.bucket(self.buckets.count() as u32) as usize
    }

    fn note(&mut self, hash: Hash) {
        self.len += 1;
        self.mark(hash);
    }

    fn mark(&self, hash: Hash) {
        let word = hash.word(self.filter.count() as u32 - 1) as usize;
        let before = self.filter.word(word);
        let after = before | hash.bits();
        if before != after {
            self.filter.set_word(word, after);
        }
    }

    fn forget(&mut self) {
        self.len -= 1;
        self.stale += 1;
    }
}

fn more(count: u32) -> u32 {
    (count + 1).min(Overflow::MANY)
}

/// Many may be any number, and stay many.
fn fewer(count: u32) -> u32 {
    if count == Overflow::MANY {
        count
    } else {
        count.saturating_sub(1)
    }
}

fn mean(bytes: u64, packets: u64) -> u16 {
    let mean = bytes.checked_div(packets).unwrap_or(0);
    u16::try_from(mean).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests;
