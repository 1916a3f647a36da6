//! Oscillate: lie about three targets in ten, all together, and be honest about the rest.

use super::{Attack, Entry, Moment, Words, lie};
use crate::chance::Chance;

/// How often they lie.
const LIES: f64 = 0.3;

pub(super) const ENTRY: Entry = Entry {
    name: "oscillate",
    start: || Box::new(Oscillate),
};

struct Oscillate;

impl Attack for Oscillate {
    fn speak(&mut self, moment: &Moment<'_>, chance: &mut Chance, words: &mut Words) {
        if chance.happens(LIES) {
            lie(moment.target, words);
        }
    }
}
