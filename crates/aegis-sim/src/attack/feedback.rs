//! Feedback: watch what the node does, lie more often while lies succeed and less often while they
//! fail. Needs no look into the model.

use super::{Attack, Entry, Moment, Words, lie};
use crate::chance::Chance;
use aegis_core::Truth;
use aegis_core::trust::model::{Stance, Verdict};

/// How often they lie at first.
const START: f64 = 0.5;
/// What a lie that was believed adds, and what one that was not leaves.
const MORE: f64 = 0.1;
const LESS: f64 = 0.7;
/// They never stop to try.
const LEAST: f64 = 0.02;

pub(super) const ENTRY: Entry = Entry {
    name: "feedback",
    start: || {
        Box::new(Feedback {
            rate: START,
            has_lied: false,
        })
    },
};

struct Feedback {
    rate: f64,
    has_lied: bool,
}

impl Attack for Feedback {
    fn speak(&mut self, moment: &Moment<'_>, chance: &mut Chance, words: &mut Words) {
        self.has_lied = chance.happens(self.rate);
        if self.has_lied {
            lie(moment.target, words);
        }
    }

    fn observe(&mut self, moment: &Moment<'_>, verdict: &Verdict) {
        if !self.has_lied {
            return;
        }
        let has_failed = match moment.target.truth {
            Truth::Malicious => verdict.stance == Stance::Malicious,
            Truth::Benign => verdict.stance == Stance::Benign,
        };
        self.rate = if has_failed {
            (self.rate * LESS).max(LEAST)
        } else {
            (self.rate + MORE).min(1.0)
        };
    }
}
