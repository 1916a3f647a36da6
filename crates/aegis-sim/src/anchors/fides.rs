//! Fides under attack: a network of 20 peers that are asked about the same benign and the same
//! malicious target for 200 rounds; what counts is in how many of the last 50 rounds, and about
//! which target, the sign of the score is right.
//!
//! Peers are the thesis' (Forst 2022, "confident correct" and "malicious"): scores of the normal
//! distribution with mean 0.9 and deviation 0.1, confidences alike, both kept within bounds. The
//! node's own detectors are its "uncertain" ones: mean 0 and deviation 0.8, confidence 0.3 and 0.2.
//! Nobody gives recommendations. The figures were measured with the original program, two runs
//! each.
//!
//! Where half of the peers lie, liars and honest are each other's mirror: whoever is ahead by
//! chance wins, so a mean of two runs says little, and [`Anchor::noise`] says how little.

use std::time::Duration;

use aegis_core::trust::fides::evaluation::Evaluation;
use aegis_core::trust::fides::{FidesConfig, FidesModel};
use aegis_core::trust::model::{Case, Introduction, TrustModel, Voice};
use aegis_core::{Confidence, Evidence, NodeId, Opinion, Score, Timestamp, Topic, Truth};

use super::Anchor;
use crate::chance::Chance;

const PEERS: usize = 20;
const ROUNDS: usize = 200;
const COUNTED: usize = 50;
/// Runs behind each figure of the original.
const ORIGINAL_RUNS: f64 = 2.0;
/// What pre-trusted peers are trusted, for good.
const PRETRUST: f64 = 0.95;

/// What hostile peers do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Lie {
    /// From this round on.
    From(usize),
    /// In every second phase of 25 rounds.
    OnOff,
    /// In one round of four.
    Oscillate,
    /// About the malicious target.
    Hide,
    /// About the benign target.
    Slander,
    /// Always, under a new identity every 20 rounds.
    Whitewash,
    /// Always, but they join at round 100.
    Join,
}

/// How votes are weighed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Weighing {
    /// As Fides does, rating answers so.
    Fides(Evaluation),
    /// Not at all: the median of the scores.
    Median,
}

/// One experiment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Experiment {
    /// What hostile peers do.
    pub lie: Lie,
    /// How votes are weighed.
    pub weighing: Weighing,
    /// Peers that are trusted in advance: the first honest ones.
    pub pretrusted: usize,
    /// Hostile peers.
    pub hostile: usize,
}

/// Hostile peers in the columns of the figures: 10, 25, 50 and 75 %.
const HOSTILE: [usize; 4] = [2, 5, 10, 15];

/// The figures of one attack, by hostile share.
type Figures = [f64; 4];

/// Returns how votes are weighed in the columns, and how many are trusted in advance.
fn columns() -> [(&'static str, Weighing, usize); 6] {
    let shipped = Weighing::Fides(Evaluation::default());
    let distance = Weighing::Fides(Evaluation::Distance);
    let max_confidence = Weighing::Fides(Evaluation::MaxConfidence);
    [
        ("shipped", shipped, 0),
        ("distance", distance, 0),
        ("maxConfidence", max_confidence, 0),
        ("median", Weighing::Median, 0),
        ("distance, 25 % pre-trusted", distance, PEERS / 4),
        ("shipped, 25 % pre-trusted", shipped, PEERS / 4),
    ]
}

/// What the original reached, by attack and column.
const ORIGINAL: [(&str, Lie, [Figures; 6]); 9] = [
    (
        "always lie",
        Lie::From(0),
        [
            [1.0, 1.0, 0.48, 0.0],
            [1.0, 1.0, 0.45, 0.0],
            [1.0, 1.0, 0.73, 0.0],
            [1.0, 1.0, 0.48, 0.0],
            [1.0, 1.0, 1.0, 1.0],
            [1.0, 1.0, 1.0, 0.0],
        ],
    ),
    (
        "betray at 50",
        Lie::From(50),
        [
            [1.0, 1.0, 0.48, 0.0],
            [1.0, 1.0, 0.45, 0.0],
            [1.0, 1.0, 0.73, 0.0],
            [1.0, 1.0, 0.48, 0.0],
            [1.0, 1.0, 1.0, 1.0],
            [1.0, 1.0, 1.0, 0.0],
        ],
    ),
    (
        "betray at 150",
        Lie::From(150),
        [
            [1.0, 1.0, 0.48, 0.0],
            [1.0, 1.0, 0.48, 0.0],
            [1.0, 1.0, 0.64, 0.0],
            [1.0, 1.0, 0.48, 0.0],
            [1.0, 1.0, 1.0, 0.11],
            [1.0, 1.0, 1.0, 0.0],
        ],
    ),
    (
        "on and off",
        Lie::OnOff,
        [
            [1.0, 1.0, 0.73, 0.5],
            [1.0, 1.0, 0.73, 0.5],
            [1.0, 1.0, 0.79, 0.5],
            [1.0, 1.0, 0.73, 0.5],
            [1.0, 1.0, 1.0, 1.0],
            [1.0, 1.0, 1.0, 0.5],
        ],
    ),
    (
        "oscillate",
        Lie::Oscillate,
        [
            [1.0, 1.0, 0.88, 0.74],
            [1.0, 1.0, 0.89, 0.74],
            [1.0, 1.0, 0.91, 0.74],
            [1.0, 1.0, 0.86, 0.74],
            [1.0, 1.0, 1.0, 0.74],
            [1.0, 1.0, 1.0, 0.74],
        ],
    ),
    (
        "hide malicious, or own target only",
        Lie::Hide,
        [
            [1.0, 1.0, 0.72, 0.5],
            [1.0, 1.0, 0.70, 0.5],
            [1.0, 1.0, 0.79, 0.5],
            [1.0, 1.0, 0.73, 0.5],
            [1.0, 1.0, 1.0, 1.0],
            [1.0, 1.0, 1.0, 0.5],
        ],
    ),
    (
        "slander benign",
        Lie::Slander,
        [
            [1.0, 1.0, 0.76, 0.5],
            [1.0, 1.0, 0.76, 0.5],
            [1.0, 1.0, 0.85, 0.5],
            [1.0, 1.0, 0.75, 0.5],
            [1.0, 1.0, 1.0, 0.99],
            [1.0, 1.0, 1.0, 0.5],
        ],
    ),
    (
        "whitewash",
        Lie::Whitewash,
        [
            [1.0, 1.0, 1.0, 0.0],
            [1.0, 0.0, 0.0, 0.0],
            [1.0, 1.0, 0.02, 0.0],
            [1.0, 1.0, 0.47, 0.0],
            [1.0, 1.0, 1.0, 0.0],
            [1.0, 1.0, 1.0, 0.0],
        ],
    ),
    (
        "Sybils join at 100",
        Lie::Join,
        [
            [1.0, 1.0, 0.62, 0.0],
            [1.0, 1.0, 0.0, 0.0],
            [1.0, 1.0, 0.38, 0.0],
            [1.0, 1.0, 0.53, 0.0],
            [1.0, 1.0, 1.0, 1.0],
            [1.0, 1.0, 1.0, 0.0],
        ],
    ),
];

/// Repeats every experiment that `is_wanted` says, `runs` times.
pub fn anchors(runs: u64, is_wanted: fn(&Experiment) -> bool) -> Vec<Anchor> {
    let mut anchors = Vec::new();
    for (attack, lie, figures) in ORIGINAL {
        for ((column, weighing, pretrusted), figures) in columns().into_iter().zip(figures) {
            for (hostile, original) in HOSTILE.iter().zip(figures) {
                let experiment = Experiment {
                    lie,
                    weighing,
                    pretrusted,
                    hostile: *hostile,
                };
                if !is_wanted(&experiment) {
                    continue;
                }
                let found: Vec<_> = (1..=runs).map(|seed| accuracy(experiment, seed)).collect();
                let percent = 100 * hostile / PEERS;
                anchors.push(anchor(
                    format!("{attack}, {percent} %: {column}"),
                    original,
                    &found,
                ));
            }
        }
    }
    anchors
}

fn anchor(name: String, original: f64, found: &[f64]) -> Anchor {
    let count = found.len().max(1) as f64;
    let mean = found.iter().sum::<f64>() / count;
    let squares = found.iter().map(|it| (it - mean).powi(2));
    let deviation = (squares.sum::<f64>() / (count - 1.0).max(1.0)).sqrt();
    Anchor {
        name,
        original,
        found: mean,
        noise: 3.0 * deviation * (1.0 / ORIGINAL_RUNS + 1.0 / count).sqrt(),
    }
}

/// Runs one experiment. Returns the share of right signs.
pub fn accuracy(experiment: Experiment, seed: u64) -> f64 {
    let mut network = Network::new(experiment, seed);
    let mut right = 0;
    for round in 0..ROUNDS {
        network.admit(round);
        for truth in [Truth::Benign, Truth::Malicious] {
            let score = network.ask(round, truth);
            let is_right = match truth {
                Truth::Benign => score < 0.0,
                Truth::Malicious => score > 0.0,
            };
            right += usize::from(is_right && round + COUNTED >= ROUNDS);
        }
    }
    right as f64 / (2 * COUNTED) as f64
}

/// One node with its peers.
struct Network {
    experiment: Experiment,
    model: FidesModel,
    honest: Vec<NodeId>,
    hostile: Vec<NodeId>,
    chance: Chance,
}

impl Network {
    fn new(experiment: Experiment, seed: u64) -> Self {
        let evaluation = match experiment.weighing {
            Weighing::Fides(evaluation) => evaluation,
            Weighing::Median => Evaluation::Even,
        };
        let mut network = Self {
            experiment,
            model: FidesModel::new(FidesConfig {
                evaluation,
                has_recommendations: false,
                ..FidesConfig::default()
            }),
            honest: Vec::new(),
            hostile: Vec::new(),
            chance: Chance::new(&[seed]),
        };
        for place in 0..PEERS - experiment.hostile {
            let peer = identity(0, place);
            let is_fixed = place < experiment.pretrusted;
            let pretrust = if is_fixed { PRETRUST } else { 0.0 };
            let introduction = Introduction {
                pretrust: Confidence::clamped(pretrust),
                is_fixed,
            };
            network.model.meet(time_of(0), peer, introduction);
            network.honest.push(peer);
        }
        network
    }

    /// Lets hostile peers in that are there from `round` on.
    fn admit(&mut self, round: usize) {
        let comes = match self.experiment.lie {
            Lie::Whitewash => round.is_multiple_of(20),
            Lie::Join => round == 100,
            Lie::From(_) | Lie::OnOff | Lie::Oscillate | Lie::Hide | Lie::Slander => round == 0,
        };
        if !comes {
            return;
        }
        let generation = 1 + round / 20;
        self.hostile = (0..self.experiment.hostile)
            .map(|place| identity(generation, place))
            .collect();
        for peer in &self.hostile {
            self.model
                .meet(time_of(round), *peer, Introduction::default());
        }
    }

    /// Asks everybody about the target with this truth. Returns the score of the answers.
    fn ask(&mut self, round: usize, truth: Truth) -> f64 {
        let lies = self.experiment.lie.is_told(round, truth);
        let malicious = if truth == Truth::Malicious { 1.0 } else { -1.0 };
        let mut voices = Vec::new();
        for (peers, direction) in [
            (&self.honest, malicious),
            (&self.hostile, if lies { -malicious } else { malicious }),
        ] {
            for peer in peers {
                let opinion = opinion(&mut self.chance, (direction * 0.9, 0.1), (0.9, 0.1));
                voices.push(Voice {
                    peer: *peer,
                    opinion,
                    evidence: Evidence::Verified,
                });
            }
        }
        voices.sort_unstable_by_key(|it| it.peer);
        if self.experiment.weighing == Weighing::Median {
            return median(&voices);
        }
        let case = Case {
            topic: Topic::Other,
            voices: &voices,
            local: Some(opinion(&mut self.chance, (0.0, 0.8), (0.3, 0.2))),
        };
        let verdict = self.model.judge(time_of(round), &case);
        self.model.conclude(time_of(round), &case, &verdict);
        verdict.score.value()
    }
}

impl Lie {
    fn is_told(self, round: usize, truth: Truth) -> bool {
        match self {
            Self::From(start) => round >= start,
            Self::OnOff => round / 25 % 2 == 1,
            Self::Oscillate => round % 4 == 3,
            Self::Hide => truth == Truth::Malicious,
            Self::Slander => truth == Truth::Benign,
            Self::Whitewash | Self::Join => true,
        }
    }
}

/// Draws an opinion whose score and confidence have these means and deviations.
fn opinion(chance: &mut Chance, score: (f64, f64), confidence: (f64, f64)) -> Opinion {
    Opinion {
        score: Score::clamped(chance.normal(score.0, score.1)),
        confidence: Confidence::clamped(chance.normal(confidence.0, confidence.1)),
        sightings: 0,
        age: Duration::ZERO,
    }
}

fn median(voices: &[Voice]) -> f64 {
    let mut scores: Vec<_> = voices.iter().map(|it| it.opinion.score.value()).collect();
    scores.sort_by(f64::total_cmp);
    let middle = scores.len() / 2;
    if scores.len().is_multiple_of(2) {
        f64::midpoint(scores[middle - 1], scores[middle])
    } else {
        scores[middle]
    }
}

fn identity(generation: usize, place: usize) -> NodeId {
    let mut key = [0; 32];
    key[0] = generation as u8;
    key[1] = place as u8;
    NodeId::from_public_key(key)
}

fn time_of(round: usize) -> Timestamp {
    Timestamp::from_secs(60 * round as u64)
}

#[cfg(test)]
mod tests;
