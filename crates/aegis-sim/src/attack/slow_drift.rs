//! Slow drift: honest at first, and a little less with every target, until every word is a lie.

use super::{Attack, Entry, Moment, Words, lie};
use crate::chance::Chance;

pub(super) const ENTRY: Entry = Entry {
    name: "slow-drift",
    start: || Box::new(SlowDrift),
};

struct SlowDrift;

impl Attack for SlowDrift {
    fn speak(&mut self, moment: &Moment<'_>, chance: &mut Chance, words: &mut Words) {
        if chance.happens(moment.progress()) {
            lie(moment.target, words);
        }
    }
}
