//! Betrayal: honest work earns trust, then everybody lies about everything for good.

use super::{Attack, Entry, Moment, Words, lie};
use crate::chance::Chance;

pub(super) const AT_A_THIRD: Entry = Entry {
    name: "betray",
    start: || Box::new(Betray { at: 1.0 / 3.0 }),
};

pub(super) const LATE: Entry = Entry {
    name: "late-betray",
    start: || Box::new(Betray { at: 0.7 }),
};

struct Betray {
    at: f64,
}

impl Attack for Betray {
    fn turns_at(&self) -> Option<f64> {
        Some(self.at)
    }

    fn speak(&mut self, moment: &Moment<'_>, _chance: &mut Chance, words: &mut Words) {
        if moment.progress() >= self.at {
            lie(moment.target, words);
        }
    }
}
