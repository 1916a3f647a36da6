//! The decision board: what the node enforces, with a journal of what changed since when.
//!
//! The daemon writes on it what it tells the kernel; bouncers read it. A reader says up to which
//! change it has read and gets what came after, so that a poll costs what changed and not the
//! whole list. Reading goes in pages, so that nobody waits long for whoever reads much.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    net::IpAddr,
    ops::Bound,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aegis_core::{Indicator, Timestamp};
use tokio::sync::watch;

use super::readers::Readers;
use crate::around::Bouncer;

/// Ended decisions that are remembered, so that bouncers hear of their end: the whole of a long
/// list may end between two polls.
pub const ENDED_MAX: usize = 131_072;

/// Names that wait for their decision: as many as there are calls on their way, with room for two parts
/// of an import.
const NAMES_MAX: usize = 20_000;

/// Scenarios whose text all decisions share.
const SHARED_SCENARIOS_MAX: usize = 256;

/// Ids stay below 2⁵³, so that clients which know only floating-point numbers keep them whole.
const ID_MASK: u64 = (1 << 52) - 1;

/// Who wanted a decision and why, in the words of bouncers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Naming {
    /// Short: bouncers keep a set for each.
    pub origin: &'static str,
    /// What the source did: a scenario, or free text.
    pub scenario: Arc<str>,
}

/// A decision as bouncers see it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Posted {
    /// Positive, below 2⁵³, the same for as long as the indicator is blocked.
    pub id: u64,
    /// What is blocked.
    pub indicator: Indicator,
    /// Who wanted it and why.
    pub naming: Naming,
    /// Since when.
    pub decided_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
}

/// What a reader asks for, from the last change that it knows to the last that it will know.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Window {
    /// The last change that the reader knows; `None` where it knows nothing.
    pub since: Option<u64>,
    /// The last change that was read.
    pub after: u64,
    /// The last change to be read.
    pub upto: u64,
}

/// The board. Clones are the same board.
#[derive(Clone, Debug, Default)]
pub struct DecisionBoard {
    journal: Arc<Mutex<Journal>>,
    readers: Readers,
    seq_tx: watch::Sender<u64>, // for who waits for a change
}

#[derive(Debug, Default)]
struct Journal {
    seq: u64, // of the last change, from 1
    entries: BTreeMap<Indicator, Entry>,
    changes: BTreeMap<u64, Indicator>, // the last change of each entry
    ids: BTreeMap<u64, Indicator>,
    ended: VecDeque<Ended>,             // at most ENDED_MAX, oldest first
    forgotten: u64,                     // the last change that `ended` lost
    names: BTreeMap<Indicator, Naming>, // at most NAMES_MAX
    scenarios: BTreeSet<Arc<str>>,      // at most SHARED_SCENARIOS_MAX
    kept_back: BTreeSet<Indicator>,     // of the entries, those for an organisation's members alone
}

#[derive(Debug)]
struct Entry {
    id: u64,
    naming: Naming,
    decided_at: Timestamp,
    expires_at: Timestamp,
    began: u64,
    changed: u64,
}

#[derive(Debug)]
struct Ended {
    began: u64,
    seq: u64,
    posted: Posted,
}

impl DecisionBoard {
    /// Writes that `indicator` is blocked, since when and until when, or differently than before.
    ///
    /// A name that waits for it is taken instead of `naming`.
    pub fn post(&self, indicator: Indicator, naming: Naming, at: (Timestamp, Timestamp)) {
        let mut journal = self.lock();
        journal.post(indicator, naming, at);
        self.tell(&journal);
    }

    /// Writes whether what is posted about `indicator` next is for an organisation's members alone: those
    /// who enforce are told, and no list has it that is handed on.
    pub fn keep_back(&self, indicator: Indicator, is_for_members: bool) {
        let mut journal = self.lock();
        let is_news = match is_for_members {
            true => journal.kept_back.insert(indicator),
            false => journal.kept_back.remove(&indicator),
        };
        if is_news {
            journal.seq += 1; // so that lists are read again
        }
    }

    /// Writes that `indicator` is blocked no more.
    pub fn end(&self, indicator: &Indicator) {
        let mut journal = self.lock();
        journal.end(indicator);
        self.tell(&journal);
    }

    /// Takes as little memory as it can for what it shows: after many decisions came. Every map is taken
    /// apart before the first is built anew, so that none of their nodes lies between free ones.
    pub fn pack(&self) {
        let mut journal = self.lock();
        let journal = &mut *journal;
        let entries = take_all(&mut journal.entries);
        let changes = take_all(&mut journal.changes);
        let ids = take_all(&mut journal.ids);
        journal.entries = entries.into_iter().collect();
        journal.changes = changes.into_iter().collect();
        journal.ids = ids.into_iter().collect();
    }

    /// Writes that an operator unblocked `indicator` lately, for those who still hold it.
    pub fn recall(&self, indicator: Indicator, unblocked_at: Timestamp) {
        self.lock().recall(indicator, unblocked_at);
    }

    /// Has a decision about `indicator` that is on its way be named so, as nothing that the node
    /// keeps of it would.
    pub(super) fn expect(&self, indicator: Indicator, naming: Naming) {
        let mut journal = self.lock();
        if journal.names.len() < NAMES_MAX {
            journal.names.insert(indicator, naming);
        }
    }

    /// Forgets a name whose decision did not come.
    pub(super) fn unexpect(&self, indicator: &Indicator) {
        self.lock().names.remove(indicator);
    }

    /// Notes that the bouncer of a key polled from an address, and what it says it is.
    pub(super) fn note_reader(&self, now: Timestamp, reader: (&str, IpAddr), program: &str) {
        self.readers.note(now, reader, program);
    }

    /// Returns the bouncers that polled since the node started.
    pub fn bouncers(&self) -> Vec<Bouncer> {
        self.readers.all()
    }

    /// Waits until there is a change after `seq`.
    pub async fn changed_since(&self, seq: u64) {
        let mut seq_rx = self.seq_tx.subscribe();
        // Cannot fail because this board holds the sender.
        let _ = seq_rx.wait_for(|it| *it > seq).await;
    }

    fn tell(&self, journal: &Journal) {
        self.seq_tx.send_replace(journal.seq);
    }

    /// Returns the number of the last change.
    pub fn seq(&self) -> u64 {
        self.lock().seq
    }

    /// Returns how many decisions there are.
    pub fn len(&self) -> usize {
        self.lock().entries.len()
    }

    /// Returns whether there is no decision.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns whether the journal still knows all that ended after a change.
    pub fn reaches_back_to(&self, seq: u64) -> bool {
        let journal = self.lock();
        journal.forgotten <= seq && seq <= journal.seq
    }

    /// Returns the decision about exactly `indicator`.
    pub fn exactly(&self, indicator: &Indicator) -> Option<Posted> {
        let journal = self.lock();
        let entry = journal.entries.get(indicator)?;
        Some(entry.posted(*indicator))
    }

    /// Returns the decision with this id.
    pub fn with_id(&self, id: u64) -> Option<Posted> {
        let journal = self.lock();
        let indicator = journal.ids.get(&id)?;
        Some(journal.entries.get(indicator)?.posted(*indicator))
    }

    /// Returns the decisions that cover `indicator`, widest first, its own included.
    pub fn covering(&self, indicator: &Indicator) -> Vec<Posted> {
        let journal = self.lock();
        let prefixes = (0..=indicator.prefix_len())
            .filter_map(|it| Indicator::prefix(indicator.address(), it));
        let found = prefixes.filter_map(|it| Some(journal.entries.get(&it)?.posted(it)));
        found.collect()
    }

    /// Returns up to `count` decisions behind `after` that lie within `indicator`, in their order.
    pub fn within(
        &self,
        indicator: &Indicator,
        after: Option<Indicator>,
        count: usize,
    ) -> Vec<Posted> {
        let journal = self.lock();
        let start = after.map_or(Bound::Included(*indicator), Bound::Excluded);
        let found = journal.entries.range((start, Bound::Unbounded));
        found
            .take_while(|(it, _)| indicator.contains(it))
            .take(count)
            .map(|(it, entry)| entry.posted(*it))
            .collect()
    }

    /// Returns up to `count` decisions behind `after`, in the order of their indicators.
    pub fn page(&self, after: Option<Indicator>, count: usize) -> Vec<Posted> {
        let journal = self.lock();
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let found = journal.entries.range((start, Bound::Unbounded)).take(count);
        found.map(|(it, entry)| entry.posted(*it)).collect()
    }

    /// Reads up to `count` decisions behind `after`, in the order of their indicators. Returns where that
    /// ended, `None` where nothing was left, and what of it is for everybody.
    pub(super) fn open_page(
        &self,
        after: Option<Indicator>,
        count: usize,
    ) -> (Option<Indicator>, Vec<Posted>) {
        let journal = self.lock();
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let read = journal.entries.range((start, Bound::Unbounded)).take(count);
        let last = read.clone().last().map(|(it, _)| *it);
        let open = read.filter(|(it, _)| !journal.kept_back.contains(it));
        (last, open.map(|(it, entry)| entry.posted(*it)).collect())
    }

    /// Returns up to `count` decisions, the one that changed last first, each with the number of
    /// its change; those before `before` alone, where it is given.
    pub fn latest(&self, before: Option<u64>, count: usize) -> Vec<(u64, Posted)> {
        let journal = self.lock();
        let changes = journal.changes.range(..before.unwrap_or(u64::MAX)).rev();
        let posted = changes.filter_map(|(seq, indicator)| {
            let entry = journal.entries.get(indicator)?;
            Some((*seq, entry.posted(*indicator)))
        });
        posted.take(count).collect()
    }

    /// Returns up to `count` decisions that began or changed in the window, with the number of
    /// the change and whether the reader knows an earlier state of it.
    pub fn changed(&self, window: Window, count: usize) -> Vec<(u64, Posted, bool)> {
        let journal = self.lock();
        if window.after >= window.upto {
            return Vec::new();
        }
        let bounds = (Bound::Excluded(window.after), Bound::Included(window.upto));
        let changes = journal.changes.range(bounds);
        let posted = changes.filter_map(|(seq, indicator)| {
            let entry = journal.entries.get(indicator)?;
            let is_known = window.since.is_some_and(|it| entry.began <= it);
            Some((*seq, entry.posted(*indicator), is_known))
        });
        posted.take(count).collect()
    }

    /// Returns up to `count` decisions that the reader knows and that ended in the window, with
    /// the number of the change.
    pub fn ended(&self, window: Window, count: usize) -> Vec<(u64, Posted)> {
        let journal = self.lock();
        let Some(since) = window.since else {
            return Vec::new();
        };
        let start = journal.ended.partition_point(|it| it.seq <= window.after);
        let found = journal
            .ended
            .range(start..)
            .take_while(|it| it.seq <= window.upto);
        let known = found.filter(|it| it.began <= since);
        known
            .take(count)
            .map(|it| (it.seq, it.posted.clone()))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Journal> {
        // Whoever panicked while holding it left at worst one change out.
        self.journal.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Window {
    /// Returns the window of a reader that knows nothing.
    pub fn whole(upto: u64) -> Self {
        Self {
            since: None,
            after: 0,
            upto,
        }
    }

    /// Returns the window of a reader that knows everything up to `seq`.
    pub fn since(seq: u64, upto: u64) -> Self {
        Self {
            since: Some(seq),
            after: seq,
            upto,
        }
    }
}

impl Journal {
    fn post(
        &mut self,
        indicator: Indicator,
        naming: Naming,
        (decided_at, expires_at): (Timestamp, Timestamp),
    ) {
        let mut naming = self.names.remove(&indicator).unwrap_or(naming);
        naming.scenario = self.shared(naming.scenario);
        if let Some(entry) = self.entries.get_mut(&indicator) {
            entry.naming = naming;
            if entry.expires_at == expires_at {
                return;
            }
            self.seq += 1;
            self.changes.remove(&entry.changed);
            entry.expires_at = expires_at;
            entry.changed = self.seq;
        } else {
            self.seq += 1;
            let id = self.free_id(&indicator);
            self.ids.insert(id, indicator);
            let entry = Entry {
                id,
                naming,
                decided_at,
                expires_at,
                began: self.seq,
                changed: self.seq,
            };
            self.entries.insert(indicator, entry);
        }
        self.changes.insert(self.seq, indicator);
    }

    /// Returns an equal scenario whose text is in memory once, for however many decisions.
    fn shared(&mut self, scenario: Arc<str>) -> Arc<str> {
        if let Some(it) = self.scenarios.get(&scenario) {
            return Arc::clone(it);
        }
        if self.scenarios.len() < SHARED_SCENARIOS_MAX {
            self.scenarios.insert(Arc::clone(&scenario));
        }
        scenario
    }

    fn end(&mut self, indicator: &Indicator) {
        let Some(entry) = self.entries.remove(indicator) else {
            return;
        };
        self.changes.remove(&entry.changed);
        self.ids.remove(&entry.id);
        self.kept_back.remove(indicator);
        self.remember(entry.began, entry.posted(*indicator));
    }

    fn recall(&mut self, indicator: Indicator, unblocked_at: Timestamp) {
        if self.entries.contains_key(&indicator) {
            return;
        }
        let posted = Posted {
            id: self.free_id(&indicator),
            indicator,
            naming: Naming {
                origin: "local",
                scenario: "unblocked".into(),
            },
            decided_at: unblocked_at,
            expires_at: unblocked_at,
        };
        self.remember(0, posted);
    }

    fn remember(&mut self, began: u64, posted: Posted) {
        self.seq += 1;
        if self.ended.len() == ENDED_MAX
            && let Some(lost) = self.ended.pop_front()
        {
            self.forgotten = lost.seq;
        }
        self.ended.push_back(Ended {
            began,
            seq: self.seq,
            posted,
        });
    }

    /// Returns the id that follows from the indicator, so that a restart does not change it, or
    /// the next one that is free.
    fn free_id(&self, indicator: &Indicator) -> u64 {
        let mut id = hash(indicator) & ID_MASK;
        while id == 0 || self.ids.contains_key(&id) {
            id = (id + 1) & ID_MASK;
        }
        id
    }
}

impl Entry {
    fn posted(&self, indicator: Indicator) -> Posted {
        Posted {
            id: self.id,
            indicator,
            naming: self.naming.clone(),
            decided_at: self.decided_at,
            expires_at: self.expires_at,
        }
    }
}

/// Takes every entry out of a map, whose nodes are free then.
fn take_all<K, V>(map: &mut BTreeMap<K, V>) -> Vec<(K, V)> {
    std::mem::take(map).into_iter().collect()
}

/// Returns the 64-bit FNV-1a hash of an indicator.
fn hash(indicator: &Indicator) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(PRIME);
    let hash = match indicator.address() {
        IpAddr::V4(it) => it.octets().into_iter().fold(OFFSET, mix),
        IpAddr::V6(it) => it.octets().into_iter().fold(OFFSET, mix),
    };
    mix(hash, indicator.prefix_len())
}

#[cfg(test)]
mod tests;
