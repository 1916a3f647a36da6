//! Service trust: what a peer's past says of its next answer.
//!
//! The formulas are SORT's (Can and Bhargava, TDSC 2013) as Fides codes them (Forst, CTU 2022):
//! nothing fades, and the belief in integrity is the root mean square gap between a satisfaction,
//! scaled by the *mean* weight, and the belief in competence. So a peer that never fails but whose
//! interactions weigh less than 1 looks inconsistent. That is the design, and stays.

use std::num::NonZeroU8;

/// How much one exchange with a peer satisfied, and how much it counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interaction {
    /// How well it served: 0…1; a recommendation's may lie outside where the original's defects
    /// are kept.
    pub satisfaction: f64,
    /// How much it counts: 0…1.
    pub weight: f64,
}

/// Weight of meeting a peer.
pub const FIRST_ENCOUNTER_WEIGHT: f64 = 0.1;
/// Weight of being asked, for an opinion or about a peer.
pub const REQUEST_WEIGHT: f64 = 0.5;
/// Weight of being told of an alert.
pub const ALERT_WEIGHT: f64 = 0.7;
/// Weight of an answer with an opinion.
pub const ANSWER_WEIGHT: f64 = 1.0;
/// Weight of an answer about a peer.
pub const RECOMMENDATION_WEIGHT: f64 = 1.0;

/// How much the belief in integrity takes off the belief in competence.
const INTEGRITY_DISCOUNT: f64 = 0.5;

/// What a history comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Beliefs {
    /// Weighted mean of satisfaction (cb).
    pub competence: f64,
    /// Spread around it (ib).
    pub integrity: f64,
}

impl Interaction {
    /// Returns an interaction that left nothing to be desired.
    pub const fn perfect(weight: f64) -> Self {
        Self {
            satisfaction: 1.0,
            weight,
        }
    }
}

/// Returns what `history` comes to; nothing where it is empty or weighs nothing.
///
/// The sums run from the oldest to the newest, as the original's do.
pub fn beliefs(history: &[Interaction]) -> Beliefs {
    if history.is_empty() {
        return Beliefs::default();
    }
    let length = history.len() as f64;
    let weights: f64 = history.iter().map(|it| it.weight).sum();
    let satisfactions: f64 = history.iter().map(|it| it.satisfaction * it.weight).sum();
    let competence = if weights > 0.0 {
        satisfactions / weights
    } else {
        0.0
    };
    let weight_mean = weights / length;
    let gaps = history
        .iter()
        .map(|it| it.satisfaction * weight_mean - competence);
    let squares: f64 = gaps.map(|gap| gap * gap).sum();
    Beliefs {
        competence,
        integrity: (squares / length).sqrt(),
    }
}

/// Returns trust from own experience as far as the history is full, and else from `reputation`.
///
/// `fullness` is the share of the history in use, 0…1. The result is not bounded: its caller
/// knows whether the original bounds it.
pub fn trust(beliefs: Beliefs, fullness: f64, reputation: f64) -> f64 {
    let experience = beliefs.competence - INTEGRITY_DISCOUNT * beliefs.integrity;
    fullness * experience + (1.0 - fullness) * reputation
}

/// Returns the share of a history that is in use: 0…1.
pub fn fullness(history: &[Interaction], history_max: NonZeroU8) -> f64 {
    history.len() as f64 / f64::from(history_max.get())
}

/// Forgets the oldest of more than `history_max` interactions.
pub fn forget_oldest(history: &mut Vec<Interaction>, history_max: NonZeroU8) {
    let excess = history.len().saturating_sub(usize::from(history_max.get()));
    history.drain(..excess);
}
