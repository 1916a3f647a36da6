//! The world of the arena: what there is to judge, and what honest peers and own detectors say.
//!
//! A world depends on its setting alone. Targets and own detectors depend on the seed only, so that
//! a node without a network fares alike at every size and hostile share, and runs can be paired.

use aegis_core::{NodeId, Timestamp, Topic, Truth};

use crate::chance::Chance;

/// How often a target is malicious.
pub const MALICIOUS_SHARE: f64 = 0.3;
/// How many of all targets are malicious and belong to the attackers.
pub const OWNED_SHARE: f64 = 0.06;
/// How many targets an honest peer has an opinion of.
pub const HONEST_COVERAGE: f64 = 0.4;
/// How many targets a hostile peer speaks of.
pub const HOSTILE_COVERAGE: f64 = 0.9;
/// How many targets own detectors have an opinion of, and how often it is right.
pub const LOCAL_COVERAGE: f64 = 0.3;
/// How often own detectors are right where they say anything.
pub const LOCAL_ACCURACY: f64 = 0.75;
/// A peer's chance to be right is of the Beta distribution with these: 0.85 on average.
const ACCURACY: (usize, usize) = (17, 3);
/// Peers that models with pre-trust start from: the first honest ones.
pub const PRETRUSTED: usize = 3;

/// When the first target comes up, and how long after it each next one does.
const START: Timestamp = Timestamp::from_secs(1_700_000_000);
const STEP_SECS: u64 = 60;

/// What makes one world differ from another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setting {
    /// Peers of the node, at least 1.
    pub peers: usize,
    /// Share of them that is hostile, 0…1; at least one peer stays honest.
    pub hostile: f64,
    /// What chance starts from.
    pub seed: u64,
    /// How many targets come up.
    pub targets: usize,
}

/// What somebody says of a target.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Claim {
    /// It does no harm.
    Benign,
    /// It attacks.
    Malicious,
    /// Words without confidence.
    Nothing,
}

impl Claim {
    /// Returns the claim that `truth` is the case.
    pub const fn of(truth: Truth) -> Self {
        match truth {
            Truth::Benign => Self::Benign,
            Truth::Malicious => Self::Malicious,
        }
    }

    /// Returns the claim that the opposite of `truth` is the case.
    pub const fn against(truth: Truth) -> Self {
        match truth {
            Truth::Benign => Self::Malicious,
            Truth::Malicious => Self::Benign,
        }
    }
}

/// One indicator that comes up for judgement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Target {
    /// What it is.
    pub truth: Truth,
    /// Whether it belongs to the attackers; then it is malicious.
    pub is_owned: bool,
    /// The behaviour in question.
    pub topic: Topic,
    /// What own detectors say of it.
    pub local: Option<Claim>,
    /// A number of 0…1 that decides whether the uniform part of the verification falls on it.
    pub lot: f64,
}

/// Everything that does not depend on attack and model.
#[derive(Clone, Debug)]
pub struct World {
    /// What it was made from.
    pub setting: Setting,
    /// What comes up, in order.
    pub targets: Vec<Target>,
    /// Honest peers: who they are and how often each is right.
    pub honest: Vec<(NodeId, f64)>,
    /// Hostile peers, floods not counted.
    pub hostile: usize,
    words: Vec<Option<Claim>>,
}

/// Which stream of chance something comes from.
#[derive(Clone, Copy)]
enum Stream {
    Targets = 1,
    Honest,
    Hostile,
    Identity,
    Attack,
    Recommendations,
}

impl World {
    /// Draws the world of `setting`.
    pub fn new(setting: Setting) -> Self {
        let hostile = (setting.peers as f64 * setting.hostile.clamp(0.0, 1.0)).round() as usize;
        let hostile = hostile.min(setting.peers.saturating_sub(1));
        let targets = draw_targets(setting);
        let count = setting.peers - hostile;
        let mut chance = Chance::new(&[setting.seed, Stream::Honest as u64]);
        let honest: Vec<_> = (0..count)
            .map(|slot| {
                let accuracy = chance.beta(ACCURACY.0, ACCURACY.1);
                (identity(&[setting.seed, 0, slot as u64]), accuracy)
            })
            .collect();
        let mut words = Vec::with_capacity(targets.len() * honest.len());
        for target in &targets {
            for (_, accuracy) in &honest {
                words.push(sincere(
                    target.truth,
                    HONEST_COVERAGE,
                    *accuracy,
                    &mut chance,
                ));
            }
        }
        Self {
            setting,
            targets,
            honest,
            hostile,
            words,
        }
    }

    /// Returns what the honest peers say of the target at `index`, in their order.
    pub fn honest_words(&self, index: usize) -> &[Option<Claim>] {
        let count = self.honest.len();
        self.words
            .get(index * count..(index + 1) * count)
            .unwrap_or_default()
    }

    /// Returns how often each of `count` hostile peers is right when it means to be.
    pub fn hostile_accuracies(&self, count: usize) -> Vec<f64> {
        let mut chance = Chance::new(&[self.setting.seed, Stream::Hostile as u64]);
        (0..count)
            .map(|_| chance.beta(ACCURACY.0, ACCURACY.1))
            .collect()
    }

    /// Writes what hostile peers would say of the target at `index` if they were sincere.
    pub fn hostile_words(&self, index: usize, accuracies: &[f64], words: &mut Vec<Option<Claim>>) {
        let labels = [self.setting.seed, Stream::Hostile as u64, index as u64];
        let mut chance = Chance::new(&labels);
        let truth = self.targets[index].truth;
        words.clear();
        words.extend(
            accuracies
                .iter()
                .map(|accuracy| sincere(truth, HOSTILE_COVERAGE, *accuracy, &mut chance)),
        );
    }

    /// Returns who the hostile peer of `slot` is after `generation` changes of its identity.
    pub fn hostile_identity(&self, slot: usize, generation: u64) -> NodeId {
        identity(&[self.setting.seed, 1 + generation, slot as u64])
    }

    /// Returns the chance that the attackers' own plans at the target `index` come from.
    pub fn attack_chance(&self, index: usize) -> Chance {
        Chance::new(&[self.setting.seed, Stream::Attack as u64, index as u64])
    }

    /// Returns the chance that decides who recommends whom after the target `index`.
    pub fn recommendation_chance(&self, index: usize) -> Chance {
        Chance::new(&[
            self.setting.seed,
            Stream::Recommendations as u64,
            index as u64,
        ])
    }

    /// Returns when the target at `index` comes up.
    pub fn time_of(&self, index: usize) -> Timestamp {
        Timestamp::from_secs(START.as_secs() + STEP_SECS * index as u64)
    }
}

fn draw_targets(setting: Setting) -> Vec<Target> {
    let mut chance = Chance::new(&[setting.seed, Stream::Targets as u64]);
    (0..setting.targets)
        .map(|_| {
            let place = chance.unit();
            let truth = if place < MALICIOUS_SHARE {
                Truth::Malicious
            } else {
                Truth::Benign
            };
            Target {
                truth,
                is_owned: place < OWNED_SHARE,
                topic: Topic::Access,
                local: sincere(truth, LOCAL_COVERAGE, LOCAL_ACCURACY, &mut chance),
                lot: chance.unit(),
            }
        })
        .collect()
}

/// Returns what somebody says who means well. Draws the same numbers whatever it says.
fn sincere(truth: Truth, coverage: f64, accuracy: f64, chance: &mut Chance) -> Option<Claim> {
    let speaks = chance.happens(coverage);
    let is_right = chance.happens(accuracy);
    let claim = if is_right {
        Claim::of(truth)
    } else {
        Claim::against(truth)
    };
    speaks.then_some(claim)
}

/// Returns an identity whose place among others says nothing of who it is.
fn identity(labels: &[u64]) -> NodeId {
    let mut stream = vec![Stream::Identity as u64];
    stream.extend_from_slice(labels);
    let mut chance = Chance::new(&stream);
    let mut key = [0; 32];
    for byte in &mut key {
        *byte = chance.below(256) as u8;
    }
    NodeId::from_public_key(key)
}

#[cfg(test)]
mod tests;
