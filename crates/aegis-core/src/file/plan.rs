//! Fetching a file: which chunk to ask of which holder next, whatever the holders do.
//!
//! Rarest chunks first, those alike in an order that chance chose, so that many who fetch at once
//! have different chunks to give each other. What a slow holder owes is asked of others as well, and it
//! is asked for no more until it sends; one that served a wrong chunk is asked nothing any more.

use std::{collections::BTreeMap, time::Duration};

use super::ChunkSet;
use crate::{NodeId, Timestamp, dice::Dice};

/// Holders of a file that are asked at a time.
pub const HOLDERS_MAX: usize = 32;

/// Chunks asked of one holder at a time: a megabyte, which keeps a fast link busy.
pub const IN_FLIGHT_PER_HOLDER_MAX: usize = 4;

/// Chunks asked of all holders at a time, without those that are slow to come, so that silent holders
/// do not keep the others idle. A fetch takes 256 KiB of memory for each that comes at once.
const IN_FLIGHT_MAX: usize = 24;

/// After how long a chunk is asked of another holder as well.
const SLOW_AFTER: Duration = Duration::from_secs(3);

/// After how long a chunk is not waited for any more.
const LOST_AFTER: Duration = Duration::from_secs(20);

/// How long a holder that did not answer is left alone; twice as long each further time.
const PAUSE: Duration = Duration::from_millis(500);

/// How long at most.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// What to ask, and whom.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Ask {
    /// Whom.
    pub holder: NodeId,
    /// For which chunk.
    pub chunk: u32,
}

/// What became of a chunk that came.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Receipt {
    /// It was missing and is to be kept.
    Taken,
    /// It is there already.
    Spare,
}

/// What is known of a holder.
#[derive(Clone, Debug)]
struct Holder {
    has: ChunkSet,
    is_shunned: bool,
    failures: u32, // in a row
    ready_at: Timestamp,
}

/// The state of fetching one file.
#[derive(Clone, Debug)]
pub struct Plan {
    have: ChunkSet,
    holders: BTreeMap<NodeId, Holder>,
    in_flight: BTreeMap<(u32, NodeId), Timestamp>, // with when it was asked
    owners: Vec<u16>,                              // how many holders have each chunk
    order: Vec<u32>,                               // a place for each chunk, by chance
}

impl Plan {
    /// Returns a plan to complete `have`.
    pub fn new(have: ChunkSet, seed: u64) -> Self {
        let chunks = have.chunks();
        let mut dice = Dice::new(seed);
        let mut drawn: Vec<(f64, u32)> = (0..chunks).map(|it| (dice.unit(), it)).collect();
        drawn.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let mut order = vec![0; chunks as usize];
        for (place, (_, chunk)) in (0..).zip(drawn) {
            order[chunk as usize] = place;
        }
        Self {
            have,
            holders: BTreeMap::new(),
            in_flight: BTreeMap::new(),
            owners: vec![0; chunks as usize],
            order,
        }
    }

    /// Returns the chunks that are there.
    pub const fn have(&self) -> &ChunkSet {
        &self.have
    }

    /// Returns whether every chunk is there.
    pub fn is_complete(&self) -> bool {
        self.have.is_full()
    }

    /// Takes in what a node has of the file; returns whether it may be asked. Of a file with another
    /// number of chunks nothing can be had.
    pub fn meet(&mut self, node: NodeId, has: ChunkSet) -> bool {
        if has.chunks() != self.have.chunks() {
            return false;
        }
        if let Some(known) = self.holders.get_mut(&node) {
            let before = std::mem::replace(&mut known.has, has.clone());
            let is_welcome = !known.is_shunned;
            self.count_owners(&before, u16::saturating_sub);
            self.count_owners(&has, u16::saturating_add);
            return is_welcome;
        }
        if self.holders.len() >= HOLDERS_MAX {
            return false;
        }
        self.count_owners(&has, u16::saturating_add);
        let holder = Holder {
            has,
            is_shunned: false,
            failures: 0,
            ready_at: Timestamp::EPOCH,
        };
        self.holders.insert(node, holder);
        true
    }

    /// Takes in that a node is gone: what it owes is asked of others. One that is shunned stays so.
    pub fn part(&mut self, node: &NodeId) {
        self.in_flight.retain(|(_, holder), _| holder != node);
        let is_shunned = |it: &Holder| it.is_shunned;
        if self.holders.get(node).is_some_and(|it| !is_shunned(it))
            && let Some(holder) = self.holders.remove(node)
        {
            self.count_owners(&holder.has, u16::saturating_sub);
        }
    }

    /// Returns the holders that may be asked, and how many chunks each has.
    pub fn holders(&self) -> impl Iterator<Item = (NodeId, u32)> {
        let welcome = self.holders.iter().filter(|(_, it)| !it.is_shunned);
        welcome.map(|(node, it)| (*node, it.has.len()))
    }

    /// Returns whether a node served a wrong chunk.
    pub fn is_shunned(&self, node: &NodeId) -> bool {
        self.holders.get(node).is_some_and(|it| it.is_shunned)
    }

    /// Returns what to ask next, and counts it as asked; `None` while there is nothing to ask.
    pub fn poll_ask(&mut self, now: Timestamp) -> Option<Ask> {
        if self.is_complete() || self.expected(now) >= IN_FLIGHT_MAX {
            return None;
        }
        let mut idle: Vec<(usize, NodeId)> = Vec::new();
        for (node, holder) in &self.holders {
            let owes = self.owed_by(node);
            let is_ready = !holder.is_shunned && holder.ready_at <= now && !self.is_slow(now, node);
            // One that has failed is tried with one chunk.
            let owes_max = if holder.failures > 0 {
                1
            } else {
                IN_FLIGHT_PER_HOLDER_MAX
            };
            if is_ready && owes < owes_max {
                idle.push((owes, *node));
            }
        }
        idle.sort_unstable(); // least busy first
        let ask = idle.into_iter().find_map(|(_, holder)| {
            let chunk = self.best_of(now, &holder)?;
            Some(Ask { holder, chunk })
        })?;
        self.in_flight.insert((ask.chunk, ask.holder), now);
        Some(ask)
    }

    /// Takes in that `holder` sent the right bytes of a chunk.
    pub fn take(&mut self, holder: &NodeId, chunk: u32) -> Receipt {
        self.in_flight.remove(&(chunk, *holder));
        if let Some(known) = self.holders.get_mut(holder) {
            known.failures = 0;
        }
        if !self.have.insert(chunk) {
            return Receipt::Spare;
        }
        // Whoever else was asked for it may do something else.
        self.in_flight.retain(|(it, _), _| *it != chunk);
        Receipt::Taken
    }

    /// Takes in that `holder` sent wrong bytes: it is the culprit, and is asked nothing any more.
    pub fn shun(&mut self, holder: &NodeId) {
        self.in_flight.retain(|(_, it), _| it != holder);
        let Some(known) = self.holders.get_mut(holder) else {
            return;
        };
        known.is_shunned = true;
        let none = ChunkSet::none(known.has.chunks());
        let had = std::mem::replace(&mut known.has, none);
        self.count_owners(&had, u16::saturating_sub);
    }

    /// Takes in that `holder` does not have a chunk that it seemed to have.
    pub fn lack(&mut self, now: Timestamp, holder: &NodeId, chunk: u32) {
        if let Some(known) = self.holders.get_mut(holder)
            && known.has.remove(chunk)
            && let Some(owners) = self.owners.get_mut(chunk as usize)
        {
            *owners = owners.saturating_sub(1);
        }
        self.fail(now, holder, chunk);
    }

    /// Takes in that `holder` did not answer, or has no time: it is left alone for a while.
    pub fn fail(&mut self, now: Timestamp, holder: &NodeId, chunk: u32) {
        self.in_flight.remove(&(chunk, *holder));
        if let Some(known) = self.holders.get_mut(holder) {
            let pause = PAUSE.saturating_mul(1 << known.failures.min(10));
            known.failures = known.failures.saturating_add(1);
            known.ready_at = now + pause.min(PAUSE_MAX);
        }
    }

    /// Ends the waiting for what is overdue at `now`.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        let overdue = self
            .in_flight
            .iter()
            .filter(|(_, asked_at)| now.since(**asked_at) >= LOST_AFTER);
        let overdue: Vec<(u32, NodeId)> = overdue.map(|(key, _)| *key).collect();
        for (chunk, holder) in overdue {
            self.fail(now, &holder, chunk);
        }
    }

    /// Returns when there may be something to ask that there is not now.
    pub fn poll_timeout(&self, now: Timestamp) -> Option<Timestamp> {
        let asked = self.in_flight.values();
        let slow = asked.flat_map(|it| [*it + SLOW_AFTER, *it + LOST_AFTER]);
        let welcome = self.holders.values().filter(|it| !it.is_shunned);
        let ready = welcome.map(|it| it.ready_at);
        slow.chain(ready).filter(|it| *it > now).min()
    }

    /// Returns the chunk to ask of a holder: the rarest that nobody was asked for, or else one that
    /// another holder is slow to send.
    fn best_of(&self, now: Timestamp, node: &NodeId) -> Option<u32> {
        let has = &self.holders.get(node)?.has;
        let wanted = |chunk: &u32| !self.have.contains(*chunk) && has.contains(*chunk);
        let chunks = (0..self.have.chunks()).filter(wanted);
        let mut free: Option<((u16, u32), u32)> = None;
        let mut slow: Option<((Timestamp, u32), u32)> = None;
        for chunk in chunks {
            let place = self.order[chunk as usize];
            match self.asked_of(chunk) {
                None => {
                    let rank = (self.owners[chunk as usize], place);
                    free = Some(free.map_or((rank, chunk), |it| it.min((rank, chunk))));
                }
                Some(asked_at) => {
                    let is_slow = now.since(asked_at) >= SLOW_AFTER;
                    if is_slow && !self.in_flight.contains_key(&(chunk, *node)) {
                        let rank = (asked_at, place);
                        slow = Some(slow.map_or((rank, chunk), |it| it.min((rank, chunk))));
                    }
                }
            }
        }
        let free = free.map(|(_, chunk)| chunk);
        free.or_else(|| slow.map(|(_, chunk)| chunk))
    }

    /// Returns when a chunk was asked for last, of those that are waited for.
    fn asked_of(&self, chunk: u32) -> Option<Timestamp> {
        let first = (chunk, NodeId::from_public_key([0; 32]));
        let last = (chunk, NodeId::from_public_key([0xff; 32]));
        let asked = self.in_flight.range(first..=last);
        asked.map(|(_, asked_at)| *asked_at).max()
    }

    /// Returns how many chunks are on their way and not slow.
    fn expected(&self, now: Timestamp) -> usize {
        let asked = self.in_flight.values();
        asked.filter(|it| now.since(**it) < SLOW_AFTER).count()
    }

    /// Returns whether a holder owes something for long.
    fn is_slow(&self, now: Timestamp, node: &NodeId) -> bool {
        let mut asked = self.in_flight.iter();
        asked.any(|((_, it), asked_at)| it == node && now.since(*asked_at) >= SLOW_AFTER)
    }

    fn owed_by(&self, node: &NodeId) -> usize {
        let owed = self.in_flight.keys().filter(|(_, it)| it == node);
        owed.count()
    }

    fn count_owners(&mut self, has: &ChunkSet, count: fn(u16, u16) -> u16) {
        for (chunk, owners) in (0..).zip(&mut self.owners) {
            if has.contains(chunk) {
                *owners = count(*owners, 1);
            }
        }
    }
}

#[cfg(test)]
mod tests;
