//! Dovecot's experiments (Hollmannová 2020): ten peers and two devices, one of which attacks, for
//! 20 rounds; what counts is in how many rounds one of the peers, the observer, says rightly which
//! of the two is the attacker. There is no chance in them.
//!
//! Every peer's own detectors see in every round either an attack or nothing. Liars praise the
//! attacker or, in addition, slander the other device, or attack the observer besides. The plans
//! are those of the author's published set-ups, with one exception: there the liars of 5A attack
//! the observer in every round, and the published figures come out when they do so from the sixth
//! round on.
//!
//! Scores are the thesis': -1 malicious, +1 benign.

use std::time::Duration;

use aegis_core::trust::dovecot::opinion::{DovecotOpinion, prediction};
use aegis_core::trust::dovecot::{DovecotConfig, DovecotModel};
use aegis_core::trust::model::{Case, Deed, Introduction, TrustModel, Voice};
use aegis_core::{Confidence, Evidence, NodeId, Opinion, Score, Timestamp, Topic};

use super::Anchor;

/// Peers, of which the first is the observer; hostile ones are the last.
const PEERS: usize = 10;
const ROUNDS: usize = 20;
/// Addresses of the two devices, after those of the peers.
const ATTACKER: usize = PEERS;
const BYSTANDER: usize = PEERS + 1;
/// When the attacker turns to the observer.
const HALF_TIME: usize = ROUNDS / 2;
/// When liars that attack the observer begin.
const LIARS_ATTACK: usize = 5;

/// Below this the observer takes somebody for an attacker, and what its own detectors weigh: what
/// the author found best.
const THRESHOLD: f64 = 0.3;
const OWN_WEIGHT: f64 = 0.4;

/// Whom the attacker attacks beside the observer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Plan {
    /// All other peers, always.
    Everybody,
    /// A few of them at a time, one after another.
    Staggered,
}

/// What liars do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Liars {
    /// They call everything benign.
    Praise,
    /// … except the device that is.
    Slander,
    /// … and attack the observer.
    SlanderAndAttack,
}

/// Figures by the number of liars, from 1.
const ORIGINAL: [(&str, Plan, Liars, [f64; 9]); 4] = [
    (
        "3A praise",
        Plan::Everybody,
        Liars::Praise,
        [0.925, 0.925, 0.925, 0.875, 0.825, 0.8, 0.775, 0.75, 0.725],
    ),
    (
        "3B praise, staggered",
        Plan::Staggered,
        Liars::Praise,
        [0.875, 0.85, 0.85, 0.825, 0.8, 0.8, 0.775, 0.725, 0.725],
    ),
    (
        "4A slander",
        Plan::Everybody,
        Liars::Slander,
        [0.9, 0.9, 0.875, 0.8, 0.7, 0.35, 0.325, 0.3, 0.275],
    ),
    (
        "5A slander and attack",
        Plan::Everybody,
        Liars::SlanderAndAttack,
        [0.9, 0.9, 0.875, 0.85, 0.8, 0.725, 0.625, 0.6, 0.65],
    ),
];

/// The figures without liars.
const HONEST: [(&str, Plan, f64); 2] = [
    ("2A", Plan::Everybody, 0.9),
    ("2B staggered", Plan::Staggered, 0.85),
];

/// Repeats every experiment.
pub fn anchors() -> Vec<Anchor> {
    let mut anchors = Vec::new();
    for (name, plan, original) in HONEST {
        anchors.push(anchor(name, original, accuracy(plan, Liars::Praise, 0)));
    }
    for (name, plan, liars, figures) in ORIGINAL {
        for (count, original) in (1..).zip(figures) {
            let name = format!("{name}, {} %", 100 * count / PEERS);
            anchors.push(anchor(&name, original, accuracy(plan, liars, count)));
        }
    }
    anchors
}

fn anchor(name: &str, original: f64, found: f64) -> Anchor {
    Anchor {
        name: name.to_owned(),
        original,
        found,
        noise: 0.0,
    }
}

/// Returns the share of right answers of an experiment with `count` liars.
fn accuracy(plan: Plan, liars: Liars, count: usize) -> f64 {
    let mut network = Network::new(plan, liars, count);
    let mut right = 0;
    for round in 0..ROUNDS {
        network.detect(round);
        right += usize::from(network.prediction(ATTACKER) < THRESHOLD);
        right += usize::from(network.prediction(BYSTANDER) >= THRESHOLD);
    }
    right as f64 / (2 * ROUNDS) as f64
}

struct Network {
    plan: Plan,
    liars: Liars,
    /// The first liar.
    liars_from: usize,
    model: DovecotModel,
    /// What each peer's own detectors think of each address.
    seen: [[DovecotOpinion; BYSTANDER + 1]; PEERS],
}

impl Network {
    fn new(plan: Plan, liars: Liars, count: usize) -> Self {
        let mut model = DovecotModel::new(DovecotConfig::default());
        for peer in 1..PEERS {
            model.meet(NOW, identity(peer), Introduction::default());
        }
        Self {
            plan,
            liars,
            liars_from: PEERS - count,
            model,
            seen: Default::default(),
        }
    }

    /// Lets everybody's own detectors see one round, and the model hear what the observer's think
    /// of its peers.
    fn detect(&mut self, round: usize) {
        for peer in 0..PEERS {
            for address in 0..=BYSTANDER {
                let is_attack = self.attacks(address, peer, round);
                let seen = &mut self.seen[peer][address];
                *seen = if is_attack {
                    attacked(*seen)
                } else {
                    left_alone(*seen)
                };
            }
        }
        for peer in 1..PEERS {
            let Opinion {
                score, confidence, ..
            } = to_house(self.seen[0][peer]);
            let observed = Deed::Observed(Some((score, confidence)));
            self.model.book(NOW, identity(peer), observed);
        }
    }

    fn attacks(&self, address: usize, peer: usize, round: usize) -> bool {
        if address == ATTACKER {
            return match (peer, self.plan) {
                (0, _) => round >= HALF_TIME,
                (_, Plan::Everybody) => true,
                (_, Plan::Staggered) => peer.abs_diff(round) <= 1,
            };
        }
        let is_liar = (self.liars_from..PEERS).contains(&address);
        let is_told = self.liars == Liars::SlanderAndAttack && round >= LIARS_ATTACK;
        is_liar && is_told && peer == 0
    }

    /// Returns the number on which the observer decides about the device of `address`.
    fn prediction(&self, address: usize) -> f64 {
        let voices: Vec<_> = (1..PEERS)
            .map(|peer| Voice {
                peer: identity(peer),
                opinion: to_house(self.said(peer, address)),
                evidence: Evidence::Verified,
            })
            .collect();
        let case = Case {
            topic: Topic::Other,
            voices: &voices,
            local: None,
        };
        let verdict = self.model.judge(NOW, &case);
        let network = DovecotOpinion {
            score: -verdict.score.value(),
            confidence: verdict.confidence.value(),
        };
        prediction(network, self.seen[0][address], OWN_WEIGHT)
    }

    fn said(&self, peer: usize, address: usize) -> DovecotOpinion {
        if peer < self.liars_from {
            return self.seen[peer][address];
        }
        let is_slandered = address == BYSTANDER && self.liars != Liars::Praise;
        DovecotOpinion {
            score: if is_slandered { -1.0 } else { 1.0 },
            confidence: 1.0,
        }
    }
}

/// Nothing in these experiments depends on time.
const NOW: Timestamp = Timestamp::EPOCH;

/// Returns what detectors think after an attack (the thesis' "general attack").
fn attacked(before: DovecotOpinion) -> DovecotOpinion {
    DovecotOpinion {
        score: (before.score - 0.4).clamp(-1.0, -0.4),
        confidence: (before.confidence + 0.6).min(1.0),
    }
}

/// Returns what detectors think after a round in which nothing happened.
fn left_alone(before: DovecotOpinion) -> DovecotOpinion {
    let confidence = if before.score < 0.0 {
        0.0
    } else {
        (before.confidence + 0.1).min(1.0)
    };
    DovecotOpinion {
        score: (before.score + 0.3).min(1.0),
        confidence,
    }
}

/// Returns an opinion on this house's scale, on which +1 is malicious.
fn to_house(opinion: DovecotOpinion) -> Opinion {
    Opinion {
        score: Score::clamped(-opinion.score),
        confidence: Confidence::clamped(opinion.confidence),
        sightings: 0,
        age: Duration::ZERO,
    }
}

/// Returns identities in order of their places.
const fn identity(peer: usize) -> NodeId {
    let mut key = [0; 32];
    key[0] = peer as u8;
    NodeId::from_public_key(key)
}

#[cfg(test)]
mod tests;
