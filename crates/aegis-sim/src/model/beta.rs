//! Beta reputation (Jøsang and Ismail 2002) on verified outcomes: what a peer's word weighs is the
//! share of its words that turned out right, with one right and one wrong word given to everybody.

use std::collections::BTreeMap;

use aegis_core::trust::model::{Case, Verdict};
use aegis_core::{NodeId, Timestamp, Truth};

use super::{Contender, Entry, decide, direction};
use crate::world::LOCAL_ACCURACY;

/// What a verified case leaves of older ones: half after 34 cases.
const FADING: f64 = 0.98;

pub(super) const ENTRY: Entry = Entry {
    name: "beta",
    has_pretrust: false,
    hears_recommendations: false,
    start: |_| Box::new(Beta::default()),
};

#[derive(Default)]
struct Beta {
    peers: BTreeMap<NodeId, Record>,
}

#[derive(Clone, Copy, Default)]
struct Record {
    right: f64,
    wrong: f64,
}

impl Record {
    /// Returns the expected share of right words.
    fn reputation(self) -> f64 {
        (self.right + 1.0) / (self.right + self.wrong + 2.0)
    }
}

impl Beta {
    fn reputation_of(&self, peer: &NodeId) -> f64 {
        self.peers
            .get(peer)
            .copied()
            .unwrap_or_default()
            .reputation()
    }
}

impl Contender for Beta {
    fn judge(&self, _now: Timestamp, case: &Case<'_>) -> Verdict {
        let words = case.voices.iter().map(|voice| {
            let to = direction(voice.opinion.score, voice.opinion.confidence);
            to * self.reputation_of(&voice.peer)
        });
        let local = case.local.map_or(0.0, |local| {
            direction(local.score, local.confidence) * LOCAL_ACCURACY
        });
        decide(words.sum::<f64>() + local, case.voices.len())
    }

    fn learn(&mut self, _now: Timestamp, case: &Case<'_>, truth: Truth) {
        for voice in case.voices {
            let to = direction(voice.opinion.score, voice.opinion.confidence);
            let is_right = match truth {
                Truth::Malicious => to > 0.0,
                Truth::Benign => to < 0.0,
            };
            let record = self.peers.entry(voice.peer).or_default();
            record.right *= FADING;
            record.wrong *= FADING;
            if is_right {
                record.right += 1.0;
            } else if to != 0.0 {
                record.wrong += 1.0;
            }
        }
    }

    fn influence_of(&self, _now: Timestamp, peer: &NodeId) -> f64 {
        self.reputation_of(peer)
    }
}
