//! Many answers to one question, put together into one opinion; and what an alert alone says.
//!
//! Scores here are Fides': -1 malicious, +1 benign.

use super::FidesConfig;

/// What somebody thinks of an indicator, as Fides counts it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FidesOpinion {
    /// -1 malicious … 0 unknown … +1 benign.
    pub score: f64,
    /// How sure of it: 0…1.
    pub confidence: f64,
}

/// An answer, and how far its author is trusted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answer {
    /// What it says.
    pub opinion: FidesOpinion,
    /// Service trust of its author before this answer is booked: 0…1.
    pub trust: f64,
}

/// How answers are put together.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Aggregation {
    /// Confidence is divided by the number of answers: distrusted ones lower it.
    #[default]
    Average,
    /// Confidence is divided by the sum of trust.
    WeightedAverage,
    /// Confidence is what the spread of the weighed scores leaves of 1.
    DeviationFromScore,
}

/// Returns the one opinion that `answers` come to.
///
/// `None` where there are none, and where nobody is trusted and the original would divide by zero:
/// in all but [`Aggregation::Average`], which then knows nothing.
pub fn aggregate(aggregation: Aggregation, answers: &[Answer]) -> Option<FidesOpinion> {
    if answers.is_empty() {
        return None;
    }
    let trust: f64 = answers.iter().map(|it| it.trust).sum();
    let is_trusted = trust > 0.0;
    match aggregation {
        Aggregation::Average if !is_trusted => Some(FidesOpinion::default()),
        Aggregation::Average => Some(average(answers, trust)),
        Aggregation::WeightedAverage => is_trusted.then(|| weighted_average(answers, trust)),
        Aggregation::DeviationFromScore => is_trusted.then(|| deviation(answers, trust)),
    }
}

/// Returns what an alert says: its author is trusted for it at least `alert_trust_min`.
pub fn weigh_alert(config: &FidesConfig, alert: FidesOpinion, trust: f64) -> FidesOpinion {
    FidesOpinion {
        score: alert.score,
        confidence: alert.confidence * config.alert_trust_min.value().max(trust),
    }
}

fn average(answers: &[Answer], trust: f64) -> FidesOpinion {
    let weighed = answers.iter().map(|it| it.opinion.confidence * it.trust);
    FidesOpinion {
        score: score(answers, trust),
        confidence: weighed.sum::<f64>() / answers.len() as f64,
    }
}

fn weighted_average(answers: &[Answer], trust: f64) -> FidesOpinion {
    let weighed = answers
        .iter()
        .map(|it| it.opinion.confidence * (it.trust / trust));
    FidesOpinion {
        score: score(answers, trust),
        confidence: weighed.sum(),
    }
}

fn deviation(answers: &[Answer], trust: f64) -> FidesOpinion {
    let weighed = |it: &Answer| it.opinion.score * it.opinion.confidence * (it.trust / trust);
    let score: f64 = answers.iter().map(weighed).sum();
    let length = answers.len() as f64;
    let mean = score / length;
    let squares = answers.iter().map(|it| (weighed(it) - mean).powi(2));
    let deviation = (squares.sum::<f64>() / length).sqrt();
    FidesOpinion {
        score,
        confidence: (1.0 - deviation).clamp(0.0, 1.0),
    }
}

/// Returns the mean score, by trust; nobody's confidence has a part in it.
fn score(answers: &[Answer], trust: f64) -> f64 {
    answers
        .iter()
        .map(|it| it.opinion.score * (it.trust / trust))
        .sum()
}
