//! Leaky buckets: how much somebody did lately, of one kind.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use aegis_core::{Indicator, Timestamp};

use super::{Rule, Threshold};

/// Sources counted at a time, for all rules: a large botnet's worth, some megabytes.
const BUCKETS_MAX: usize = 65_536;

/// A full table is searched for what has leaked this rarely.
const PURGE_INTERVAL: Duration = Duration::from_secs(1);

/// The parts that an event is counted in, so that a bucket leaks in whole numbers.
const PARTS: u64 = 1_000;

/// How far apart the clocks of lines can be that are counted: ten minutes old, or five ahead.
const APART_MAX: Duration = Duration::from_secs(900);

/// Buckets by source and rule. Addresses of IPv6 are counted by their /64: whoever has one has all.
#[derive(Clone, Debug, Default)]
pub(super) struct Buckets {
    buckets: BTreeMap<(Source, Rule), Bucket>,
    purged_at: Timestamp,
}

#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Source(IpAddr); // with the last 64 bits zero, if IPv6

#[derive(Clone, Copy, Debug)]
struct Bucket {
    parts: u64,
    leaked_at: Timestamp,
    first: IpAddr,
    has_several: bool,
}

/// What an event came to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Level {
    /// So many events are in the bucket.
    Counted(u32),
    /// The bucket is full: this did it, so often.
    Full(Indicator, u32),
    /// There is no room for another source.
    NoRoom,
}

impl Buckets {
    /// Counts an event of `address`; a bucket that is full is emptied.
    pub(super) fn add(
        &mut self,
        now: Timestamp,
        (address, rule): (IpAddr, Rule),
        threshold: Threshold,
    ) -> Level {
        let address = address.to_canonical();
        let key = (Source::of(address), rule);
        if self.buckets.len() >= BUCKETS_MAX && !self.buckets.contains_key(&key) {
            self.purge(now);
            if self.buckets.len() >= BUCKETS_MAX {
                return Level::NoRoom;
            }
        }
        let bucket = self.buckets.entry(key).or_insert(Bucket {
            parts: 0,
            leaked_at: now,
            first: address,
            has_several: false,
        });
        bucket.leak(now, threshold);
        bucket.has_several |= bucket.first != address;
        bucket.parts += PARTS;
        let events = u32::try_from(bucket.parts.div_ceil(PARTS)).unwrap_or(u32::MAX);
        if events < threshold.events {
            return Level::Counted(events);
        }
        let source = if bucket.has_several {
            prefix_of(address)
        } else {
            Indicator::host(address)
        };
        self.buckets.remove(&key);
        Level::Full(source, events)
    }

    /// Forgets what somebody did who proved to belong here.
    pub(super) fn forgive(&mut self, address: IpAddr, rule: Rule) {
        let source = Source::of(address.to_canonical());
        self.buckets.remove(&(source, rule));
    }

    fn purge(&mut self, now: Timestamp) {
        if is_before(now, self.purged_at) {
            self.purged_at = now;
        }
        if now.since(self.purged_at) < PURGE_INTERVAL {
            return;
        }
        self.purged_at = now;
        // Who did one thing goes first: a crowd of such must not stop the counting of others.
        self.buckets.retain(|_, it| it.parts > PARTS);
    }
}

impl Bucket {
    fn leak(&mut self, now: Timestamp, threshold: Threshold) {
        let within = u64::try_from(threshold.within.as_millis()).unwrap_or(u64::MAX);
        let passed = u64::try_from(now.since(self.leaked_at).as_millis()).unwrap_or(u64::MAX);
        let rate = u64::from(threshold.events) * PARTS;
        let leaked = u128::from(passed) * u128::from(rate) / u128::from(within.max(1));
        let leaked = u64::try_from(leaked).unwrap_or(u64::MAX);
        self.parts = self.parts.saturating_sub(leaked);
        self.leaked_at = match is_before(now, self.leaked_at) {
            true => now,
            false => self.leaked_at.max(now),
        };
        if self.parts == 0 {
            self.has_several = false;
        }
    }
}

/// Returns whether the clock was set back since `then`: lines that count are no further apart otherwise.
fn is_before(now: Timestamp, then: Timestamp) -> bool {
    then.since(now) > APART_MAX
}

impl Source {
    pub(super) fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self(address),
            IpAddr::V6(it) => Self(Ipv6Addr::from(it.to_bits() >> 64 << 64).into()),
        }
    }
}

/// Returns the network that is counted together.
fn prefix_of(address: IpAddr) -> Indicator {
    let Source(network) = Source::of(address);
    let whole = Indicator::host(address);
    match network {
        IpAddr::V4(_) => whole,
        IpAddr::V6(it) => format!("{it}/64").parse().unwrap_or(whole),
    }
}

#[cfg(test)]
mod tests;
