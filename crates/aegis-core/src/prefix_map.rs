//! A map from prefixes to values that finds what covers an address and what lies in a prefix.

use std::{
    collections::BTreeMap,
    ops::{Bound, RangeInclusive},
};

use crate::Indicator;

/// Values keyed by indicator, ordered by address.
///
/// A lookup probes only the prefix lengths in use, so a map of single addresses costs one probe.
#[derive(Clone, Debug)]
pub(crate) struct PrefixMap<V> {
    values: BTreeMap<Indicator, V>,
    lengths: BTreeMap<(bool, u8), usize>, // (is IPv4, prefix length) → how many keys have it
}

impl<V> Default for PrefixMap<V> {
    fn default() -> Self {
        Self {
            values: BTreeMap::new(),
            lengths: BTreeMap::new(),
        }
    }
}

impl<V> PrefixMap<V> {
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    /// Takes every entry out, in order, for [`put_all`](Self::put_all): the map is empty meanwhile.
    pub(crate) fn take_all(&mut self) -> Vec<(Indicator, V)> {
        std::mem::take(&mut self.values).into_iter().collect()
    }

    /// Puts back what [`take_all`](Self::take_all) took, as closely as a map can hold it.
    pub(crate) fn put_all(&mut self, entries: Vec<(Indicator, V)>) {
        self.values = entries.into_iter().collect();
    }

    /// Returns how many keys each family and prefix length has.
    pub(crate) fn lengths(&self) -> impl Iterator<Item = ((bool, u8), usize)> {
        self.lengths.iter().map(|(length, count)| (*length, *count))
    }

    pub(crate) fn get(&self, indicator: &Indicator) -> Option<&V> {
        self.values.get(indicator)
    }

    pub(crate) fn get_mut(&mut self, indicator: &Indicator) -> Option<&mut V> {
        self.values.get_mut(indicator)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Indicator, &V)> {
        self.values.iter()
    }

    /// Returns the entries behind `cursor`, in order of address.
    pub(crate) fn after(
        &self,
        cursor: Option<&Indicator>,
    ) -> impl Iterator<Item = (&Indicator, &V)> {
        let start = cursor.map_or(Bound::Unbounded, |it| Bound::Excluded(*it));
        self.values.range((start, Bound::Unbounded))
    }

    pub(crate) fn insert(&mut self, indicator: Indicator, value: V) -> Option<V> {
        let previous = self.values.insert(indicator, value);
        if previous.is_none() {
            *self.lengths.entry(length_key(&indicator)).or_default() += 1;
        }
        previous
    }

    pub(crate) fn remove(&mut self, indicator: &Indicator) -> Option<V> {
        let removed = self.values.remove(indicator)?;
        let key = length_key(indicator);
        if let Some(count) = self.lengths.get_mut(&key) {
            *count -= 1;
            if *count == 0 {
                self.lengths.remove(&key);
            }
        }
        Some(removed)
    }

    /// Returns the entries that contain `indicator` whole, widest first, itself included.
    pub(crate) fn covering(&self, indicator: &Indicator) -> impl Iterator<Item = (Indicator, &V)> {
        let (address, is_ipv4) = (indicator.address(), indicator.is_ipv4());
        let lengths = self
            .lengths
            .range((is_ipv4, 0)..=(is_ipv4, indicator.prefix_len()));
        lengths.filter_map(move |((_, prefix_len), _)| {
            let prefix = Indicator::prefix(address, *prefix_len)?;
            self.values.get(&prefix).map(|value| (prefix, value))
        })
    }

    /// Returns the entries that lie in `indicator`, itself included, in order of address.
    pub(crate) fn within(&self, indicator: &Indicator) -> impl Iterator<Item = (Indicator, &V)> {
        self.values
            .range(span(indicator))
            .map(|(key, value)| (*key, value))
    }
}

fn length_key(indicator: &Indicator) -> (bool, u8) {
    (indicator.is_ipv4(), indicator.prefix_len())
}

/// Returns the range of keys that lie in `indicator`, by the order of [`Indicator`].
fn span(indicator: &Indicator) -> RangeInclusive<Indicator> {
    *indicator..=indicator.last_host()
}

#[cfg(test)]
mod tests;
