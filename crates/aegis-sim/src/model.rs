//! Contenders: the trust models of `aegis-core`, driven as the Engine drives them, and those that
//! they are compared with.
//!
//! A new one is a file beside these and a line in [`MODELS`].

use aegis_core::trust::model::{Case, Deed, Introduction, Recommendation, Stance, Verdict};
use aegis_core::{Confidence, NodeId, Score, Timestamp, Truth};

use crate::world::World;

mod beta;
mod eigen_trust;
mod majority;
mod naive_bayes;
mod none;
mod oracle;
mod product;

pub use product::Driven;

/// What the arena asks of a model: the part of `TrustModel` that matters for one run, so that what
/// is only compared with need not store or forget anything.
pub trait Contender {
    /// Takes in that `peer` is known.
    fn meet(&mut self, _now: Timestamp, _peer: NodeId, _introduction: Introduction) {}

    /// Returns what `case` comes to.
    fn judge(&self, now: Timestamp, case: &Case<'_>) -> Verdict;

    /// Takes in that `case` was closed with `verdict`.
    fn conclude(&mut self, _now: Timestamp, _case: &Case<'_>, _verdict: &Verdict) {}

    /// Takes in what `case` turned out to be.
    fn learn(&mut self, _now: Timestamp, _case: &Case<'_>, _truth: Truth) {}

    /// Returns how much it would help to find out the truth about `case`: how divided the voices
    /// are, unless the model knows better.
    fn check_value(&self, _now: Timestamp, case: &Case<'_>, _verdict: &Verdict) -> f64 {
        contest(case)
    }

    /// Takes in something else that a peer did.
    fn book(&mut self, _now: Timestamp, _peer: NodeId, _deed: Deed) {}

    /// Takes in what others say of `subject`.
    fn consider(
        &mut self,
        _now: Timestamp,
        _subject: NodeId,
        _recommendations: &[(NodeId, Recommendation)],
    ) {
    }

    /// Returns how far `peer` alone can move a verdict now; only comparisons between moments count.
    fn influence_of(&self, _now: Timestamp, _peer: &NodeId) -> f64 {
        1.0
    }

    /// Returns how many bytes it keeps of `peer`, if it can say.
    fn bytes_of(&self, _peer: &NodeId) -> Option<usize> {
        None
    }
}

/// A contender by name.
#[derive(Clone, Copy)]
pub struct Entry {
    /// The word of tables and of `--model`.
    pub name: &'static str,
    /// Whether the first honest peers are introduced to it as trusted.
    pub has_pretrust: bool,
    /// Whether it is told recommendations whatever the attack.
    pub hears_recommendations: bool,
    /// Makes a fresh one; only the oracle looks at the world.
    pub start: fn(&World) -> Box<dyn Contender>,
}

/// Every contender, in the order of tables.
pub const MODELS: &[Entry] = &[
    none::ENTRY,
    oracle::ENTRY,
    product::AEGIS,
    product::FIDES,
    product::FIDES_DISTANCE,
    product::DOVECOT,
    majority::ENTRY,
    beta::ENTRY,
    eigen_trust::ENTRY,
    naive_bayes::ENTRY,
];

/// What every other is measured against: a node without a network, and the best that can be.
pub const BASELINES: [Entry; 2] = [none::ENTRY, oracle::ENTRY];

/// Returns how divided the voices of a case are: 0 agreed … 1 half against half.
pub fn contest(case: &Case<'_>) -> f64 {
    let (mut malicious, mut benign) = (0.0, 0.0);
    for voice in case.voices {
        let weight = voice.opinion.score.value() * voice.opinion.confidence.value();
        if weight > 0.0 {
            malicious += weight;
        } else {
            benign -= weight;
        }
    }
    let all: f64 = malicious + benign;
    if all > 0.0 {
        2.0 * f64::min(malicious, benign) / all
    } else {
        0.0
    }
}

/// Returns the verdict of somebody who always decides: malicious where `log_odds` are above 0.
fn decide(log_odds: f64, voices: usize) -> Verdict {
    let probability = 1.0 / (1.0 + (-log_odds).exp());
    Verdict {
        score: Score::clamped(2.0 * probability - 1.0),
        confidence: Confidence::clamped((2.0 * probability - 1.0).abs()),
        probability: Confidence::clamped(probability),
        stance: stance(log_odds),
        voices: voices as f64,
    }
}

fn stance(tendency: f64) -> Stance {
    if tendency > 0.0 {
        Stance::Malicious
    } else if tendency < 0.0 {
        Stance::Benign
    } else {
        Stance::Unknown
    }
}

/// Returns which way an opinion points: +1 malicious, -1 benign, 0 neither.
fn direction(score: Score, confidence: Confidence) -> f64 {
    if confidence.value() == 0.0 || score.value() == 0.0 {
        0.0
    } else {
        score.value().signum()
    }
}

/// Returns the log-odds that own detectors give, who are right as often as the world says.
fn local_log_odds(case: &Case<'_>) -> f64 {
    let accuracy = crate::world::LOCAL_ACCURACY;
    case.local.map_or(0.0, |local| {
        direction(local.score, local.confidence) * (accuracy / (1.0 - accuracy)).ln()
    })
}

#[cfg(test)]
mod tests;
