//! Just trusted: look into the model, lie while their own word still weighs enough, and work
//! honestly to earn it back where it does not.

use super::{Attack, Entry, Moment, Words, lie};
use crate::chance::Chance;

/// The part of the greatest weight they ever had, below which they become honest.
const ENOUGH: f64 = 0.5;
/// Hostile peers whose weight they look at.
const WATCHED: usize = 16;

pub(super) const ENTRY: Entry = Entry {
    name: "just-trusted",
    start: || Box::new(JustTrusted::default()),
};

#[derive(Default)]
struct JustTrusted {
    greatest: f64,
}

impl Attack for JustTrusted {
    fn speak(&mut self, moment: &Moment<'_>, _chance: &mut Chance, words: &mut Words) {
        let watched = words.len().min(WATCHED);
        let influence: f64 = (0..watched)
            .map(|slot| moment.insight.influence_of(slot))
            .sum();
        self.greatest = self.greatest.max(influence);
        if influence > 0.0 && influence >= ENOUGH * self.greatest {
            lie(moment.target, words);
        }
    }
}
