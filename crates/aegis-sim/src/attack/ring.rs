//! A ring: always lie, praise each other in recommendations and slander every honest peer. Every
//! model hears the recommendations, those of honest peers too.

use super::{Attack, Entry, Moment, Words, lie};
use crate::chance::Chance;

pub(super) const ENTRY: Entry = Entry {
    name: "recommendation-ring",
    start: || Box::new(Ring),
};

struct Ring;

impl Attack for Ring {
    fn is_about_recommendations(&self) -> bool {
        true
    }

    fn speak(&mut self, moment: &Moment<'_>, _chance: &mut Chance, words: &mut Words) {
        lie(moment.target, words);
    }
}
