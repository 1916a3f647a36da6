//! Abstain: answer everything with no confidence at all, so that models which count heads become
//! unsure, and lie about what attackers own.

use super::{Attack, Entry, Moment, Words, say};
use crate::chance::Chance;
use crate::world::Claim;

pub(super) const ENTRY: Entry = Entry {
    name: "abstain-flood",
    start: || Box::new(Abstain),
};

struct Abstain;

impl Attack for Abstain {
    fn speak(&mut self, moment: &Moment<'_>, _chance: &mut Chance, words: &mut Words) {
        words.fill(Some(Claim::Nothing));
        if moment.target.is_owned {
            say(Claim::Benign, words);
        }
    }
}
