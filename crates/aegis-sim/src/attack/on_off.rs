//! On and off: phases of honesty and of lies take turns.

use super::{Attack, Entry, Moment, Words, lie};
use crate::chance::Chance;

/// Targets of one phase: at 5 % verified, two or three checks see it.
const PHASE: usize = 50;

pub(super) const ENTRY: Entry = Entry {
    name: "on-off",
    start: || Box::new(OnOff),
};

struct OnOff;

impl Attack for OnOff {
    fn speak(&mut self, moment: &Moment<'_>, _chance: &mut Chance, words: &mut Words) {
        if moment.index / PHASE % 2 == 1 {
            lie(moment.target, words);
        }
    }
}
