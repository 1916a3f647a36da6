//! Sybils: hostile identities that join together at half time and lie about everything, as many as
//! the setting says or a flood of ten times that.

use super::{Attack, Entry, Moment, Words, lie};
use crate::chance::Chance;

/// Identities of a flood for each hostile peer.
const FLOOD: usize = 10;

pub(super) const JOIN: Entry = Entry {
    name: "sybil-join",
    start: || Box::new(Sybil { times: 1 }),
};

pub(super) const FLOOD_JOIN: Entry = Entry {
    name: "sybil-flood",
    start: || Box::new(Sybil { times: FLOOD }),
};

struct Sybil {
    times: usize,
}

impl Attack for Sybil {
    fn identities(&self, hostile: usize) -> usize {
        hostile * self.times
    }

    fn joins_at(&self) -> f64 {
        0.5
    }

    fn speak(&mut self, moment: &Moment<'_>, _chance: &mut Chance, words: &mut Words) {
        lie(moment.target, words);
    }
}
