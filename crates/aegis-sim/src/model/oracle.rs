//! Oracle: knows who is honest and how often each is right, and draws the best conclusion from
//! their words and its own detectors. Nobody can be better but by luck, or by what hostile peers
//! say while they are sincere.

use std::collections::BTreeMap;

use aegis_core::trust::model::{Case, Verdict};
use aegis_core::{NodeId, Timestamp};

use super::{Contender, Entry, decide, direction, local_log_odds};

pub(super) const ENTRY: Entry = Entry {
    name: "oracle",
    has_pretrust: false,
    hears_recommendations: false,
    start: |world| {
        let honest = world.honest.iter();
        Box::new(Oracle {
            log_odds: honest
                .map(|(peer, accuracy)| (*peer, (accuracy / (1.0 - accuracy)).ln()))
                .collect(),
        })
    },
};

struct Oracle {
    log_odds: BTreeMap<NodeId, f64>,
}

impl Contender for Oracle {
    fn judge(&self, _now: Timestamp, case: &Case<'_>) -> Verdict {
        let known = case.voices.iter().filter_map(|voice| {
            let log_odds = self.log_odds.get(&voice.peer)?;
            Some(direction(voice.opinion.score, voice.opinion.confidence) * log_odds)
        });
        // Which class a target is of counts as even: balanced accuracy weighs both alike.
        decide(known.sum::<f64>() + local_log_odds(case), case.voices.len())
    }
}
