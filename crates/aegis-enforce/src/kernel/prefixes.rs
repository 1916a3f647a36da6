//! What the prefix tables hold, kept beside them.
//!
//! A trie gives the longest prefix only. Were that one expired, it would hide a wider live one
//! until it is swept; so each prefix carries the latest deadline of all that cover it, which only
//! somebody who knows them all can tell.

use std::{
    collections::BTreeMap,
    ops::Bound::{Excluded, Unbounded},
};

use aegis_core::Indicator;

/// Every prefix in the tries with the jiffy at which it ends by itself. As large as the tries.
#[derive(Debug, Default)]
pub(super) struct Prefixes {
    deadlines: BTreeMap<Indicator, u64>,
}

impl Prefixes {
    pub(super) fn insert(&mut self, prefix: Indicator, deadline: u64) {
        self.deadlines.insert(prefix, deadline);
    }

    pub(super) fn remove(&mut self, prefix: &Indicator) {
        self.deadlines.remove(prefix);
    }

    pub(super) fn contains(&self, prefix: &Indicator) -> bool {
        self.deadlines.contains_key(prefix)
    }

    /// Returns the prefixes that end by themselves at or before jiffy `now`.
    pub(super) fn over(&self, now: u64) -> Vec<Indicator> {
        let is_over = |it: &(&Indicator, &u64)| *it.1 <= now;
        self.deadlines
            .iter()
            .filter(is_over)
            .map(|it| *it.0)
            .collect()
    }

    /// Returns whether there is any prefix of one family.
    pub(super) fn has_family(&self, is_ipv4: bool) -> bool {
        let edge = if is_ipv4 {
            self.deadlines.first_key_value()
        } else {
            self.deadlines.last_key_value()
        };
        edge.is_some_and(|(it, _)| it.is_ipv4() == is_ipv4)
    }

    /// Remembers a prefix that was read from a table, where it is one.
    pub(super) fn insert_some(&mut self, prefix: Option<Indicator>, deadline: u64) {
        if let Some(prefix) = prefix {
            self.insert(prefix, deadline);
        }
    }

    /// Returns the latest deadline of `prefix` and all that cover it.
    pub(super) fn latest_deadline(&self, prefix: &Indicator) -> u64 {
        let own = self.deadlines.get(prefix).copied().unwrap_or(0);
        own.max(self.latest_wider(prefix))
    }

    /// Returns the latest deadline of all that cover `prefix`, without itself.
    pub(super) fn latest_wider(&self, prefix: &Indicator) -> u64 {
        (0..prefix.prefix_len())
            .filter_map(|it| Indicator::prefix(prefix.address(), it))
            .filter_map(|it| self.deadlines.get(&it))
            .max()
            .copied()
            .unwrap_or(0)
    }

    /// Returns the prefixes within `prefix`, without itself.
    pub(super) fn within(&self, prefix: &Indicator) -> Vec<Indicator> {
        // In the order of indicators everything within a prefix follows right behind it.
        self.deadlines
            .range((Excluded(*prefix), Unbounded))
            .map(|(it, _)| *it)
            .take_while(|it| prefix.contains(it))
            .collect()
    }
}

#[cfg(test)]
mod tests;
