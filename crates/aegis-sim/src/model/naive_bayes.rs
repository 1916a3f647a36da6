//! Anchored naive Bayes: counts what each peer said of what turned out to be malicious and of what
//! turned out to be benign, and believes that peers err independently of each other.
//!
//! Dawid and Skene's model (1979) with the truth given where it was verified. A reference: what
//! comes from verified truth alone, before anything is done against attackers.

use std::collections::BTreeMap;

use aegis_core::trust::model::{Case, Verdict};
use aegis_core::{NodeId, Timestamp, Truth};

use super::{Contender, Entry, decide, direction, local_log_odds};

/// What is counted before anything was said, of either word: nobody starts with any weight.
const PRIOR: f64 = 1.0;

pub(super) const ENTRY: Entry = Entry {
    name: "naive-bayes",
    has_pretrust: false,
    hears_recommendations: false,
    start: |_| Box::new(NaiveBayes::default()),
};

#[derive(Default)]
struct NaiveBayes {
    peers: BTreeMap<NodeId, Counts>,
}

/// How often a peer said malicious and benign, of malicious and of benign targets.
#[derive(Clone, Copy, Default)]
struct Counts {
    of_malicious: Said,
    of_benign: Said,
}

#[derive(Clone, Copy, Default)]
struct Said {
    malicious: f64,
    benign: f64,
}

impl Contender for NaiveBayes {
    fn judge(&self, _now: Timestamp, case: &Case<'_>) -> Verdict {
        let words = case.voices.iter().map(|voice| {
            let counts = self.peers.get(&voice.peer).copied().unwrap_or_default();
            match direction(voice.opinion.score, voice.opinion.confidence) {
                0.0 => 0.0,
                to => counts.log_odds(to),
            }
        });
        decide(words.sum::<f64>() + local_log_odds(case), case.voices.len())
    }

    fn learn(&mut self, _now: Timestamp, case: &Case<'_>, truth: Truth) {
        for voice in case.voices {
            let counts = self.peers.entry(voice.peer).or_default();
            let said = match truth {
                Truth::Malicious => &mut counts.of_malicious,
                Truth::Benign => &mut counts.of_benign,
            };
            let to = direction(voice.opinion.score, voice.opinion.confidence);
            said.malicious += f64::from(u8::from(to > 0.0));
            said.benign += f64::from(u8::from(to < 0.0));
        }
    }

    fn influence_of(&self, _now: Timestamp, peer: &NodeId) -> f64 {
        let counts = self.peers.get(peer).copied().unwrap_or_default();
        counts.log_odds(1.0).abs()
    }
}

impl Counts {
    /// Returns the log-odds of malicious to benign when the peer points `to` one side.
    fn log_odds(self, to: f64) -> f64 {
        let of_malicious = self.of_malicious.share();
        let of_benign = self.of_benign.share();
        if to > 0.0 {
            (of_malicious / of_benign).ln()
        } else {
            ((1.0 - of_malicious) / (1.0 - of_benign)).ln()
        }
    }
}

impl Said {
    /// Returns how often malicious was said, of all words.
    fn share(self) -> f64 {
        (self.malicious + PRIOR) / (self.malicious + self.benign + 2.0 * PRIOR)
    }
}
