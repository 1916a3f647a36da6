//! Budgets: how many blocks an author may hold here, and how fast it may ask for more.

use std::{collections::BTreeMap, time::Duration};

use crate::{NodeId, PeerClass, Refusal, Timestamp, TokenBucket, trust::model::PeerTrust};

/// Authors whose rate is remembered. A forgotten one starts with a full bucket, so only full
/// buckets are forgotten; where none is full, newcomers share one.
const AUTHORS_MAX: usize = 10_000;

/// Verified cases, all of them right, that earn a peer the largest allowance.
const RISE_CASES: u64 = 100;

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
    /// What a publisher of a trusted organisation may do.
    pub const PUBLISHER: Self = Self {
        active_max: 1_000_000,
        burst: 5_000,
        rate: 500,
    };

    /// Returns the greater of both, in every respect.
    pub fn at_least(self, least: Self) -> Self {
        Self {
            active_max: self.active_max.max(least.active_max),
            burst: self.burst.max(least.burst),
            rate: self.rate.max(least.rate),
        }
    }

    /// Returns what a peer of `class` may do that has earned `trust`.
    ///
    /// Each verified case in which it was right is worth a hundredth of a full rise, each in which
    /// it was wrong costs ten of them: to four times what a LAN peer has, and to a LAN peer's for a
    /// stranger.
    pub fn earned(class: PeerClass, trust: &PeerTrust) -> Self {
        let earned = trust.right.saturating_sub(trust.wrong.saturating_mul(10));
        let share = earned.min(RISE_CASES) as f64 / RISE_CASES as f64;
        let (from, to) = match class {
            PeerClass::Configured | PeerClass::Lan => {
                let base = Self::of(class);
                (base, base.times(4))
            }
            PeerClass::Dht => (Self::of(class), Self::of(PeerClass::Lan)),
        };
        let between = |from: u32, to: u32| from + (f64::from(to - from) * share) as u32;
        Self {
            active_max: between(from.active_max, to.active_max),
            burst: between(from.burst, to.burst),
            rate: between(from.rate, to.rate),
        }
    }

    const fn times(self, factor: u32) -> Self {
        Self {
            active_max: self.active_max * factor,
            burst: self.burst * factor,
            rate: self.rate * factor,
        }
    }

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
        allowance: Allowance,
    ) -> Result<(), Refusal> {
        if !self.bucket(now, author, allowance).take(now) {
            return Err(Refusal::TooFast);
        }
        self.afford(author, allowance)
    }

    /// Counts nothing, and returns whether `author` may hold one more block.
    pub(crate) fn afford(&self, author: NodeId, allowance: Allowance) -> Result<(), Refusal> {
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

    /// Returns how many blocks `author` holds.
    pub(crate) fn active(&self, author: &NodeId) -> usize {
        let active = self.active.get(author).copied().unwrap_or(0);
        usize::try_from(active).unwrap_or(usize::MAX)
    }

    /// Returns whether `author` holds a block.
    pub(crate) fn is_active(&self, author: &NodeId) -> bool {
        self.active.contains_key(author)
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
        let bucket = self.buckets.entry(author);
        let bucket = bucket.or_insert_with(|| TokenBucket::new(it.burst, it.rate));
        bucket.resize(it.burst, it.rate);
        bucket
    }
}
