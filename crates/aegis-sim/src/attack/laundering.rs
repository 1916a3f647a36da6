//! Laundering: earn trust by what costs nothing (questions, pings, alerts nobody checks), and lie
//! once it is there.

use super::{Attack, Entry, Moment, Words, lie};
use crate::chance::Chance;
use aegis_core::trust::model::Deed;

/// When they begin to speak; before that they only launder.
const SPEAK: f64 = 0.25;

/// What each of them does at every target.
const DEEDS: [Deed; 8] = [
    Deed::Asked,
    Deed::Asked,
    Deed::Asked,
    Deed::AskedAbout,
    Deed::AskedAbout,
    Deed::Alerted,
    Deed::Alerted,
    Deed::Ping { is_good: true },
];

pub(super) const ENTRY: Entry = Entry {
    name: "laundering",
    start: || Box::new(Laundering),
};

struct Laundering;

impl Attack for Laundering {
    fn deeds(&self) -> &'static [Deed] {
        &DEEDS
    }

    fn speak(&mut self, moment: &Moment<'_>, _chance: &mut Chance, words: &mut Words) {
        if moment.progress() < SPEAK {
            words.fill(None);
        } else {
            lie(moment.target, words);
        }
    }
}
