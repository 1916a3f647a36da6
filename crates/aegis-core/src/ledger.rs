//! The ledger: every live alert heard or made here, what became of it, and what was taken back.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{Alert, AlertId, Indicator, NodeId, Refusal, Timestamp, prefix_map::PrefixMap};

/// Live alerts kept: 200,000 at about 1 KiB each bound the ledger to some 200 MiB.
pub(crate) const ALERTS_MAX: usize = 200_000;

/// Live alerts kept of one author, so that no author can push the others out.
pub(crate) const ALERTS_PER_AUTHOR_MAX: usize = 20_000;

/// What this node did about an alert.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// It blocks, or would if its indicator were not blocked already.
    Blocks,
    /// A guard said no.
    Refused(Refusal),
    /// It takes another alert back.
    Withdraws,
    /// It did not block when it came in, before the last restart.
    Kept,
    /// It is this node's own word to others and asks nothing of this node.
    Shared,
}

/// A live alert and what became of it here.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Entry {
    /// The alert.
    pub(crate) alert: Arc<Alert>,
    /// When it came in.
    pub(crate) received_at: Timestamp,
    /// What was done about it.
    pub(crate) outcome: Outcome,
}

/// Live alerts by id, by indicator, by author and by end.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger {
    entries: BTreeMap<AlertId, Entry>,
    by_indicator: PrefixMap<BTreeSet<AlertId>>,
    by_author: BTreeMap<NodeId, BTreeSet<AlertId>>,
    due: BTreeSet<(Timestamp, AlertId)>,
    withdrawn: BTreeMap<AlertId, NodeId>, // what a live withdrawal takes back → its author
}

impl Ledger {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn contains(&self, id: &AlertId) -> bool {
        self.entries.contains_key(id)
    }

    pub(crate) fn entry(&self, id: &AlertId) -> Option<&Entry> {
        self.entries.get(id)
    }

    /// Returns whether `author` has taken `id` back.
    pub(crate) fn is_withdrawn(&self, id: &AlertId, author: NodeId) -> bool {
        self.withdrawn.get(id) == Some(&author)
    }

    /// Returns how many live alerts `author` has here.
    pub(crate) fn count_of(&self, author: &NodeId) -> usize {
        self.by_author.get(author).map_or(0, BTreeSet::len)
    }

    /// Returns the live alerts of `author`, in order of id.
    pub(crate) fn of_author(&self, author: &NodeId) -> impl Iterator<Item = &Entry> {
        self.by_author
            .get(author)
            .into_iter()
            .flatten()
            .filter_map(|id| self.entries.get(id))
    }

    /// Returns the live alerts about what contains `indicator`, itself included.
    pub(crate) fn about(&self, indicator: &Indicator) -> impl Iterator<Item = &Entry> {
        let ids = self
            .by_indicator
            .covering(indicator)
            .flat_map(|(_, ids)| ids);
        ids.filter_map(|id| self.entries.get(id))
    }

    /// Adds a live alert; returns the one that had to make room for it, if any.
    ///
    /// The caller has checked that the author has room. `own` alerts never make room.
    pub(crate) fn insert(&mut self, entry: Entry, own: NodeId) -> Option<Arc<Alert>> {
        let evicted = if self.entries.len() >= ALERTS_MAX {
            self.evict(own)
        } else {
            None
        };
        let (id, author) = (entry.alert.id(), entry.alert.author());
        let statement = entry.alert.statement();
        self.due.insert((statement.expires_at(), id));
        self.by_author.entry(author).or_default().insert(id);
        match self.by_indicator.get_mut(&statement.indicator) {
            Some(ids) => drop(ids.insert(id)),
            None => drop(self.by_indicator.insert(statement.indicator, [id].into())),
        }
        if let Some(withdrawn) = statement.withdraws {
            self.withdrawn.insert(withdrawn, author);
        }
        self.entries.insert(id, entry);
        evicted
    }

    pub(crate) fn remove(&mut self, id: &AlertId) -> Option<Entry> {
        let entry = self.entries.remove(id)?;
        let (statement, author) = (entry.alert.statement(), entry.alert.author());
        self.due.remove(&(statement.expires_at(), *id));
        if let Some(ids) = self.by_author.get_mut(&author) {
            ids.remove(id);
            if ids.is_empty() {
                self.by_author.remove(&author);
            }
        }
        if let Some(ids) = self.by_indicator.get_mut(&statement.indicator) {
            ids.remove(id);
            if ids.is_empty() {
                self.by_indicator.remove(&statement.indicator);
            }
        }
        if let Some(withdrawn) = statement.withdraws {
            self.withdrawn.remove(&withdrawn);
        }
        Some(entry)
    }

    pub(crate) fn set_outcome(&mut self, id: &AlertId, outcome: Outcome) {
        if let Some(entry) = self.entries.get_mut(id) {
            entry.outcome = outcome;
        }
    }

    /// Removes and returns every alert whose time is over at `now`.
    pub(crate) fn remove_due(&mut self, now: Timestamp) -> Vec<Entry> {
        let mut ended = Vec::new();
        while let Some((expires_at, id)) = self.due.first().copied() {
            if now < expires_at {
                break;
            }
            self.due.pop_first();
            ended.extend(self.remove(&id));
        }
        ended
    }

    pub(crate) fn next_due(&self) -> Option<Timestamp> {
        self.due.first().map(|(expires_at, _)| *expires_at)
    }

    /// Removes the alert of somebody else that ends first.
    fn evict(&mut self, own: NodeId) -> Option<Arc<Alert>> {
        let is_other = |id: &AlertId| {
            self.entries
                .get(id)
                .is_some_and(|entry| entry.alert.author() != own)
        };
        let id = self.due.iter().map(|(_, id)| *id).find(is_other)?;
        self.remove(&id).map(|entry| entry.alert)
    }
}
