//! What peers say about a peer, and what that says about them.
//!
//! Recommendations are SORT's (Can and Bhargava, TDSC 2013) as Fides codes them. How
//! good one was is told by its *relative* distance from what all came to, which has no bound where
//! that is near 0; and agreement on a spread of 0 counts for nothing. That is the design.

use super::peer::FidesPeer;
use super::service::{self, Beliefs, Interaction};
use super::{FidesConfig, OUTLIER_MAX};
use crate::trust::model::SortRecord;

/// What recommendations come to.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Estimate {
    /// Reputation, by recommenders' trust and how many made what they say (er).
    pub reputation: f64,
    /// Beliefs, by recommenders' trust and how much they have been through (ecb, eib).
    pub beliefs: Beliefs,
    /// How full the recommenders' histories are in the mean: 0…1 (μ).
    pub fullness: f64,
}

/// Returns what `answers`, each with the trust in its recommender, come to.
///
/// Nothing where there are none. Interactions and recommenders beyond what this node itself would
/// count are not believed; the original takes any number.
pub fn estimate(config: &FidesConfig, answers: &[(f64, SortRecord)]) -> Estimate {
    if answers.is_empty() {
        return Estimate::default();
    }
    let history_max = u64::from(config.service_history_max.get());
    let mut reputation = Share::default();
    let mut competence = Share::default();
    let mut integrity = Share::default();
    let mut interactions = 0;
    for (trust, answer) in answers {
        let answer = believable(config, answer);
        let by_recommenders = trust * f64::from(answer.recommenders);
        reputation.add(by_recommenders, answer.reputation.value());
        let by_interactions = trust * f64::from(answer.interactions);
        competence.add(by_interactions, answer.competence.value());
        integrity.add(by_interactions, answer.integrity.value());
        interactions += u64::from(answer.interactions);
    }
    let interactions_mean = interactions / answers.len() as u64; // rounded down, as in the original
    Estimate {
        reputation: reputation.mean(),
        beliefs: Beliefs {
            competence: competence.mean(),
            integrity: integrity.mean(),
        },
        fullness: interactions_mean as f64 / history_max as f64,
    }
}

/// Returns the reputation that follows for the subject.
pub fn reputation(config: &FidesConfig, estimate: &Estimate) -> f64 {
    let trust = service::trust(estimate.beliefs, estimate.fullness, estimate.reputation);
    config.bounded(trust)
}

/// Returns how good a recommendation was and how much it weighs.
pub fn rate(config: &FidesConfig, estimate: &Estimate, answer: &SortRecord) -> Interaction {
    let answer = believable(config, answer);
    let reputation = agreement(answer.reputation.value(), estimate.reputation);
    let competence = agreement(answer.competence.value(), estimate.beliefs.competence);
    let integrity = agreement(answer.integrity.value(), estimate.beliefs.integrity);
    let history_max = f64::from(config.service_history_max.get());
    let recommenders_max = f64::from(config.recommenders_max.get());
    let by_interactions = f64::from(answer.interactions) / history_max;
    let by_recommenders = f64::from(answer.recommenders) / recommenders_max;
    let fullness = estimate.fullness;
    let weight = fullness * by_interactions + (1.0 - fullness) * by_recommenders;
    Interaction {
        satisfaction: config.bounded((reputation + competence + integrity) / 3.0),
        weight: weight.clamp(0.0, 1.0),
    }
}

/// Takes in what recommenders say about `subject`: it gets a reputation, and each of them a
/// recommendation more in its history. Does nothing where there is no answer.
pub fn process(
    config: &FidesConfig,
    subject: &mut FidesPeer,
    answers: &mut [(FidesPeer, SortRecord)],
) {
    if answers.is_empty() {
        return;
    }
    let trusts = answers
        .iter()
        .map(|(peer, answer)| (peer.recommendation_trust, *answer));
    let estimate = estimate(config, &trusts.collect::<Vec<_>>());
    let reputation = reputation(config, &estimate);
    subject.service_trust = subject.service_trust.max(reputation.clamp(0.0, 1.0));
    subject.reputation = reputation;
    subject.recommendation_trust = reputation;
    subject.recommenders = u32::try_from(answers.len()).unwrap_or(u32::MAX);
    for (recommender, answer) in answers {
        recommender.recommend(config, rate(config, &estimate, answer));
    }
}

/// Returns whether an answer says anything: its author knows something of the subject, itself or
/// from others.
pub fn has_evidence(answer: &SortRecord) -> bool {
    answer.interactions > 0 || answer.recommenders > 0
}

fn believable(config: &FidesConfig, answer: &SortRecord) -> SortRecord {
    let history_max = u32::from(config.service_history_max.get());
    SortRecord {
        interactions: answer.interactions.min(history_max),
        recommenders: answer.recommenders.min(config.recommenders_max.get()),
        ..*answer
    }
}

/// Returns 1 where both say the same, less the farther they are apart in shares of `estimate`.
fn agreement(said: f64, estimate: f64) -> f64 {
    if estimate > 0.0 {
        (1.0 - (said - estimate).abs() / estimate).max(-OUTLIER_MAX)
    } else {
        0.0
    }
}

/// A weighted mean in the making.
#[derive(Default)]
struct Share {
    weights: f64,
    values: f64,
}

impl Share {
    fn add(&mut self, weight: f64, value: f64) {
        self.weights += weight;
        self.values += weight * value;
    }

    /// Returns the mean, and 0 where nothing weighs.
    fn mean(&self) -> f64 {
        if self.weights > 0.0 {
            self.values / self.weights
        } else {
            0.0
        }
    }
}
