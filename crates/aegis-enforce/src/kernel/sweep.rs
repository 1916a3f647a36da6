//! Reading the blocklist back, and taking out what is over.

use std::{collections::BTreeMap, io, time::Duration};

use aegis_abi::{BlockEntry, Counter, config_flag};
use aegis_core::{Indicator, Timestamp};

use super::{
    KernelEnforcer,
    clock::Ticks,
    exempt::is_exempt,
    lists::{Entry, Place},
    set_flag,
};
use crate::{Blocked, EnforceError};

/// How often blocks are written again that end later than an entry can say.
const RENEW_INTERVAL: Duration = Duration::from_secs(3600);
/// The filter is skipped while more than this share of the packets is dropped.
const SKIP_FILTER_PERCENT: u64 = 50;
/// Fewer packets since the last look say nothing about a share.
const SHARE_PACKETS_MIN: u64 = 10_000;

impl KernelEnforcer {
    /// Returns the live blocks as the kernel holds them, in order.
    pub(crate) fn blocklist(&self, now: Timestamp) -> Result<Vec<Blocked>, EnforceError> {
        let ticks = self.clock.read(now)?;
        let failed = || EnforceError::kernel("read the blocklist");
        let mut blocked = BTreeMap::new();
        for (place, entry) in self.lists.all().map_err(failed())? {
            let entry = place
                .indicator()
                .and_then(|it| self.to_blocked(ticks, it, entry));
            blocked.extend(entry.map(|it| (it.indicator, it)));
        }
        for (indicator, own) in self.own.all(&self.tables).map_err(failed())? {
            let listed = blocked.remove(&indicator);
            blocked.extend(join(ticks, indicator, listed, Some(own)).map(|it| (indicator, it)));
        }
        Ok(blocked.into_values().collect())
    }

    /// Returns the live blocks of exactly these indicators, as the kernel holds them.
    pub(crate) fn entries(
        &self,
        now: Timestamp,
        indicators: &[Indicator],
    ) -> Result<Vec<Blocked>, EnforceError> {
        let ticks = self.clock.read(now)?;
        let mut blocked = Vec::new();
        for indicator in indicators {
            let look = || -> io::Result<Option<Blocked>> {
                let entry = match Place::of(*indicator) {
                    Some(place) => self.lists.find(place)?,
                    None => None,
                };
                let listed = entry.and_then(|it| self.to_blocked(ticks, *indicator, it));
                let own = self.own.find(&self.tables, *indicator)?;
                Ok(join(ticks, *indicator, listed, own))
            };
            blocked.extend(look().map_err(EnforceError::kernel("read a block"))?);
        }
        Ok(blocked)
    }

    /// Returns whether the program would drop packets from all of `indicator`.
    pub(crate) fn is_blocked(
        &self,
        now: Timestamp,
        indicator: Indicator,
    ) -> Result<bool, EnforceError> {
        let ticks = self.clock.read(now)?;
        let look = || -> io::Result<bool> {
            Ok(!is_exempt(&self.tables, indicator)?
                && (self.lists.is_blocked(ticks, indicator)?
                    || self.own.is_blocked(&self.tables, ticks, indicator)?))
        };
        look().map_err(EnforceError::kernel("read the blocklist"))
    }

    /// Removes what is over, and mends the ends of entries after the host slept or its clock
    /// stepped; returns how many entries it removed.
    pub(crate) fn sweep(&mut self, now: Timestamp) -> Result<usize, EnforceError> {
        let ticks = self.clock.read(now)?;
        self.mend(ticks)?;
        if now.since(self.renewed_at) >= RENEW_INTERVAL {
            self.renewed_at = now;
            let renewed = self.lists.renew_clipped(ticks);
            renewed.map_err(EnforceError::kernel("write a block"))?;
        }
        self.account.settle(ticks.jiffies, ticks.hz)?;
        self.choose_filter()?;
        let removed = self.sweep_all(ticks)?;
        self.update_flags(ticks)?;
        Ok(removed)
    }

    /// Removes everything that is over.
    pub(super) fn sweep_all(&mut self, ticks: Ticks) -> Result<usize, EnforceError> {
        let now = self.lists.expiry_now(ticks);
        let mut sweep = || -> io::Result<usize> {
            let all = self.lists.all()?;
            let over = all.iter().filter(|it| !it.1.expiry.is_after(now));
            let mut removed = 0;
            for (place, _) in over {
                self.lists.remove(*place)?;
                removed += 1;
            }
            self.lists.refresh()?;
            self.exemptions
                .open_gates(&self.tables, self.lists.gate())?;
            Ok(removed + self.own.sweep(&self.tables, ticks)?)
        };
        sweep().map_err(EnforceError::kernel("sweep the blocklist"))
    }

    /// Moves the ends of entries where wall-clock time and ticks went apart, by whole units.
    pub(super) fn mend(&mut self, ticks: Ticks) -> Result<(), EnforceError> {
        let unit = super::clock::duration_of(1 << self.lists.config.expiry_shift, ticks.hz);
        let unit = (unit.as_millis() as i64).max(1);
        let drift = ticks.offset_millis() - self.offset_millis;
        // Time that passed without ticks brings the end nearer; never by more than passed.
        let units = -drift.div_euclid(unit);
        if units == 0 || drift.abs() < unit {
            return Ok(());
        }
        tracing::info!(
            drift_ms = drift,
            "Clock stepped, mending the ends of blocks"
        );
        self.offset_millis -= units * unit;
        self.lists
            .shift_all(ticks, units)
            .map_err(EnforceError::kernel("mend the ends of blocks"))
    }

    /// Lets packets skip the filter while most of them are dropped anyway.
    fn choose_filter(&mut self) -> Result<(), EnforceError> {
        let counters = self.counters()?;
        let now = [
            counters.get(Counter::Packets),
            counters.get(Counter::Dropped),
        ];
        let [packets, dropped] = [
            now[0].saturating_sub(self.dropped[0]),
            now[1].saturating_sub(self.dropped[1]),
        ];
        self.dropped = now;
        let is_most = packets >= SHARE_PACKETS_MIN && dropped * 100 > packets * SKIP_FILTER_PERCENT;
        set_flag(
            &mut self.lists.config.flags,
            config_flag::SKIP_FILTER,
            is_most,
        );
        Ok(())
    }

    /// Returns what a live entry says; `None` where it is over.
    pub(super) fn to_blocked(
        &self,
        ticks: Ticks,
        indicator: Indicator,
        entry: Entry,
    ) -> Option<Blocked> {
        entry
            .expiry
            .is_after(self.lists.expiry_now(ticks))
            .then(|| Blocked {
                indicator,
                expires_at: self.lists.expires_at(ticks, entry.expiry),
                packets: entry.packets,
                bytes: entry.bytes,
                violations: 0,
                last_seen: None,
                is_from_detector: false,
            })
    }
}

/// Returns what the lists and the kernel's own table say of one indicator together.
pub(super) fn join(
    ticks: Ticks,
    indicator: Indicator,
    listed: Option<Blocked>,
    own: Option<BlockEntry>,
) -> Option<Blocked> {
    let Some(own) = own.filter(|it| ticks.jiffies < it.deadline) else {
        return listed;
    };
    let ends_at = ticks.timestamp(own.deadline);
    Some(Blocked {
        indicator,
        expires_at: listed.map_or(ends_at, |it| it.expires_at.max(ends_at)),
        packets: own.packets + listed.map_or(0, |it| it.packets),
        bytes: own.bytes + listed.map_or(0, |it| it.bytes),
        violations: own.violations,
        last_seen: (own.last_seen != 0).then(|| ticks.timestamp(own.last_seen)),
        is_from_detector: listed.is_none(),
    })
}
