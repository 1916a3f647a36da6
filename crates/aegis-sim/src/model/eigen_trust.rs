//! EigenTrust (Kamvar, Schlosser and Garcia-Molina, WWW 2003) with three pre-trusted peers: trust
//! flows from them along what peers say of each other's verified words.
//!
//! `c[i][j]` is what `i` found right less what it found wrong of `j`, at least 0, divided by the
//! sum over all `j`; trust is the fixed point of `t = (1 - a) Cᵀt + a p`.

use std::collections::BTreeMap;

use aegis_core::trust::model::{Case, Introduction, Recommendation, Verdict};
use aegis_core::{NodeId, Timestamp};

use super::{Contender, Entry, decide, direction, local_log_odds};

/// The part of trust that comes from the pre-trusted peers directly (`a`).
const ANCHORED: f64 = 0.15;
/// Steps towards the fixed point: what is left is below 0.85^40, about 0.0015.
const STEPS: usize = 40;

pub(super) const ENTRY: Entry = Entry {
    name: "eigentrust",
    has_pretrust: true,
    hears_recommendations: true,
    start: |_| Box::new(EigenTrust::default()),
};

#[derive(Default)]
struct EigenTrust {
    /// The place of everybody who was ever spoken of or spoke, in the lists below.
    places: BTreeMap<NodeId, usize>,
    pretrusted: Vec<usize>,
    /// What each recommender found right less wrong, of each subject, where that is above 0.
    rows: Vec<BTreeMap<usize, f64>>,
    trust: Vec<f64>,
    is_stale: bool,
}

impl EigenTrust {
    fn place_of(&mut self, peer: NodeId) -> usize {
        let next = self.rows.len();
        let place = *self.places.entry(peer).or_insert(next);
        if place == next {
            self.rows.push(BTreeMap::new());
            self.trust.push(0.0);
        }
        place
    }

    fn trust_of(&self, peer: &NodeId) -> f64 {
        let place = self.places.get(peer);
        place.map_or(0.0, |place| self.trust[*place])
    }

    /// Walks to the fixed point. A recommender with nothing good to say trusts the pre-trusted.
    fn refresh(&mut self) {
        let share = 1.0 / self.pretrusted.len().max(1) as f64;
        let flows: Vec<_> = self.rows.iter().map(flows).collect();
        let mut trust = vec![0.0; self.rows.len()];
        for place in &self.pretrusted {
            trust[*place] = share;
        }
        for _ in 0..STEPS {
            let mut next = vec![0.0; trust.len()];
            let mut lost = 0.0;
            for (weight, row) in trust.iter().zip(&flows) {
                if row.is_empty() {
                    lost += weight;
                }
                for (subject, part) in row {
                    next[*subject] += (1.0 - ANCHORED) * weight * part;
                }
            }
            for place in &self.pretrusted {
                next[*place] += share * (ANCHORED + (1.0 - ANCHORED) * lost);
            }
            trust = next;
        }
        self.trust = trust;
        self.is_stale = false;
    }
}

/// Returns which part of a recommender's trust flows to whom.
fn flows(row: &BTreeMap<usize, f64>) -> Vec<(usize, f64)> {
    let sum: f64 = row.values().sum();
    row.iter()
        .map(|(subject, found)| (*subject, found / sum))
        .collect()
}

impl Contender for EigenTrust {
    fn meet(&mut self, _now: Timestamp, peer: NodeId, introduction: Introduction) {
        if introduction.is_fixed {
            let place = self.place_of(peer);
            self.pretrusted.push(place);
            self.is_stale = true;
        }
    }

    fn judge(&self, _now: Timestamp, case: &Case<'_>) -> Verdict {
        let words = case.voices.iter().map(|voice| {
            let to = direction(voice.opinion.score, voice.opinion.confidence);
            to * self.trust_of(&voice.peer)
        });
        let tendency: f64 = words.sum();
        let tendency = if tendency == 0.0 {
            local_log_odds(case)
        } else {
            tendency
        };
        decide(tendency, case.voices.len())
    }

    fn conclude(&mut self, _now: Timestamp, _case: &Case<'_>, _verdict: &Verdict) {
        if self.is_stale {
            self.refresh();
        }
    }

    fn consider(
        &mut self,
        _now: Timestamp,
        subject: NodeId,
        recommendations: &[(NodeId, Recommendation)],
    ) {
        self.is_stale = true;
        let subject = self.place_of(subject);
        for (recommender, said) in recommendations {
            let right = f64::from(said.malicious_right) + f64::from(said.benign_right);
            let wrong = f64::from(said.malicious_wrong) + f64::from(said.benign_wrong);
            let place = self.place_of(*recommender);
            let row = &mut self.rows[place];
            if right > wrong {
                row.insert(subject, right - wrong);
            } else {
                row.remove(&subject);
            }
        }
    }

    fn influence_of(&self, _now: Timestamp, peer: &NodeId) -> f64 {
        self.trust_of(peer)
    }
}
