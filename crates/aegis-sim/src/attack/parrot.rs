//! Parrots: each repeats one honest peer word for word, and differs from it only about what
//! attackers own. Their records are as good as those of honest peers.

use super::{Attack, Entry, Moment, Words, lie};
use crate::chance::Chance;

pub(super) const ENTRY: Entry = Entry {
    name: "parrot",
    start: || Box::new(Parrot),
};

struct Parrot;

impl Attack for Parrot {
    fn speak(&mut self, moment: &Moment<'_>, _chance: &mut Chance, words: &mut Words) {
        if moment.target.is_owned {
            lie(moment.target, words);
            return;
        }
        let honest = moment.honest.iter().cycle();
        for (word, repeated) in words.iter_mut().zip(honest) {
            *word = *repeated;
        }
    }
}
