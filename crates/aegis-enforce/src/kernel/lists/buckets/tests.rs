//! A table beside a plain map: nothing is found that is not there, and everything that is.

use std::collections::{BTreeMap, BTreeSet};

use aegis_abi::table::{Bucket32, Bucket64, Expiry, Glance, Now, Probe};

use super::*;

#[derive(Default)]
struct PlainStash(BTreeMap<StashKey, StashEntry>);

impl Stash for PlainStash {
    fn get(&self, key: &StashKey) -> io::Result<Option<StashEntry>> {
        Ok(self.0.get(key).copied())
    }

    fn set(&mut self, key: &StashKey, entry: &StashEntry) -> io::Result<()> {
        self.0.insert(*key, *entry);
        Ok(())
    }

    fn remove(&mut self, key: &StashKey) -> io::Result<bool> {
        Ok(self.0.remove(key).is_some())
    }
}

const KIND: u64 = 3;
const KEY: HashKey = HashKey {
    add: 0x0123_4567_89ab_cdef,
    multiply: 0xd134_2543_de82_ef95,
};

/// A generator of numbers that looks random (Steele and Vigna's splitmix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

trait Number: Copy + Eq + Ord + std::hash::Hash {
    fn of(number: u64) -> Self;
}

impl Number for u32 {
    fn of(number: u64) -> Self {
        number as Self
    }
}

impl Number for u64 {
    fn of(number: u64) -> Self {
        number
    }
}

struct Table<B: Bucket> {
    table: BucketTable<B>,
    stash: PlainStash,
}

impl<B> Table<B>
where
    B: Bucket<Key: Number + Into<u64>> + Default,
{
    fn new(size: TableSize) -> Self {
        let buckets = SharedMemory::ordinary(size.buckets as usize);
        let filter = SharedMemory::ordinary(size.words as usize);
        Self {
            table: BucketTable::open(buckets, filter, KEY, 0),
            stash: PlainStash::default(),
        }
    }

    fn set(&mut self, key: B::Key, units: u64) {
        let entry = Slot {
            key,
            end: End::new(Expiry::new(units)),
            packets: 0,
            size: 0,
        };
        self.table.set(&mut self.stash, KIND, entry).unwrap();
    }

    fn remove(&mut self, key: B::Key) -> bool {
        let removed = self.table.remove(&mut self.stash, KIND, key);
        removed.unwrap().is_some()
    }

    fn get(&self, key: B::Key) -> Option<Expiry> {
        let found = self.table.get(&self.stash, KIND, key).unwrap();
        found.map(|it| it.end.expiry())
    }

    /// Looks as the kernel program does: filter, bucket, neighbour, stash.
    fn look(&self, key: B::Key) -> Option<Expiry> {
        let hash = B::hash(key, &KEY);
        let word = hash.word(self.table.filter.count() as u32 - 1);
        if !hash.is_in(self.table.filter.word(word as usize)) {
            return None;
        }
        let number: u64 = key.into();
        let home = self.table.home(hash);
        // SAFETY: a bucket of the table.
        match unsafe { B::glance(self.table.buckets.at(home), key) } {
            Glance::Here(_, end) => return Some(end.expiry()),
            Glance::Nowhere => return None,
            Glance::Unsure => {}
        }
        if B::is_storable(key) {
            // SAFETY: buckets of the table.
            let probe = |bucket| unsafe { B::probe(self.table.buckets.at(bucket), key) };
            let overflow = match probe(home) {
                Probe::Here(_, end) => return Some(end.expiry()),
                Probe::Elsewhere(overflow) => overflow,
            };
            for step in 1..=overflow.reach {
                if let Probe::Here(_, end) = probe(home ^ step as usize) {
                    return Some(end.expiry());
                }
            }
            if overflow.stash == 0 {
                return None;
            }
        }
        let entry = self.stash.0.get(&StashKey::overflown(KIND, number));
        entry.map(|it| End::from_bits(it.end).expiry())
    }
}

/// Fills a table of this size to `percent` of its slots and asks for what is there and what not.
fn exact<B>(entries: usize, percent: usize)
where
    B: Bucket<Key: Number + Into<u64>> + Default,
{
    let mut table = Table::<B>::new(TableSize::new(entries, B::SLOTS, percent));
    let mut numbers = Numbers(entries as u64);
    let mut model: BTreeMap<B::Key, u64> = BTreeMap::new();
    while model.len() < entries {
        let key = B::Key::of(numbers.next());
        let units = numbers.next() >> 45;
        model.insert(key, units);
        table.set(key, units);
    }
    assert_eq!(table.table.len(), entries);
    assert_eq!(table.table.stashed(), table.stash.0.len());
    for (&key, &units) in &model {
        assert_eq!(table.look(key), Some(Expiry::new(units)));
    }
    let mut passed = 0;
    for _ in 0..entries * 4 {
        let key = B::Key::of(numbers.next());
        if !model.contains_key(&key) {
            assert_eq!(table.look(key), None);
            let hash = B::hash(key, &KEY);
            let word = hash.word(table.table.filter.count() as u32 - 1);
            passed += usize::from(hash.is_in(table.table.filter.word(word as usize)));
        }
    }
    let percent = passed * 100 / (entries * 4);
    assert!(percent <= 6, "the filter let {percent} % through");
}

#[test]
fn a_table_of_addresses_is_exact_at_every_size_and_load() {
    for entries in [1, 5, 100, 1_000, 5_000, 100_000] {
        for percent in [30, 60, 76, 95, 130] {
            exact::<Bucket32>(entries, percent);
        }
    }
}

#[test]
fn a_table_of_nets_is_exact_at_every_size_and_load() {
    for entries in [1, 5, 100, 1_000, 5_000, 100_000] {
        for percent in [30, 60, 74, 95, 130] {
            exact::<Bucket64>(entries, percent);
        }
    }
}

#[test]
fn few_entries_of_a_full_table_lie_in_the_stash() {
    let check = |stashed: usize, entries: usize| {
        let share = stashed as f64 / entries as f64;
        assert!(share < 0.0001, "{share} of the entries");
    };
    let entries = 200_000;
    let mut numbers = Numbers(7);
    // A tenth more than tables are made for.
    let mut v4 = Table::<Bucket32>::new(TableSize::new(entries, 6, 79));
    let mut v6 = Table::<Bucket64>::new(TableSize::new(entries, 4, 77));
    for _ in 0..entries {
        v4.set(numbers.next() as u32, 1);
        v6.set(numbers.next(), 1);
    }
    check(v4.table.stashed(), entries);
    check(v6.table.stashed(), entries);
}

/// Returns one of few keys, of which a quarter looks like an empty slot.
fn few(number: u64) -> u32 {
    let key = (number % 300) as u32;
    if number >> 32 & 3 == 0 {
        key << 24
    } else {
        key
    }
}

#[test]
fn a_table_in_use_is_what_a_plain_map_is() {
    let mut table = Table::<Bucket32>::new(TableSize::new(200, 6, 90));
    let mut model = BTreeMap::new();
    let mut numbers = Numbers(99);
    for step in 0..200_000_u64 {
        // Few keys, those that no bucket holds among them, so that they come, change and go.
        let key = few(numbers.next());
        if numbers.next() % 5 < 3 {
            model.insert(key, step);
            table.set(key, step);
        } else {
            assert_eq!(table.remove(key), model.remove(&key).is_some());
        }
        assert_eq!(table.table.len(), model.len());
        let key = few(numbers.next());
        let expected = model.get(&key).map(|it| Expiry::new(*it));
        assert_eq!((table.get(key), table.look(key)), (expected, expected));
        if step % 1000 == 0 {
            let stashed: Vec<u32> = table.stash.0.keys().map(|it| it.key as u32).collect();
            table.table.refresh_filter(stashed.into_iter());
        }
    }
    let mut seen = BTreeSet::new();
    table.table.each(|_, _, it| assert!(seen.insert(it.key)));
    seen.extend(table.stash.0.keys().map(|it| it.key as u32));
    assert_eq!(seen, model.into_keys().collect());
}

#[test]
fn a_filter_forgets_what_went() {
    let mut table = Table::<Bucket64>::new(TableSize::new(1000, 4, 68));
    for key in 1..=1000 {
        table.set(key, 1);
    }
    for key in 1..=990 {
        table.remove(key);
    }
    let stashed: Vec<u64> = table.stash.0.keys().map(|it| it.key).collect();
    table.table.refresh_filter(stashed.into_iter());
    let bits: u32 = (0..table.table.filter.count())
        .map(|it| table.table.filter.word(it).count_ones())
        .sum();
    assert!(bits <= 20, "{bits} bits for ten entries");
    assert!((991..=1000).all(|it| table.look(it).is_some()));
}

#[test]
fn a_table_that_is_opened_again_knows_how_much_is_in_it() {
    let mut table = Table::<Bucket32>::new(TableSize::new(100, 6, 76));
    (1..=100).for_each(|it| table.set(it, 5));
    let stashed = table.table.stashed();
    let BucketTable {
        buckets, filter, ..
    } = table.table;
    let again = BucketTable::open(buckets, filter, KEY, stashed);
    assert_eq!((again.len(), again.stashed()), (100, stashed));
}

/// Stages a thousand keys in a table where a thousand others lie, 100 of the new ones expired
/// before and 100 of them live, and checks before and after that what is to count does.
fn staging<B>()
where
    B: Bucket<Key: Number + Into<u64>> + Default,
{
    const NOW: u64 = 1000;
    // Too small, so that neighbours and stash are used as well; and the key of an empty slot.
    let mut table = Table::<B>::new(TableSize::new(1900, B::SLOTS, 110));
    let keys = |range: std::ops::Range<u64>| range.map(B::Key::of);
    keys(0..1000).for_each(|it| table.set(it, NOW + 50));
    keys(1000..1100).for_each(|it| table.set(it, NOW - 1));
    let end = End::new(Expiry::new(NOW + 100));
    let entries: Vec<_> = keys(900..1900).map(|it| (it, end)).collect();
    let now = Now::new(NOW);
    let mut staged = Staged::default();
    let Table {
        table: buckets,
        stash,
    } = &mut table;
    let result = buckets.stage(stash, (KIND, now), &entries, &mut staged);
    result.unwrap();
    assert_eq!(buckets.len(), 1900);
    let counts = |table: &Table<B>, key: u64, shows: bool| {
        let found = table
            .table
            .get(&table.stash, KIND, B::Key::of(key))
            .unwrap();
        found.is_some_and(|it| it.end.is_after(now) || shows && it.end.is_shown_after(now))
    };
    for key in 0..1900 {
        assert_eq!(counts(&table, key, false), key < 1000, "{key} before");
        assert!(counts(&table, key, true), "{key} shown");
    }
    assert_eq!(staged.stashed().is_empty(), table.stash.0.is_empty());
    let keys = table.table.staged_keys(&staged).len() + staged.stashed().len();
    assert_eq!(keys, 900);
    let left = table.table.left_staged();
    assert_eq!(
        table.table.staged_keys(&left).len(),
        900 - staged.stashed().len()
    );
    let Table {
        table: buckets,
        stash,
    } = &mut table;
    buckets.settle(stash, &staged).unwrap();
    for key in 0..1900 {
        assert!(counts(&table, key, false), "{key} after");
        let ends = if key < 900 { NOW + 50 } else { NOW + 100 };
        assert_eq!(table.get(B::Key::of(key)), Some(Expiry::new(ends)), "{key}");
    }
    assert_eq!(table.table.staged_keys(&table.table.left_staged()).len(), 0);
}

#[test]
fn staged_entries_count_all_at_once() {
    staging::<Bucket32>();
    staging::<Bucket64>();
}
