//! Lies of one side: hide whatever is malicious, or slander whatever is benign, and be honest about
//! the other class.

use super::{Attack, Entry, Moment, Words, lie};
use crate::chance::Chance;
use aegis_core::Truth;

pub(super) const HIDE_MALICIOUS: Entry = Entry {
    name: "hide-malicious",
    start: || Box::new(OneSided(Truth::Malicious)),
};

pub(super) const SLANDER: Entry = Entry {
    name: "slander",
    start: || Box::new(OneSided(Truth::Benign)),
};

/// Lies about targets of this class.
struct OneSided(Truth);

impl Attack for OneSided {
    fn speak(&mut self, moment: &Moment<'_>, _chance: &mut Chance, words: &mut Words) {
        if moment.target.truth == self.0 {
            lie(moment.target, words);
        }
    }
}
