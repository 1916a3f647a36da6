//! Surgical: look into the model before every target, lie where that makes the node act wrongly,
//! and be honest everywhere else. No attacker outside the node can know that much.

use super::{Attack, Entry, Moment, Words, lie};
use crate::chance::Chance;
use aegis_core::Truth;
use aegis_core::trust::model::Stance;

pub(super) const ENTRY: Entry = Entry {
    name: "surgical",
    start: || Box::new(Surgical),
};

struct Surgical;

impl Attack for Surgical {
    fn speak(&mut self, moment: &Moment<'_>, _chance: &mut Chance, words: &mut Words) {
        let mut lies = words.to_vec();
        lie(moment.target, &mut lies);
        let wrong = match moment.target.truth {
            Truth::Malicious => Stance::Benign,
            Truth::Benign => Stance::Malicious,
        };
        if moment.insight.verdict_on(&lies).stance == wrong {
            words.copy_from_slice(&lies);
        }
    }
}
