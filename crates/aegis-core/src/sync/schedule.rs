//! When to reconcile with whom.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use crate::{NodeId, Timestamp, dice::Dice};

/// A peer just met is asked within so long: at once for a person, apart for a crowd.
const MET_WITHIN: Duration = Duration::from_millis(300);

/// Of two that meet, the one with the higher id waits so much longer: mostly one session does
/// for both.
const SECOND_AFTER: Duration = Duration::from_secs(1);

/// The time between rounds while they bring something, and the longest while they bring nothing.
const ROUND_MIN: Duration = Duration::from_secs(2);
const ROUND_MAX: Duration = Duration::from_secs(600);

/// After something came in others may lack it, so a node asks its peers in turn, each once and so
/// many at most, although that brings nothing: a node whom gossip missed is found by any neighbour
/// that has the alert.
const SWEEP_MAX: u32 = 16;

/// How long such a sweep takes at least. With fewer peers the rounds are no quicker than others.
const SWEEP_FOR: Duration = Duration::from_secs(16);

/// After a failed session the next peer is tried so soon.
const FAILED_AFTER: Duration = Duration::from_secs(2);

/// How long a peer that failed is left alone: doubled with each failure.
const REST_MIN: Duration = Duration::from_secs(10);
const REST_DOUBLINGS_MAX: u32 = 6;

/// Peers that failed and are remembered; the one that is left alone least long makes room.
const RESTING_MAX: usize = 1_024;

/// How a session ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Ending {
    /// Nothing was to be exchanged, or nothing that gossip would not have brought.
    Idle,
    /// Something was exchanged.
    News,
    /// It was of no use.
    Failed,
}

#[derive(Clone, Copy, Debug)]
struct Rest {
    failures: u32,
    until: Timestamp,
}

/// Whom to ask next, and when.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    node: NodeId,
    dice: Dice,
    connected: BTreeSet<NodeId>,
    met: BTreeMap<NodeId, Timestamp>, // when each peer just met is due; a part of `connected`
    resting: BTreeMap<NodeId, Rest>,
    round_at: Timestamp,
    interval: Duration,
    sweep: u32,              // quick rounds that are left
    swept: BTreeSet<NodeId>, // who was in step since the last change; a part of `connected`
}

impl Schedule {
    pub(crate) fn new(node: NodeId, seed: u64) -> Self {
        Self {
            node,
            dice: Dice::new(seed),
            connected: BTreeSet::new(),
            met: BTreeMap::new(),
            resting: BTreeMap::new(),
            round_at: Timestamp::EPOCH,
            interval: ROUND_MIN,
            sweep: 0,
            swept: BTreeSet::new(),
        }
    }

    /// A peer is there; `is_cold` says that this node has nothing yet.
    pub(crate) fn handle_connected(&mut self, now: Timestamp, peer: NodeId, is_cold: bool) {
        if self.connected.is_empty() {
            self.interval = ROUND_MIN;
            self.round_at = now + self.wait(ROUND_MIN * 3);
        }
        if !self.connected.insert(peer) {
            return;
        }
        let wait = MET_WITHIN.mul_f64(self.dice.unit());
        let is_first = is_cold || self.node < peer;
        let extra = if is_first {
            Duration::ZERO
        } else {
            SECOND_AFTER
        };
        let rested = self.resting.get(&peer).map(|it| it.until);
        let due = (now + wait + extra).max(rested.unwrap_or_default());
        self.met.insert(peer, due);
    }

    pub(crate) fn handle_left(&mut self, peer: &NodeId) {
        self.connected.remove(peer);
        self.met.remove(peer);
        self.swept.remove(peer);
    }

    /// The peer asked this node and was in step, so it need not be asked in its turn.
    pub(crate) fn handle_asked(&mut self, peer: &NodeId) {
        self.met.remove(peer);
        if self.connected.contains(peer) {
            self.swept.insert(*peer);
        }
    }

    /// Something came in, by whatever way.
    pub(crate) fn handle_change(&mut self, now: Timestamp) {
        self.sweep = SWEEP_MAX;
        self.swept.clear();
        self.interval = ROUND_MIN;
        if self.round_at > now + ROUND_MIN * 2 {
            self.round_at = now + self.wait(ROUND_MIN);
        }
    }

    /// A session with `peer` ended.
    pub(crate) fn handle_ended(&mut self, now: Timestamp, peer: NodeId, ending: Ending) {
        match ending {
            Ending::Idle => {
                match self.sweep.checked_sub(1) {
                    Some(left) => self.sweep = left,
                    None => self.interval = (self.interval * 2).min(ROUND_MAX),
                }
                self.in_step(now, peer);
            }
            Ending::News => {
                self.interval = ROUND_MIN;
                self.in_step(now, peer);
            }
            Ending::Failed => {
                self.rest(now, peer);
                let soon = now + self.wait(FAILED_AFTER);
                self.round_at = self.round_at.min(soon);
            }
        }
    }

    /// Returns a peer to ask now and whether it was just met, if one is due. `busy` are not asked.
    pub(crate) fn poll(
        &mut self,
        now: Timestamp,
        busy: impl Fn(&NodeId) -> bool,
    ) -> Option<(NodeId, bool)> {
        let due = self
            .met
            .iter()
            .find(|(peer, due)| **due <= now && !busy(peer));
        if let Some((peer, _)) = due {
            let peer = *peer;
            self.met.remove(&peer);
            return Some((peer, true));
        }
        if now < self.round_at {
            return None;
        }
        let (mut candidates, mut rested_at) = (Vec::new(), None);
        for peer in self.connected.iter().filter(|it| !busy(it)) {
            match self.resting.get(peer) {
                None => candidates.push((*peer, 0)),
                Some(rest) if rest.until <= now => candidates.push((*peer, rest.failures)),
                Some(rest) => rested_at = rested_at.into_iter().chain([rest.until]).min(),
            }
        }
        // Nobody to ask: whoever has rested, or a session that ends, gives the next occasion.
        self.round_at = match (candidates.is_empty(), rested_at) {
            (true, Some(until)) => until,
            (true, None) => now + ROUND_MAX,
            (false, _) => now + self.pause(),
        };
        let peer = self.choose(candidates)?;
        let is_met = self.met.remove(&peer).is_some();
        Some((peer, is_met))
    }

    /// Chooses one of `candidates`, which come with how often each has failed.
    fn choose(&mut self, candidates: Vec<(NodeId, u32)>) -> Option<NodeId> {
        if self.sweep > 0 {
            let unswept = candidates.iter().filter(|it| !self.swept.contains(&it.0));
            // Silent peers come last: the sweep is over before it gets to most of them.
            if let Some(fewest) = unswept.clone().map(|it| it.1).min() {
                let best = unswept.filter(|it| it.1 == fewest);
                let best: Vec<_> = best.map(|it| (it.0, 1.0)).collect();
                return self.dice.choose(&best, 1).pop();
            }
            self.sweep = 0;
        }
        // Who failed before is the less likely to be of use the oftener it did.
        let weight = |failures: u32| 0.25f64.powi(failures.min(REST_DOUBLINGS_MAX) as i32);
        let weighted = candidates
            .into_iter()
            .map(|(it, failures)| (it, weight(failures)));
        self.dice.choose(&weighted.collect::<Vec<_>>(), 1).pop()
    }

    /// Returns when `poll` is worth calling; `None` without peers.
    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        if self.connected.is_empty() {
            return None;
        }
        let met = self.met.values().min().copied();
        Some(met.unwrap_or(self.round_at).min(self.round_at))
    }

    /// The clock was set back: nothing waits longer than it would from now on.
    pub(crate) fn heal(&mut self, now: Timestamp) {
        self.round_at = self.round_at.min(now + ROUND_MAX);
        for due in self.met.values_mut() {
            *due = (*due).min(now + SECOND_AFTER);
        }
        self.resting.clear();
    }

    /// `peer` holds what this node holds, now that their session is over.
    fn in_step(&mut self, now: Timestamp, peer: NodeId) {
        self.resting.remove(&peer);
        if self.connected.contains(&peer) {
            self.swept.insert(peer);
        }
        self.round_at = now + self.pause();
    }

    /// Returns how long to wait until the next round.
    fn pause(&mut self) -> Duration {
        if self.sweep == 0 {
            return self.wait(self.interval);
        }
        let is_of_use = |it: &&NodeId| !self.resting.contains_key(*it);
        let of_use = self.connected.iter().filter(is_of_use).count();
        let of_use = u32::try_from(of_use).map_or(SWEEP_MAX, |it| it.min(SWEEP_MAX));
        self.wait(self.interval.min(SWEEP_FOR / of_use.max(1)))
    }

    fn rest(&mut self, now: Timestamp, peer: NodeId) {
        let failures = self.resting.get(&peer).map_or(0, |it| it.failures);
        if failures == 0 && self.resting.len() >= RESTING_MAX {
            let soonest = self.resting.iter().min_by_key(|(_, it)| it.until);
            if let Some(soonest) = soonest.map(|(peer, _)| *peer) {
                self.resting.remove(&soonest);
            }
        }
        let until = now + REST_MIN * (1 << failures.min(REST_DOUBLINGS_MAX));
        let failures = failures.saturating_add(1);
        if failures > 1 {
            self.sweep = self.sweep.saturating_sub(1); // silent peers may be many
        }
        self.resting.insert(peer, Rest { failures, until });
    }

    /// Returns about `middle`, a quarter more or less.
    fn wait(&mut self, middle: Duration) -> Duration {
        middle.mul_f64(0.75 + self.dice.unit() / 2.0)
    }
}
