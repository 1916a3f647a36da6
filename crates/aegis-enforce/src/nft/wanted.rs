//! What the sets are to hold, and how many sets that takes.

use std::collections::BTreeMap;

use aegis_core::{Exemption, Indicator, Ruleset, Timestamp};

use super::key::{Purpose, SetKey};
use crate::{Capacity, EnforceError};

/// Exempt addresses and prefixes of one family: as many as the kernel program takes.
const EXEMPTIONS_MAX: u32 = aegis_abi::maps::ALLOW_MAX;

/// The wanted entries, with the number in each set.
#[derive(Clone, Debug, Default)]
pub(super) struct Wanted {
    blocks: BTreeMap<Indicator, Timestamp>,
    exemptions: BTreeMap<Indicator, Exemption>,
    counts: BTreeMap<SetKey, usize>,
}

impl Wanted {
    /// Returns what of `ruleset` is live at `now` and fits, and how many blocks do not.
    pub(super) fn of(ruleset: &Ruleset, now: Timestamp, capacity: Capacity) -> (Self, Refused) {
        let mut wanted = Self::default();
        let mut refused = Refused::default();
        for (indicator, exemption) in ruleset.exemptions() {
            refused.note(wanted.exempt(*indicator, *exemption));
        }
        for (indicator, expires_at) in ruleset.blocks().iter().filter(|(_, it)| now < **it) {
            refused.note(wanted.block(*indicator, *expires_at, capacity));
        }
        (wanted, refused)
    }

    pub(super) fn blocks(&self) -> &BTreeMap<Indicator, Timestamp> {
        &self.blocks
    }

    pub(super) fn exemptions(&self) -> &BTreeMap<Indicator, Exemption> {
        &self.exemptions
    }

    /// Returns the number of entries.
    pub(super) fn len(&self) -> usize {
        self.blocks.len() + self.exemptions.len()
    }

    /// Returns the sets in use, in the order in which the rules ask them.
    pub(super) fn keys(&self) -> impl Iterator<Item = SetKey> {
        self.counts.keys().copied()
    }

    /// Blocks `indicator` until `expires_at`; refuses a new one where there is no room.
    pub(super) fn block(
        &mut self,
        indicator: Indicator,
        expires_at: Timestamp,
        capacity: Capacity,
    ) -> Result<(), Full> {
        let key = SetKey::of(Purpose::Blocked, indicator);
        if !self.blocks.contains_key(&indicator) {
            self.check_room(key, capacity)?;
            *self.counts.entry(key).or_default() += 1;
        }
        self.blocks.insert(indicator, expires_at);
        Ok(())
    }

    /// Removes a block; returns its end.
    pub(super) fn unblock(&mut self, indicator: Indicator) -> Option<Timestamp> {
        let expires_at = self.blocks.remove(&indicator)?;
        self.forget(SetKey::of(Purpose::Blocked, indicator));
        Some(expires_at)
    }

    pub(super) fn exempt(
        &mut self,
        indicator: Indicator,
        exemption: Exemption,
    ) -> Result<(), Full> {
        if !self.exemptions.contains_key(&indicator) {
            let is_same_family =
                |it: &SetKey| it.purpose != Purpose::Blocked && it.is_ipv6 != indicator.is_ipv4();
            Full::check(
                "the table of exempt prefixes",
                EXEMPTIONS_MAX,
                self.count(is_same_family),
            )?;
        }
        self.unexempt(indicator);
        let key = SetKey::exempt(exemption, indicator);
        *self.counts.entry(key).or_default() += 1;
        self.exemptions.insert(indicator, exemption);
        Ok(())
    }

    pub(super) fn unexempt(&mut self, indicator: Indicator) -> Option<Exemption> {
        let exemption = self.exemptions.remove(&indicator)?;
        self.forget(SetKey::exempt(exemption, indicator));
        Some(exemption)
    }

    /// Returns the live blocks that cover `indicator`, itself included.
    pub(super) fn blocks_over(&self, now: Timestamp, indicator: Indicator) -> Vec<Indicator> {
        let is_live = |it: &Indicator| self.blocks.get(it).is_some_and(|it| now < *it);
        let covering = self.covering(indicator, |it| it == Purpose::Blocked);
        covering.filter(is_live).collect()
    }

    /// Returns whether `indicator` is exempt, by itself or by what covers it.
    pub(super) fn is_exempt(&self, indicator: Indicator) -> bool {
        self.covering(indicator, |it| it != Purpose::Blocked)
            .any(|it| self.exemptions.contains_key(&it))
    }

    /// Returns the blocks that are over at `now`.
    pub(super) fn over(&self, now: Timestamp) -> Vec<Indicator> {
        let over = self.blocks.iter().filter(|(_, it)| **it <= now);
        over.map(|(indicator, _)| *indicator).collect()
    }

    /// Returns each prefix over `indicator` that has a length in use.
    fn covering(
        &self,
        indicator: Indicator,
        is_meant: impl Fn(Purpose) -> bool,
    ) -> impl Iterator<Item = Indicator> {
        let lengths = self.keys().filter(move |it| {
            is_meant(it.purpose)
                && it.is_ipv6 != indicator.is_ipv4()
                && it.prefix_len <= indicator.prefix_len()
        });
        lengths.filter_map(move |it| Indicator::prefix(indicator.address(), it.prefix_len))
    }

    fn check_room(&self, key: SetKey, capacity: Capacity) -> Result<(), Full> {
        let (table, max) = match (key.is_ipv6, key.is_host(), key.prefix_len) {
            (false, true, _) => ("the table of blocked IPv4 addresses", capacity.hosts_v4),
            (true, true, _) => ("the table of blocked IPv6 addresses", capacity.hosts_v6),
            (true, false, 64) => ("the table of blocked IPv6 /64 prefixes", capacity.hosts_v6),
            (false, false, _) => ("the table of blocked IPv4 prefixes", capacity.prefixes),
            (true, false, _) => ("the table of blocked IPv6 prefixes", capacity.prefixes),
        };
        let is_single = key.is_host() || (key.is_ipv6 && key.prefix_len == 64);
        let shares = |it: &SetKey| {
            let is_net64 = it.is_ipv6 && it.prefix_len == 64;
            it.purpose == Purpose::Blocked
                && it.is_ipv6 == key.is_ipv6
                && (*it == key || (!is_single && !it.is_host() && !is_net64))
        };
        Full::check(table, max, self.count(shares))
    }

    fn count(&self, is_meant: impl Fn(&SetKey) -> bool) -> usize {
        let meant = self.counts.iter().filter(|(key, _)| is_meant(key));
        meant.map(|(_, count)| count).sum()
    }

    fn forget(&mut self, key: SetKey) {
        if let Some(count) = self.counts.get_mut(&key) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&key);
            }
        }
    }
}

/// There is no room for an entry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Full {
    table: &'static str,
    capacity: u32,
}

impl Full {
    fn check(table: &'static str, capacity: u32, count: usize) -> Result<(), Self> {
        if count < capacity as usize {
            return Ok(());
        }
        Err(Self { table, capacity })
    }
}

/// How many entries found no room, and in which table first.
#[derive(Debug, Default)]
pub(super) struct Refused {
    first: Option<Full>,
    count: usize,
}

impl Refused {
    pub(super) fn note(&mut self, result: Result<(), Full>) {
        if let Err(full) = result {
            self.first.get_or_insert(full);
            self.count += 1;
        }
    }

    pub(super) fn into_result(self) -> Result<(), EnforceError> {
        let Some(Full { table, capacity }) = self.first else {
            return Ok(());
        };
        Err(EnforceError::TableFull {
            table,
            capacity,
            refused: self.count,
        })
    }
}

#[cfg(test)]
mod tests;
