//! A map that never grows beyond its bound: what was used longest ago makes room.

use std::collections::BTreeMap;

/// A bounded map with eviction by last use.
#[derive(Debug)]
pub struct Table<K, V> {
    entries: BTreeMap<K, (u64, V)>, // with the number of the last use
    uses: BTreeMap<u64, K>,         // the same entries, by last use
    next_use: u64,
    entries_max: usize,
}

impl<K: Ord + Clone, V> Table<K, V> {
    /// Returns an empty table for at most `entries_max` entries, at least one.
    pub fn new(entries_max: usize) -> Self {
        Self {
            entries: BTreeMap::new(),
            uses: BTreeMap::new(),
            next_use: 0,
            entries_max: entries_max.max(1),
        }
    }

    /// Returns how many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Returns the value of `key` without counting as a use.
    pub fn peek(&self, key: &K) -> Option<&V> {
        self.entries.get(key).map(|(_, value)| value)
    }

    /// Returns the value of `key` and counts as a use.
    pub fn touch(&mut self, key: &K) -> Option<&mut V> {
        let (used, value) = self.entries.get_mut(key)?;
        self.uses.remove(used);
        *used = self.next_use;
        self.uses.insert(self.next_use, key.clone());
        self.next_use += 1;
        Some(value)
    }

    /// Sets the value of `key`; returns the one it had.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        if let Some(it) = self.touch(&key) {
            return Some(std::mem::replace(it, value));
        }
        self.make_room();
        self.uses.insert(self.next_use, key.clone());
        self.entries.insert(key, (self.next_use, value));
        self.next_use += 1;
        None
    }

    /// Returns the value of `key`, a new one where it has none.
    pub fn entry(&mut self, key: K, new: impl FnOnce() -> V) -> &mut V {
        if self.touch(&key).is_none() {
            self.make_room();
            self.uses.insert(self.next_use, key.clone());
            self.next_use += 1;
        }
        let used = self.next_use - 1;
        let (_, value) = self.entries.entry(key).or_insert_with(|| (used, new()));
        value
    }

    /// Removes `key`; returns the value it had.
    pub fn remove(&mut self, key: &K) -> Option<V> {
        let (used, value) = self.entries.remove(key)?;
        self.uses.remove(&used);
        Some(value)
    }

    /// Returns the entries in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.entries.iter().map(|(key, (_, value))| (key, value))
    }

    fn make_room(&mut self) {
        if self.entries.len() < self.entries_max {
            return;
        }
        if let Some((_, oldest)) = self.uses.pop_first() {
            self.entries.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests;
