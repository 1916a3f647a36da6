//! How well an answer served, seen from what all answers came to.
//!
//! Nothing here knows what is true: the base line is the network's own opinion or that of this
//! node's detectors. Whoever answers with confidence 0 is never found wanting. That is the design.

use super::aggregation::FidesOpinion;
use crate::Confidence;

/// How an answer is rated.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Evaluation {
    /// All the same.
    Even,
    /// By the distance from what all answers came to.
    Distance,
    /// By the distance from what this node thinks, and where it thinks nothing, as `Distance`.
    LocalDistance,
    /// Both distances, `local_weight` of the local one.
    WeighedDistance {
        /// Share of the local distance.
        local_weight: Confidence,
    },
    /// `Distance` from the confidence `at` on, and `Even` below it.
    Threshold {
        /// Confidence of the aggregate from which distances count.
        at: Confidence,
    },
    /// As much `Distance` as the aggregate is sure, then as much `LocalDistance` as this node is,
    /// and `Even` for what is left.
    MaxConfidence,
}

impl Default for Evaluation {
    /// The shipped one: from 0.7 on by distance.
    fn default() -> Self {
        Self::Threshold {
            at: Confidence::clamped(0.7),
        }
    }
}

/// What answers are rated by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Baseline {
    /// What all answers came to.
    pub network: FidesOpinion,
    /// What this node thinks; `None` where it thinks nothing.
    pub local: Option<FidesOpinion>,
    /// Satisfaction where all answers are rated the same: 0…1.
    pub even: f64,
}

/// Returns how well `answer` served: 0…1.
pub fn satisfaction(evaluation: Evaluation, baseline: &Baseline, answer: FidesOpinion) -> f64 {
    let Baseline {
        network,
        local,
        even,
    } = *baseline;
    let from_network = distance(network, answer);
    let from_local = distance(local.unwrap_or(network), answer);
    let satisfaction = match evaluation {
        Evaluation::Even => even,
        Evaluation::Distance => from_network,
        Evaluation::LocalDistance => from_local,
        Evaluation::WeighedDistance { local_weight } => {
            let local_weight = local_weight.value();
            local_weight * from_local + (1.0 - local_weight) * from_network
        }
        Evaluation::Threshold { at } if at.value() <= network.confidence => from_network,
        Evaluation::Threshold { .. } => even,
        Evaluation::MaxConfidence => {
            let network_weight = network.confidence;
            let local_weight = local.map_or(0.0, |it| it.confidence.min(1.0 - network_weight));
            let even_weight = (1.0 - network_weight - local_weight).max(0.0);
            network_weight * from_network + local_weight * from_local + even_weight * even
        }
    };
    satisfaction.clamp(0.0, 1.0) // rounding may have left it
}

/// Returns 1 where `answer` says the same as a base line that is sure, less as it is farther off
/// and surer of it, and 0 where the base line knows nothing.
fn distance(baseline: FidesOpinion, answer: FidesOpinion) -> f64 {
    let gap = (baseline.score - answer.score).abs() / 2.0;
    (1.0 - gap * answer.confidence) * baseline.confidence
}
