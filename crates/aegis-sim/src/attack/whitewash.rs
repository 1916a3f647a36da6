//! Whitewash: always lie, and come back under a new identity before a bad name can spread.

use super::{Attack, Entry, Moment, Words, lie};
use crate::chance::Chance;

/// Targets after which everybody has a new identity.
const LIFE: usize = 50;

pub(super) const ENTRY: Entry = Entry {
    name: "whitewash",
    start: || Box::new(Whitewash),
};

struct Whitewash;

impl Attack for Whitewash {
    fn generation(&self, index: usize) -> u64 {
        (index / LIFE) as u64
    }

    fn speak(&mut self, moment: &Moment<'_>, _chance: &mut Chance, words: &mut Words) {
        lie(moment.target, words);
    }
}
