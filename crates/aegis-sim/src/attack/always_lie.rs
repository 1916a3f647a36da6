//! Always lie: the opposite of the truth about everything, from the first target on.

use super::{Attack, Entry, Moment, Words, lie};
use crate::chance::Chance;

pub(super) const ENTRY: Entry = Entry {
    name: "always-lie",
    start: || Box::new(AlwaysLie),
};

struct AlwaysLie;

impl Attack for AlwaysLie {
    fn speak(&mut self, moment: &Moment<'_>, _chance: &mut Chance, words: &mut Words) {
        lie(moment.target, words);
    }
}
