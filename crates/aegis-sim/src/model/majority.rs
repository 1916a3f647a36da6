//! Majority: everybody has one vote, own detectors break a tie.

use aegis_core::Timestamp;
use aegis_core::trust::model::{Case, Verdict};

use super::{Contender, Entry, decide, direction, local_log_odds};

pub(super) const ENTRY: Entry = Entry {
    name: "majority",
    has_pretrust: false,
    hears_recommendations: false,
    start: |_| Box::new(Majority),
};

struct Majority;

impl Contender for Majority {
    fn judge(&self, _now: Timestamp, case: &Case<'_>) -> Verdict {
        let votes = case.voices.iter();
        let votes: f64 = votes
            .map(|voice| direction(voice.opinion.score, voice.opinion.confidence))
            .sum();
        let tendency = if votes == 0.0 {
            local_log_odds(case)
        } else {
            votes
        };
        decide(tendency, case.voices.len())
    }
}
