//! Violations: how often a source was caught, so that repetition costs it more.

use std::{collections::BTreeMap, time::Duration};

use crate::{Indicator, Timestamp};

/// Sources remembered: a large botnet's worth.
const SOURCES_MAX: usize = 65_536;

/// How long a source is remembered after it was caught last.
const REMEMBERED_FOR: Duration = Duration::from_secs(24 * 3600);

/// A full memory is searched for old sources this rarely: a spoofed flood makes new ones all day.
const PURGE_INTERVAL: Duration = Duration::from_secs(60);

/// Counts violations per source for a day after the last one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Violations {
    sources: BTreeMap<Indicator, (u32, Timestamp)>,
    purged_at: Timestamp,
}

impl Violations {
    /// Counts one more violation of `source`; returns how many there are now.
    ///
    /// Where the memory is full of recent sources, a new one counts as caught for the first time.
    pub(crate) fn add(&mut self, now: Timestamp, source: Indicator) -> u32 {
        if !self.sources.contains_key(&source) && self.sources.len() >= SOURCES_MAX {
            self.purge(now);
            if self.sources.len() >= SOURCES_MAX {
                return 1;
            }
        }
        let (count, last_at) = self.sources.entry(source).or_insert((0, now));
        if now.since(*last_at) >= REMEMBERED_FOR {
            *count = 0;
        }
        *count = count.saturating_add(1);
        *last_at = now;
        *count
    }

    /// Returns how often exactly `source` was caught within a day of `now`.
    pub(crate) fn count_of(&self, now: Timestamp, source: &Indicator) -> u32 {
        self.seen(now, source).map_or(0, |(count, _)| count)
    }

    /// Returns how often exactly `source` was caught and when last, if that is within a day.
    pub(crate) fn seen(&self, now: Timestamp, source: &Indicator) -> Option<(u32, Timestamp)> {
        let seen = self.sources.get(source).copied();
        seen.filter(|(_, last_at)| now.since(*last_at) < REMEMBERED_FOR)
    }

    fn purge(&mut self, now: Timestamp) {
        if now.since(self.purged_at) >= PURGE_INTERVAL {
            self.purged_at = now;
            self.sources
                .retain(|_, (_, last_at)| now.since(*last_at) < REMEMBERED_FOR);
        }
    }
}

#[cfg(test)]
mod tests;
