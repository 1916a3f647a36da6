//! The ledger: every live alert heard or made here, what became of it, and what was taken back.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    Alert, AlertId, Indicator, NodeId, Refusal, Timestamp,
    prefix_map::PrefixMap,
    sync::{DEPARTED_FOR, LiveSet},
};

/// Live alerts kept: 200,000 at about 1 KiB each bound the ledger to some 200 MiB.
pub(crate) const ALERTS_MAX: usize = 200_000;

/// Live alerts kept of one author, so that no author can push the others out.
pub(crate) const ALERTS_PER_AUTHOR_MAX: usize = 20_000;

/// Live alerts of one publisher of a trusted organisation: half of all, whatever its budget.
pub(crate) const ALERTS_PER_PUBLISHER_MAX: usize = ALERTS_MAX / 2;

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
///
/// What is in it follows from the alerts that came in and from nothing else, in whatever order
/// they came: so nodes that heard the same hold the same.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    entries: BTreeMap<AlertId, Entry>,
    by_indicator: PrefixMap<BTreeSet<AlertId>>,
    by_author: BTreeMap<NodeId, BTreeSet<AlertId>>,
    due: BTreeSet<(Timestamp, AlertId)>,
    /// What live withdrawals take back, by whom; when each of them ends.
    withdrawn: BTreeMap<(AlertId, NodeId), BTreeSet<(Timestamp, AlertId)>>,
    live: LiveSet,
}

impl Ledger {
    /// Returns an empty ledger; others must not know `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            entries: BTreeMap::new(),
            by_indicator: PrefixMap::default(),
            by_author: BTreeMap::new(),
            due: BTreeSet::new(),
            withdrawn: BTreeMap::new(),
            live: LiveSet::new(seed),
        }
    }

    /// Returns the ids of the live alerts.
    pub(crate) fn live(&self) -> &LiveSet {
        &self.live
    }

    /// Notes that an alert is not wanted until `until`, although peers have it.
    pub(crate) fn decline(&mut self, id: AlertId, until: Timestamp) {
        self.live.depart(id, until);
    }

    /// Forgets at `now` what peers do not have any more either, and takes another salt if asked.
    pub(crate) fn refresh(&mut self, now: Timestamp, salt: bool) {
        self.live.forget_departed(now);
        if salt {
            self.live.renew_salt();
        }
    }

    /// Returns every live alert, in order of id.
    pub(crate) fn alerts(&self) -> impl Iterator<Item = &Arc<Alert>> {
        self.entries.values().map(|it| &it.alert)
    }

    /// Returns an alert for handing on.
    pub(crate) fn alert(&self, id: &AlertId) -> Option<Arc<Alert>> {
        self.entries.get(id).map(|it| it.alert.clone())
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(crate) fn contains(&self, id: &AlertId) -> bool {
        self.entries.contains_key(id)
    }

    /// Returns whether its author has taken `alert` back.
    ///
    /// Only by a withdrawal that lasts as long: else the alert would come back when that ends. A
    /// withdrawal itself cannot be taken back.
    pub(crate) fn is_withdrawn(&self, alert: &Alert) -> bool {
        let statement = alert.statement();
        let withdrawals = self.withdrawn.get(&(alert.id(), alert.author()));
        let last = withdrawals.and_then(BTreeSet::last);
        statement.withdraws.is_none() && last.is_some_and(|it| it.0 >= statement.expires_at())
    }

    /// Returns what `withdrawal` takes back, if it is here.
    pub(crate) fn withdrawn_by(&self, withdrawal: &Alert) -> Option<&Entry> {
        let entry = self.entries.get(&withdrawal.statement().withdraws?)?;
        let (alert, end) = (&entry.alert, withdrawal.statement().expires_at());
        let is_meant = alert.author() == withdrawal.author()
            && alert.statement().withdraws.is_none()
            && alert.statement().expires_at() <= end;
        is_meant.then_some(entry)
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
            let key = (withdrawn, author);
            let withdrawals = self.withdrawn.entry(key).or_default();
            withdrawals.insert((statement.expires_at(), id));
        }
        // What is for the members of an organisation is no business of whoever reconciles.
        if entry.alert.audience().is_none() {
            self.live.insert(id);
        }
        self.entries.insert(id, entry);
        evicted
    }

    /// Removes an alert, which is not wanted again until `until`.
    pub(crate) fn remove(&mut self, id: &AlertId, until: Timestamp) -> Option<Entry> {
        let entry = self.entries.remove(id)?;
        self.live.depart(*id, until);
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
            let key = (withdrawn, author);
            if let Some(withdrawals) = self.withdrawn.get_mut(&key) {
                withdrawals.remove(&(statement.expires_at(), *id));
                if withdrawals.is_empty() {
                    self.withdrawn.remove(&key);
                }
            }
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
            ended.extend(self.remove(&id, now + DEPARTED_FOR));
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
        let (end, id) = self.due.iter().find(|(_, id)| is_other(id)).copied()?;
        self.remove(&id, end).map(|entry| entry.alert)
    }
}
