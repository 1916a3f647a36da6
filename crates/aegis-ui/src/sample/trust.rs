//! Samples of opinions and of trust.

use std::time::Duration;

use aegis_api::{
    Confidence, Evidence, Indicator, JudgedWord, LocalOpinion, ModelKind, NetworkOpinion, NodeId,
    PeerClass, PeerTrust, Score, Stance, TrendPoint, Truth, VoiceLine,
};

use super::{HOSTILE, NOW, ip, node_id};

/// Three voices that count as two, against what this node thinks itself.
pub(crate) fn opinion(indicator: Indicator) -> NetworkOpinion {
    NetworkOpinion {
        indicator,
        score: score(0.5),
        confidence: confidence(0.625),
        probability: confidence(0.875),
        stance: Stance::Malicious,
        independent_voices: 2.0,
        local: Some(LocalOpinion {
            score: Score::BENIGN,
            confidence: confidence(0.5),
            sightings: 1,
            age_secs: 3725,
        }),
        asked: 5,
        answered: 4,
        waited_ms: 12,
        voices: vec![voice(9, 1.0, 90), voice(5, 0.75, 50), voice(7, -0.5, 5)],
        voices_total: 4,
        check_value: 0.75,
        hint: Some(format!("aegis block {indicator} 300 --local")),
    }
}

/// Nobody was there to say anything.
pub(crate) fn opinion_of_nobody(indicator: Indicator) -> NetworkOpinion {
    NetworkOpinion {
        indicator,
        score: Score::UNKNOWN,
        confidence: Confidence::NONE,
        probability: Confidence::HALF,
        stance: Stance::Unknown,
        independent_voices: 0.0,
        local: None,
        asked: 0,
        answered: 0,
        waited_ms: 0,
        voices: Vec::new(),
        voices_total: 0,
        check_value: 0.0,
        hint: None,
    }
}

/// As [`opinion`], with the longest of everything, and words that deceive.
pub(crate) fn wide_opinion() -> NetworkOpinion {
    let longest = VoiceLine {
        sightings: u32::MAX,
        age_secs: 86_399,
        ..voice(9, -1.0, 100)
    };
    NetworkOpinion {
        independent_voices: f64::INFINITY,
        asked: 64,
        answered: 64,
        waited_ms: 10_000,
        voices: vec![longest],
        voices_total: u64::MAX,
        hint: Some(HOSTILE.into()),
        ..opinion(ip("2001:db8:1234:5678:9abc:def0:1234:5678"))
    }
}

/// A peer that was met through the global network and earned its trust.
pub(crate) fn peer_trust(peer: NodeId) -> PeerTrust {
    let percents = [0, 0, 20, 35, 47, 56, 63, 69, 74, 78, 81, 42, 55, 64, 100];
    let trend = percents.into_iter().zip(0..);
    PeerTrust {
        peer,
        model: ModelKind::Aegis,
        known: true,
        class: Some(PeerClass::Dht),
        connected: true,
        trust_percent: 100,
        right: 41,
        wrong: 1,
        influence: 2.5,
        budget: 7.25,
        misdeeds: 0,
        penalty_percent: 0,
        pretrust_percent: 0,
        fixed: false,
        named: false,
        open: 2,
        judged: vec![
            word("2001:db8:ffff:ffff::1", 1.0, Truth::Malicious),
            word("192.0.2.7", 0.75, Truth::Benign),
            word("192.0.2.8", 0.0, Truth::Benign),
            word("192.0.2.9", -1.0, Truth::Benign),
        ],
        trend: trend
            .map(|(percent, hours)| TrendPoint {
                at: NOW + Duration::from_secs(3600 * hours),
                percent,
            })
            .collect(),
        addresses: vec!["/ip4/192.0.2.9/tcp/9001".into(), HOSTILE.into()],
        first_seen_at: Some(NOW),
        last_seen_at: Some(NOW + Duration::from_secs(60)),
    }
}

/// A peer that nobody here ever met.
pub(crate) fn stranger(peer: NodeId) -> PeerTrust {
    PeerTrust {
        peer,
        model: ModelKind::Fides,
        known: false,
        class: None,
        connected: false,
        trust_percent: 0,
        right: 0,
        wrong: 0,
        influence: 0.0,
        budget: 0.0,
        misdeeds: 0,
        penalty_percent: 0,
        pretrust_percent: 0,
        fixed: false,
        named: false,
        open: 0,
        judged: Vec::new(),
        trend: Vec::new(),
        addresses: Vec::new(),
        first_seen_at: None,
        last_seen_at: None,
    }
}

fn voice(number: u8, said: f64, weight_percent: u8) -> VoiceLine {
    VoiceLine {
        peer: node_id(number),
        score: score(said),
        confidence: confidence(0.75),
        sightings: u32::from(number) - 5,
        age_secs: 61,
        evidence: Evidence::Spoofable,
        weight_percent,
    }
}

fn word(indicator: &str, said: f64, truth: Truth) -> JudgedWord {
    JudgedWord {
        indicator: ip(indicator),
        said: score(said),
        truth,
        at: NOW,
    }
}

fn score(value: f64) -> Score {
    Score::new(value).expect("within bounds")
}

fn confidence(value: f64) -> Confidence {
    Confidence::new(value).expect("within bounds")
}
