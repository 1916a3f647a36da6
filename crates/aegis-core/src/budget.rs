//! Budgets: how many blocks an author may hold here, and how fast it may ask for more.

use std::{collections::BTreeMap, time::Duration};

use crate::{NodeId, PeerClass, Refusal, Timestamp, TokenBucket};

/// Authors whose rate is remembered. A forgotten one starts with a full bucket, so only full
/// buckets are forgotten; where none is full, newcomers share one.
const AUTHORS_MAX: usize = 10_000;

/// A full table is searched for full buckets this rarely.
const PURGE_INTERVAL: Duration = Duration::from_secs(10);

/// What an author of one class may do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Allowance {
    /// Blocks it may hold at a time.
    pub active_max: u32,
    /// Alerts at once.
    pub burst: u32,
    /// Alerts per second after the burst.
    pub rate: u32,
}

impl Allowance {
    /// Returns what a peer of `class` may do before it has earned anything.
    pub const fn of(class: PeerClass) -> Self {
        match class {
            PeerClass::Configured | PeerClass::Lan => Self {
                active_max: 5_000,
                burst: 1_000,
                rate: 20,
            },
            PeerClass::Dht => Self {
                active_max: 0,
                burst: 50,
                rate: 1,
            },
        }
    }
}

/// What the authors have used of their allowance.
#[derive(Clone, Debug)]
pub(crate) struct Budgets {
    buckets: BTreeMap<NodeId, TokenBucket>,
    newcomers: TokenBucket,
    purged_at: Timestamp,
    active: BTreeMap<NodeId, u32>, // bounded by the blocklist: an author is here while it blocks
}

impl Budgets {
    pub(crate) fn new() -> Self {
        let shared = Allowance::of(PeerClass::Dht);
        Self {
            buckets: BTreeMap::new(),
            newcomers: TokenBucket::new(shared.burst, shared.rate),
            purged_at: Timestamp::EPOCH,
            active: BTreeMap::new(),
        }
    }

    /// Counts one alert of `author` against its rate and its active blocks.
    pub(crate) fn spend(
        &mut self,
        now: Timestamp,
        author: NodeId,
        class: PeerClass,
    ) -> Result<(), Refusal> {
        let allowance = Allowance::of(class);
        if !self.bucket(now, author, allowance).take(now) {
            return Err(Refusal::TooFast);
        }
        let active = self.active.get(&author).copied().unwrap_or(0);
        // A stranger has no blocks to spend; what it says is refused for lack of trust, not here.
        if allowance.active_max > 0 && active >= allowance.active_max {
            return Err(Refusal::BudgetSpent {
                active_max: allowance.active_max,
            });
        }
        Ok(())
    }

    pub(crate) fn add_active(&mut self, author: NodeId) {
        *self.active.entry(author).or_default() += 1;
    }

    pub(crate) fn remove_active(&mut self, author: NodeId) {
        if let Some(active) = self.active.get_mut(&author) {
            *active -= 1;
            if *active == 0 {
                self.active.remove(&author);
            }
        }
    }

    /// Returns whether no author holds a block.
    #[cfg(test)]
    pub(crate) fn is_idle(&self) -> bool {
        self.active.is_empty()
    }

    fn bucket(&mut self, now: Timestamp, author: NodeId, it: Allowance) -> &mut TokenBucket {
        if !self.buckets.contains_key(&author) && self.buckets.len() >= AUTHORS_MAX {
            if now.since(self.purged_at) >= PURGE_INTERVAL {
                self.purged_at = now;
                self.buckets.retain(|_, bucket| !bucket.is_full(now));
            }
            if self.buckets.len() >= AUTHORS_MAX {
                return &mut self.newcomers;
            }
        }
        self.buckets
            .entry(author)
            .or_insert_with(|| TokenBucket::new(it.burst, it.rate))
    }
}
