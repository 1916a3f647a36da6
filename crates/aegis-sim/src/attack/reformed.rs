//! Reformed liars: lies for a third of the stream, honest work after that. A model that turns the
//! words of proven liars round is led astray by them.

use super::{Attack, Entry, Moment, Words, lie};
use crate::chance::Chance;

/// When they become honest.
const REFORM: f64 = 1.0 / 3.0;

pub(super) const ENTRY: Entry = Entry {
    name: "reformed-liar",
    start: || Box::new(Reformed),
};

struct Reformed;

impl Attack for Reformed {
    fn speak(&mut self, moment: &Moment<'_>, _chance: &mut Chance, words: &mut Words) {
        if moment.progress() < REFORM {
            lie(moment.target, words);
        }
    }
}
