//! Who holds which file, in the global network: what this node announces of its own files and when,
//! and what it keeps for others. Pure; time is given in, and a key is whatever the caller makes of a file.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use aegis_core::{
    NodeId, Timestamp,
    file::{Audience, FileId},
};

/// Files that are announced at most; those beyond are found among peers only.
const HELD_MAX: usize = 1024;

/// When a file is announced for the second time, and from then on: who is asked to keep it may not
/// have been met at first.
const AGAIN_SOON: Duration = Duration::from_secs(15);
const AGAIN_EVERY: Duration = Duration::from_secs(600);

/// Keys kept for others; beyond them the one that was announced longest ago goes.
pub(super) const KEYS_MAX: usize = 4096;

/// Nodes kept under one key: as many holders as anybody asks.
const NODES_PER_KEY_MAX: usize = 32;

/// Keys under which one node is kept.
const KEYS_PER_NODE_MAX: usize = 256;

/// A key of the DHT.
pub(super) type Key = Vec<u8>;

/// What this node holds and has announced.
#[derive(Debug, Default)]
pub(super) struct Holdings {
    held: Vec<(FileId, Audience)>,
    announced: BTreeMap<Key, Timestamp>, // with when each is to be announced again
}

/// What to do about one key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Task {
    Announce(Key),
    Stop(Key),
}

impl Holdings {
    /// Takes in which files are here wholly, and for whom each is.
    pub(super) fn set(&mut self, mut held: Vec<(FileId, Audience)>) {
        held.truncate(HELD_MAX);
        self.held = held;
    }

    /// Returns the next thing to do, one at a time so that many files make no burst.
    pub(super) fn poll(
        &mut self,
        now: Timestamp,
        keys_of: impl Fn(&FileId, &Audience) -> Vec<Key>,
    ) -> Option<Task> {
        let held = self.held.iter();
        let wanted: BTreeSet<Key> = held.flat_map(|(file, it)| keys_of(file, it)).collect();
        let gone = self.announced.keys().find(|it| !wanted.contains(*it));
        if let Some(gone) = gone.cloned() {
            self.announced.remove(&gone);
            return Some(Task::Stop(gone));
        }
        let is_due = |it: &&Key| self.announced.get(*it).is_none_or(|at| *at <= now);
        let due = wanted.iter().find(is_due)?.clone();
        let wait = match self.announced.get(&due) {
            None => AGAIN_SOON,
            Some(_) => AGAIN_EVERY,
        };
        self.announced.insert(due.clone(), now + wait);
        Some(Task::Announce(due))
    }
}

/// What is kept for others: who announced itself under which key.
#[derive(Debug, Default)]
pub(super) struct Kept {
    keys: BTreeMap<Key, (Timestamp, BTreeSet<NodeId>)>, // with when it was announced last
    per_node: BTreeMap<NodeId, usize>,                  // how many keys
}

impl Kept {
    /// Takes in that a node announced itself; returns whether that is kept. What makes room for it is put
    /// behind `gone`.
    pub(super) fn admit(
        &mut self,
        now: Timestamp,
        (key, node): (&Key, NodeId),
        gone: &mut Vec<(Key, NodeId)>,
    ) -> bool {
        if let Some((announced_at, nodes)) = self.keys.get_mut(key) {
            if nodes.contains(&node) {
                *announced_at = now;
                return true;
            }
            if nodes.len() >= NODES_PER_KEY_MAX {
                return false;
            }
        }
        if self
            .per_node
            .get(&node)
            .is_some_and(|it| *it >= KEYS_PER_NODE_MAX)
        {
            return false;
        }
        if !self.keys.contains_key(key) && self.keys.len() >= KEYS_MAX {
            self.remove_eldest(gone);
        }
        let (announced_at, nodes) = self.keys.entry(key.clone()).or_default();
        *announced_at = now;
        nodes.insert(node);
        *self.per_node.entry(node).or_default() += 1;
        true
    }

    fn remove_eldest(&mut self, gone: &mut Vec<(Key, NodeId)>) {
        let eldest = self.keys.iter().min_by_key(|(_, (at, _))| *at);
        let Some(eldest) = eldest.map(|(key, _)| key.clone()) else {
            return;
        };
        let Some((_, nodes)) = self.keys.remove(&eldest) else {
            return;
        };
        for node in nodes {
            if let Some(count) = self.per_node.get_mut(&node) {
                *count -= 1;
                if *count == 0 {
                    self.per_node.remove(&node);
                }
            }
            gone.push((eldest.clone(), node));
        }
    }
}

#[cfg(test)]
mod tests;
