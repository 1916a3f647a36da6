//! Own targets only: honest about everybody, except that what attackers own is benign.

use super::{Attack, Entry, Moment, Words, lie};
use crate::chance::Chance;

pub(super) const ENTRY: Entry = Entry {
    name: "own-targets",
    start: || Box::new(OwnTargets),
};

struct OwnTargets;

impl Attack for OwnTargets {
    fn speak(&mut self, moment: &Moment<'_>, _chance: &mut Chance, words: &mut Words) {
        if moment.target.is_owned {
            lie(moment.target, words);
        }
    }
}
