//! Sketches: the first cells of a set, from two of which the difference of their sets is found.

use std::collections::BTreeSet;

use super::cell::{Key, Salt};
use crate::AlertId;

/// What some ids come to, summed up.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Cell {
    /// All ids, combined by exclusive or.
    pub ids: u128,
    /// Their checks under the salt, combined by exclusive or.
    pub checks: u64,
    /// How many there are; in a difference, how many more.
    pub count: i32,
}

impl Cell {
    fn add(&mut self, (id, check): (u128, u64), count: i32) {
        self.ids ^= id;
        self.checks ^= check;
        self.count = self.count.wrapping_add(count);
    }

    fn is_zero(&self) -> bool {
        *self == Self::default()
    }
}

/// The first cells of a set under a salt.
#[derive(Clone, Debug)]
pub struct Sketch {
    salt: Salt,
    key: Key,
    cells: Vec<Cell>,
}

/// What two sets do not share.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Difference {
    /// Only in the set whose cells came from the other node.
    pub theirs: Vec<AlertId>,
    /// Only in the other set.
    pub ours: Vec<AlertId>,
}

/// There were too few cells for the difference.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Undecoded {
    /// About how large the difference is.
    pub estimate: usize,
}

impl Sketch {
    /// Returns `count` cells of an empty set.
    pub fn new(salt: Salt, count: usize) -> Self {
        Self {
            salt,
            key: Key::new(salt),
            cells: vec![Cell::default(); count],
        }
    }

    /// Returns the cells that another node sent of its set.
    pub fn from_cells(salt: Salt, cells: Vec<Cell>) -> Self {
        Self {
            salt,
            key: Key::new(salt),
            cells,
        }
    }

    /// Returns the salt.
    pub fn salt(&self) -> Salt {
        self.salt
    }

    /// Returns the cells.
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// Puts an id in that is not in.
    pub fn insert(&mut self, id: &AlertId) {
        self.apply(id, 1);
    }

    /// Takes an id out that is in.
    pub fn remove(&mut self, id: &AlertId) {
        self.apply(id, -1);
    }

    fn apply(&mut self, id: &AlertId, count: i32) {
        let marked = self.key.mark(id);
        let whole = (u128::from_be_bytes(*id.as_bytes()), marked.check);
        for place in marked.places() {
            let Some(cell) = self.cells.get_mut(place) else {
                break;
            };
            cell.add(whole, count);
        }
    }

    /// Finds the difference to the set of `ours`, which is walked once.
    ///
    /// Whatever the cells hold, this ends: at most as many ids come out as there are cells, none
    /// twice.
    ///
    /// # Errors
    ///
    /// Where the cells are too few, with an estimate of the difference.
    pub fn difference<'a>(
        mut self,
        ours: impl Iterator<Item = &'a AlertId>,
    ) -> Result<Difference, Undecoded> {
        for id in ours {
            self.remove(id);
        }
        let estimate = self.estimate();
        self.peel().ok_or(Undecoded { estimate })
    }

    /// Takes ids out of cells that hold one, as long as there are such; `None` if any cell is left.
    fn peel(mut self) -> Option<Difference> {
        let mut found = Difference::default();
        let mut seen = BTreeSet::new();
        let mut open: Vec<usize> = (0..self.cells.len()).rev().collect();
        while let Some(place) = open.pop() {
            let Some(cell) = self.cells.get(place).copied() else {
                continue;
            };
            if !matches!(cell.count, 1 | -1) {
                continue;
            }
            let id = AlertId::from_bytes(cell.ids.to_be_bytes());
            let marked = self.key.mark(&id);
            if marked.check != cell.checks {
                continue;
            }
            if seen.len() >= self.cells.len() || !seen.insert(id) {
                return None;
            }
            match cell.count {
                1 => found.theirs.push(id),
                _ => found.ours.push(id),
            }
            for place in marked.places() {
                let Some(other) = self.cells.get_mut(place) else {
                    break;
                };
                other.add((cell.ids, cell.checks), cell.count.wrapping_neg());
                if matches!(other.count, 1 | -1) {
                    open.push(place);
                }
            }
        }
        self.cells.iter().all(Cell::is_zero).then_some(found)
    }

    /// Estimates the size of the difference from the spread of the counts.
    ///
    /// A count is a sum of independent +1 and -1, each there with the probability ρ of its cell:
    /// its mean is ρe, where e, the difference of the sizes, is the count of the first cell, in
    /// which every id lies; and its variance ρ(1-ρ) times what differs.
    fn estimate(&self) -> usize {
        let excess = self.cells.first().map_or(0.0, |it| f64::from(it.count));
        let (mut squares, mut weights) = (0.0, 0.0);
        for (place, cell) in self.cells.iter().enumerate().skip(1) {
            let chance = 2.0 / (place as f64 + 2.0);
            squares += (f64::from(cell.count) - chance * excess).powi(2);
            weights += chance * (1.0 - chance);
        }
        let estimate = if weights > 0.0 {
            squares / weights
        } else {
            0.0
        };
        estimate.max(excess.abs()) as usize // saturates
    }
}
