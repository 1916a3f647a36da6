//! The ids of the live alerts, with what peers ask of them kept current.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    CELLS_MAX,
    cell::Salt,
    digest::SetDigest,
    message::Prefix,
    sketch::{Cell, Sketch},
};
use crate::{AlertId, Timestamp};

/// Ids remembered that are not wanted again: as many as half of all alerts that are kept.
const DEPARTED_MAX: usize = 100_000;

/// Cells kept of however small a set.
const CELLS_MIN: usize = 256;

/// Sets the salts apart from every other use of BLAKE3.
const CONTEXT: &str = "aegis sync 2026-11 salts";

/// The ids of the live alerts.
///
/// Follows a ledger, which decides what is in: an id goes in when its alert does, and departs when
/// that ends, is taken back or is refused. Departed ids are remembered for a while, so that a peer
/// whose clock is behind, or that knows no better, is not asked for them again and again.
#[derive(Clone, Debug)]
pub struct LiveSet {
    ids: BTreeSet<AlertId>,
    digest: SetDigest,
    seed: u64,
    salts: u64, // how many salts there were
    sketch: Sketch,
    departed: BTreeMap<AlertId, Timestamp>,
    departed_due: BTreeSet<(Timestamp, AlertId)>,
}

impl LiveSet {
    /// Returns an empty set whose salts follow from `seed`, which others must not know.
    pub fn new(seed: u64) -> Self {
        Self {
            ids: BTreeSet::new(),
            digest: SetDigest::default(),
            seed,
            salts: 0,
            sketch: Sketch::new(salt(seed, 0), CELLS_MIN),
            departed: BTreeMap::new(),
            departed_due: BTreeSet::new(),
        }
    }

    /// Returns how many ids there are.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Returns whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Returns the digest of all ids.
    pub fn digest(&self) -> SetDigest {
        self.digest
    }

    /// Returns whether `id` is in.
    pub fn contains(&self, id: &AlertId) -> bool {
        self.ids.contains(id)
    }

    /// Returns the ids in order.
    pub fn ids(&self) -> impl Iterator<Item = &AlertId> {
        self.ids.iter()
    }

    /// Puts an id in; returns whether it was not.
    pub fn insert(&mut self, id: AlertId) -> bool {
        let is_new = self.ids.insert(id);
        if is_new {
            self.come_back(&id);
            self.digest.add(&id);
            self.sketch.insert(&id);
            let cells = self.sketch.cells().len();
            if self.ids.len() > cells && cells < CELLS_MAX {
                self.rebuild((2 * cells).min(CELLS_MAX));
            }
        }
        is_new
    }

    /// Takes an id out; it is not wanted again until `until`.
    pub fn depart(&mut self, id: AlertId, until: Timestamp) {
        if self.ids.remove(&id) {
            self.digest.remove(&id);
            self.sketch.remove(&id);
        }
        self.come_back(&id);
        if self.departed.len() >= DEPARTED_MAX
            && let Some((_, soonest)) = self.departed_due.pop_first()
        {
            self.departed.remove(&soonest);
        }
        self.departed.insert(id, until);
        self.departed_due.insert((until, id));
    }

    /// Forgets departed ids whose time is over.
    pub fn forget_departed(&mut self, now: Timestamp) {
        while let Some((until, id)) = self.departed_due.first().copied()
            && until <= now
        {
            self.departed_due.pop_first();
            self.departed.remove(&id);
        }
    }

    /// Returns how many departed ids are remembered.
    pub fn departed(&self) -> usize {
        self.departed.len()
    }

    /// Returns whether `id` departed and is not wanted.
    pub fn has_departed(&self, id: &AlertId) -> bool {
        self.departed.contains_key(id)
    }

    /// Takes another salt, so that what was learned of the last one is worth nothing.
    pub fn renew_salt(&mut self) {
        self.salts += 1;
        self.rebuild(self.sketch.cells().len());
    }

    /// Returns the salt and at most `count` cells.
    pub(super) fn cells(&self, count: usize) -> (Salt, &[Cell]) {
        let cells = self.sketch.cells();
        (self.sketch.salt(), &cells[..count.min(cells.len())])
    }

    /// Returns the ids between two prefixes, both included, in order.
    pub(super) fn between(&self, first: Prefix, last: Prefix) -> impl Iterator<Item = &AlertId> {
        self.ids.range(first.lowest()..=last.highest())
    }

    /// Returns the ids from a prefix on that are in, or have departed, in order.
    pub(super) fn known_from(&self, first: Prefix) -> impl Iterator<Item = AlertId> {
        let mut ids = self.ids.range(first.lowest()..).copied().peekable();
        let departed = self.departed.range(first.lowest()..);
        let mut departed = departed.map(|(id, _)| *id).peekable();
        std::iter::from_fn(move || match (ids.peek(), departed.peek()) {
            (Some(id), Some(other)) if other < id => departed.next(),
            (Some(_), _) => ids.next(),
            (None, _) => departed.next(),
        })
    }

    /// Returns whether an id that begins so is in, or has departed.
    pub(super) fn knows(&self, prefix: Prefix) -> bool {
        let within = prefix.lowest()..=prefix.highest();
        self.ids.range(within.clone()).next().is_some()
            || self.departed.range(within).next().is_some()
    }

    fn come_back(&mut self, id: &AlertId) {
        if let Some(until) = self.departed.remove(id) {
            self.departed_due.remove(&(until, *id));
        }
    }

    fn rebuild(&mut self, count: usize) {
        self.sketch = Sketch::new(salt(self.seed, self.salts), count);
        for id in &self.ids {
            self.sketch.insert(id);
        }
    }
}

fn salt(seed: u64, number: u64) -> Salt {
    let mut from = [0; 16];
    from[..8].copy_from_slice(&seed.to_le_bytes());
    from[8..].copy_from_slice(&number.to_le_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&blake3::derive_key(CONTEXT, &from)[..16]);
    Salt::from_bytes(bytes)
}
