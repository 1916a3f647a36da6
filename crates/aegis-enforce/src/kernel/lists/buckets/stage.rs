//! Many entries at once: written where nobody counts them, and then shown by one word.
//!
//! Whoever shows them is [`super::super::stage`]; here they are written, made like any others
//! after that, or taken out again.

#![expect(unsafe_code, reason = "shares memory with the kernel program")]

use std::{borrow::Cow, io, mem};

use aegis_abi::table::{Bucket, End, Hash, Now, Overflow, Probe, Slot, StashEntry, StashKey};

use super::{BucketTable, Found, Stash};

/// So many entries are asked for before the first of them is written: the memory that each of them
/// lies in is then on its way at the same time.
const AHEAD: usize = 32;

/// So many parts of a table are filled one after the other, so that a part's pages stay known to the
/// processor while it is at it; and from so many entries on.
const PARTS: u32 = 1024;
const SORTED_FROM: usize = 4096;

/// Entries that are staged: what [`BucketTable::settle`] makes like any others.
#[derive(Debug, Default)]
pub(in crate::kernel) struct Staged {
    /// Bucket and slot of each.
    slots: Vec<(u32, u8)>,
    /// Those in the stash.
    stashed: Vec<StashKey>,
}

impl Staged {
    /// Returns these, all of which lie in the stash.
    pub(in crate::kernel) fn in_stash(stashed: Vec<StashKey>) -> Self {
        Self {
            slots: Vec::new(),
            stashed,
        }
    }

    /// Adds one that lies in the stash.
    pub(in crate::kernel) fn add_stashed(&mut self, key: StashKey) {
        self.stashed.push(key);
    }

    /// Returns the keys of those in the stash.
    pub(in crate::kernel) fn stashed(&self) -> &[StashKey] {
        &self.stashed
    }
}

impl<B: Bucket<Key: Into<u64>>> BucketTable<B> {
    /// Writes entries such that they count only where staged ones are shown. One that counts at
    /// `now` has its end renewed at once: it is there before and after.
    pub(in crate::kernel) fn stage(
        &mut self,
        stash: &mut impl Stash,
        (kind, now): (u64, Now),
        entries: &[(B::Key, End)],
        staged: &mut Staged,
    ) -> io::Result<()> {
        staged.slots.reserve(entries.len());
        for chunk in self.by_place(entries).chunks(AHEAD) {
            let mut hashes = [Hash::from_bits64(0); AHEAD];
            for (hash, (key, _)) in hashes.iter_mut().zip(chunk) {
                *hash = B::hash(*key, &self.hash_key);
                self.touch(*hash);
            }
            for (hash, (key, end)) in hashes.iter().zip(chunk) {
                let entry = Slot {
                    key: *key,
                    end: *end,
                    packets: 0,
                    size: 0,
                };
                self.stage_one(stash, (kind, now), (*hash, entry), staged)?;
            }
        }
        Ok(())
    }

    /// Returns entries part by part of the table, those of one part in their order.
    fn by_place<'a>(&self, entries: &'a [(B::Key, End)]) -> Cow<'a, [(B::Key, End)]> {
        if entries.len() < SORTED_FROM {
            return entries.into();
        }
        let part = |key| B::hash(key, &self.hash_key).bucket(PARTS) as usize;
        let mut places = [0_usize; PARTS as usize];
        for (key, _) in entries {
            places[part(*key)] += 1;
        }
        let mut before = 0;
        for place in &mut places {
            before += mem::replace(place, before);
        }
        let mut sorted = entries.to_vec();
        for entry in entries {
            let place = &mut places[part(entry.0)];
            sorted[*place] = *entry;
            *place += 1;
        }
        sorted.into()
    }

    fn stage_one(
        &mut self,
        stash: &mut impl Stash,
        (kind, now): (u64, Now),
        (hash, entry): (Hash, Slot<B::Key>),
        staged: &mut Staged,
    ) -> io::Result<()> {
        let entry = Slot {
            end: entry.end.staged(),
            ..entry
        };
        if self.is_new(hash) {
            return self.stage_new(stash, kind, (hash, entry), staged);
        }
        if let Some(place) = self.put_new(hash, entry) {
            staged.slots.push(place);
            return Ok(());
        }
        match self.find_at(stash, kind, (hash, entry.key))? {
            None => self.stage_new(stash, kind, (hash, entry), staged)?,
            Some(Found::Slot(bucket, slot)) => {
                let at = self.buckets.at(bucket);
                // SAFETY: a slot that was found, and we alone write.
                let is_live = unsafe { B::end(at, slot) }.is_after(now);
                let end = if is_live {
                    entry.end.shown()
                } else {
                    staged.slots.push((bucket as u32, slot as u8));
                    entry.end
                };
                // SAFETY: as above.
                unsafe { B::renew(at, slot, end) };
            }
            Some(Found::Stash(before)) => {
                let key = StashKey::overflown(kind, entry.key.into());
                stage_stashed(stash, now, (key, before), entry.end, staged)?;
            }
        }
        Ok(())
    }

    /// Writes an entry that is not there yet.
    fn stage_new(
        &mut self,
        stash: &mut impl Stash,
        kind: u64,
        (hash, entry): (Hash, Slot<B::Key>),
        staged: &mut Staged,
    ) -> io::Result<()> {
        match self.insert_at(stash, kind, (hash, entry))? {
            Some((bucket, slot)) => staged.slots.push((bucket as u32, slot as u8)),
            None => {
                let key = StashKey::overflown(kind, entry.key.into());
                staged.stashed.push(key);
            }
        }
        Ok(())
    }

    /// Returns whether the filter alone says that there is no entry of this hash, so that no bucket
    /// need be searched for one.
    fn is_new(&self, hash: Hash) -> bool {
        let word = hash.word(self.filter.count() as u32 - 1) as usize;
        !hash.is_in(self.filter.word(word))
    }

    /// Puts an entry into its own bucket, where that alone says that it is not there yet, and has
    /// room: the common case of those that were there not long ago, in one look.
    fn put_new(&mut self, hash: Hash, entry: Slot<B::Key>) -> Option<(u32, u8)> {
        if !B::is_storable(entry.key) {
            return None;
        }
        let home = self.home(hash);
        // SAFETY: a bucket of ours, and a key that is storable.
        let probe = unsafe { B::probe(self.buckets.at(home), entry.key) };
        if probe != Probe::Elsewhere(Overflow::default()) {
            return None;
        }
        let slot = self.put_into(home, entry)?;
        self.note(hash);
        Some((home as u32, slot as u8))
    }

    /// Makes entries that were staged and are shown like any others.
    pub(in crate::kernel) fn settle(
        &self,
        stash: &mut impl Stash,
        staged: &Staged,
    ) -> io::Result<()> {
        let place = |(bucket, slot): &(u32, u8)| {
            let at = self.buckets.at(*bucket as usize);
            (at, usize::from(*slot))
        };
        for chunk in staged.slots.chunks(AHEAD) {
            for (at, _) in chunk.iter().map(place) {
                // SAFETY: a bucket of ours; this has its memory fetched.
                unsafe { B::overflow(at) };
            }
            for (at, slot) in chunk.iter().map(place) {
                // SAFETY: a slot that there is, and we alone write.
                unsafe { B::renew(at, slot, B::end(at, slot).shown()) };
            }
        }
        settle_stashed(stash, &staged.stashed)
    }

    /// Returns the keys of staged entries.
    pub(in crate::kernel) fn staged_keys(&self, staged: &Staged) -> Vec<B::Key> {
        let slots = staged.slots.iter();
        // SAFETY: slots that there are.
        let slots = slots.filter_map(|(bucket, slot)| unsafe {
            B::get(self.buckets.at(*bucket as usize), usize::from(*slot))
        });
        slots.map(|it| it.key).collect()
    }

    /// Returns what somebody left staged in the buckets.
    pub(in crate::kernel) fn left_staged(&self) -> Staged {
        let mut staged = Staged::default();
        self.each(|bucket, slot, entry| {
            if entry.end.is_staged() {
                staged.slots.push((bucket as u32, slot as u8));
            }
        });
        staged
    }

    /// Has the memory fetched in which an entry of this hash lies.
    fn touch(&self, hash: Hash) {
        let word = hash.word(self.filter.count() as u32 - 1) as usize;
        self.filter.word(word);
        // SAFETY: a bucket of ours.
        unsafe { B::overflow(self.buckets.at(self.home(hash))) };
    }
}

/// Stages an entry of the stash that is there; one that counts is renewed at once.
pub(in crate::kernel) fn stage_stashed(
    stash: &mut impl Stash,
    now: Now,
    (key, before): (StashKey, StashEntry),
    end: End,
    staged: &mut Staged,
) -> io::Result<()> {
    let is_live = End::from_bits(before.end).is_after(now);
    let end = if is_live {
        end.shown()
    } else {
        staged.stashed.push(key);
        end.staged()
    };
    let renewed = StashEntry {
        end: end.bits(),
        ..before
    };
    stash.set(&key, &renewed)
}

/// Makes entries of the stash that are shown like any others.
pub(in crate::kernel) fn settle_stashed(
    stash: &mut impl Stash,
    keys: &[StashKey],
) -> io::Result<()> {
    for key in keys {
        if let Some(entry) = stash.get(key)? {
            let end = End::from_bits(entry.end).shown().bits();
            stash.set(key, &StashEntry { end, ..entry })?;
        }
    }
    Ok(())
}
