//! Dovecot's arithmetic: how far a peer is trusted, and what many of them say.
//!
//! Numbers here run the way the caller's edition counts; nothing in this file knows which end is
//! bad.

/// Share of a peer's reliability in the trust in it; the rest is what is thought of its address.
const RELIABILITY_WEIGHT: f64 = 0.7;

/// What somebody thinks of an address.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DovecotOpinion {
    /// How good or bad it is: -1…1.
    pub score: f64,
    /// How sure of it: 0…1.
    pub confidence: f64,
}

/// Returns how far a peer is trusted: -0.5…0.85.
///
/// `reliability` is the share of its pings and greetings that went well, and `of_address` what
/// this node thinks of its address. Whether what it says is right has no part in it.
pub fn peer_trust(reliability: f64, of_address: DovecotOpinion) -> f64 {
    (reliability * RELIABILITY_WEIGHT + of_address.score * of_address.confidence) / 2.0
}

/// Returns what each of `trusts` (-1…1) weighs; together they weigh 1. `None` where none weighs.
///
/// The least trusted still weighs more than a quarter of what the most trusted does.
pub fn weights(trusts: &[f64]) -> Option<Vec<f64>> {
    let sum: f64 = trusts.iter().map(|trust| share(*trust)).sum();
    (sum > 0.0).then(|| trusts.iter().map(|trust| share(*trust) / sum).collect())
}

/// Returns the one opinion that `voices`, each with the trust in its speaker, come to; `None`
/// where there are none, or none weighs.
///
/// A speaker's confidence has no part in the score. Nothing is brought into any bounds.
pub fn combine(voices: &[(DovecotOpinion, f64)]) -> Option<DovecotOpinion> {
    let trusts: Vec<_> = voices.iter().map(|(_, trust)| *trust).collect();
    let weights = weights(&trusts)?;
    let score = voices
        .iter()
        .zip(weights)
        .map(|((opinion, _), weight)| opinion.score * weight)
        .sum();
    let confidences = voices
        .iter()
        .map(|(opinion, trust)| (opinion.confidence * trust).max(0.0));
    Some(DovecotOpinion {
        score,
        confidence: confidences.sum::<f64>() / voices.len() as f64,
    })
}

/// Returns `opinion` within 0…1: what Slips does since 2025 to whatever [`combine`] returns.
pub fn within_levels(opinion: DovecotOpinion) -> DovecotOpinion {
    DovecotOpinion {
        score: opinion.score.clamp(0.0, 1.0),
        confidence: opinion.confidence.clamp(0.0, 1.0),
    }
}

/// Returns the number on which the thesis decides: the network's opinion and this node's own, which
/// weighs `own_weight` (0…1).
///
/// On its scale, -1 bad and +1 good, and with an own weight of 0.4, it takes whoever falls below
/// 0.3 for an attacker: also the unknown, of whom there were none in its experiments.
pub fn prediction(network: DovecotOpinion, own: DovecotOpinion, own_weight: f64) -> f64 {
    (1.0 - own_weight) * (network.score * network.confidence)
        + own_weight * (own.score * own.confidence)
}

fn share(trust: f64) -> f64 {
    (trust + 1.0) / 2.0
}
