//! Verdicts of the models that end in a score and a confidence and say no more.
//!
//! Both were written for Slips, which multiplies the two; so does this.

use super::model::{Stance, Verdict};
use crate::{Confidence, Score};

/// From this product of score and confidence on a verdict is acted on.
///
/// Slips sums the products of its evidence and acts from 0.25 on: `evidence_detection_threshold`,
/// which its configuration calls the optimal one.
pub const PRODUCT_MIN: f64 = 0.25;

/// The most log-odds (nats) that a peer is said to move: odds of a million to one.
const INFLUENCE_MAX: f64 = 13.8;

/// Returns the verdict that a score and a confidence amount to.
pub(super) fn verdict(score: Score, confidence: Confidence, voices: usize) -> Verdict {
    let product = score.value() * confidence.value();
    let stance = if product >= PRODUCT_MIN {
        Stance::Malicious
    } else if product <= -PRODUCT_MIN {
        Stance::Benign
    } else {
        Stance::Unknown
    };
    Verdict {
        score,
        confidence,
        probability: Confidence::clamped(probability(product)),
        stance,
        voices: voices as f64,
    }
}

/// Returns how far (nats of log-odds) a peer moves a verdict if it alone speaks, says the worst
/// and is sure, and the verdict's confidence is then `confidence`.
pub(super) fn influence(confidence: f64) -> f64 {
    let probability = probability(confidence.clamp(0.0, 1.0));
    let log_odds = (probability / (1.0 - probability)).ln();
    log_odds.min(INFLUENCE_MAX)
}

/// Returns how likely malicious an indicator is, 0…1, whose product is -1…1.
fn probability(product: f64) -> f64 {
    0.5 + product / 2.0
}

#[cfg(test)]
mod tests;
