//! How many packets a second, from counters that are read now and then.

use std::collections::VecDeque;

use aegis_api::{Stats, Timestamp};

/// Rates that are kept: a wide screen of bars.
const RATES_MAX: usize = 240;

/// Packets a second, at one moment.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Rate {
    pub(crate) packets: u64,
    pub(crate) dropped: u64,
}

/// The rates of the last minutes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Traffic {
    rates: VecDeque<Rate>,           // oldest first, at most RATES_MAX
    last: Option<(Timestamp, Rate)>, // the counters themselves, and when they were read
}

impl Traffic {
    /// Takes what was counted by `now`. Counters that went back are those of a new program.
    pub(crate) fn take(&mut self, now: Timestamp, stats: &Stats) {
        let counted = Rate {
            packets: stats.total.packets,
            dropped: stats.dropped.packets,
        };
        let Some((at, before)) = self.last.replace((now, counted)) else {
            return;
        };
        let millis = u64::try_from(now.since(at).as_millis()).unwrap_or(u64::MAX);
        let went_back = counted.packets < before.packets || counted.dropped < before.dropped;
        if millis == 0 || went_back {
            return;
        }
        let per_second = |now: u64, before: u64| (now - before).saturating_mul(1_000) / millis;
        if self.rates.len() == RATES_MAX {
            self.rates.pop_front();
        }
        self.rates.push_back(Rate {
            packets: per_second(counted.packets, before.packets),
            dropped: per_second(counted.dropped, before.dropped),
        });
    }

    /// Forgets the counters, so that no rate is told over a time in which nobody looked.
    pub(crate) fn interrupt(&mut self) {
        self.last = None;
    }

    pub(crate) fn now(&self) -> Option<Rate> {
        self.rates.back().copied()
    }

    /// Returns the newest rates, at most `count`, oldest first.
    pub(crate) fn newest(&self, count: usize) -> impl Iterator<Item = Rate> {
        let start = self.rates.len().saturating_sub(count);
        self.rates.iter().skip(start).copied()
    }
}
