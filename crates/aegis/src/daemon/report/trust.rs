//! What peers think, and what is thought of them.

use aegis_api::{
    JudgedWord, LocalOpinion, NetworkOpinion, PeerTrust, TrendPoint, VOICE_LINES_MAX, VoiceLine,
};
use aegis_core::{Confidence, NodeId, PeerStanding, trust::model::Voice};

use crate::daemon::Node;

/// From here on the operator's own verdict is worth asking for.
const CHECK_VALUE_MIN: f64 = 0.5;

impl Node {
    /// Returns what is thought of a peer, known or not.
    pub(in crate::daemon) fn trust(&self, peer: NodeId) -> PeerTrust {
        let standing = self.engine.peer_trust(self.now(), &peer);
        self.peer_trust(standing)
    }

    /// Returns the contract's words for what is thought of a peer.
    pub(in crate::daemon) fn peer_trust(&self, it: PeerStanding) -> PeerTrust {
        let known = self.engine.peers().find(|known| known.peer == it.peer);
        let judged = it.judged.iter().map(|word| JudgedWord {
            indicator: word.indicator,
            said: word.said,
            truth: word.truth.into(),
            at: word.heard_at,
        });
        let trend = it.trend.iter().map(|(at, trust)| TrendPoint {
            at: *at,
            percent: trust.percent(),
        });
        let address = known.map(|it| it.address.clone());
        PeerTrust {
            peer: it.peer,
            model: self.engine.model_kind().into(),
            known: known.is_some() || it.is_named || it.trust.right + it.trust.wrong > 0,
            class: known.map(|it| it.class.into()),
            connected: known.is_some_and(|it| it.is_connected),
            trust_percent: it.trust.service_trust.percent(),
            right: it.trust.right,
            wrong: it.trust.wrong,
            influence: it.trust.influence,
            budget: it.trust.budget,
            misdeeds: it.trust.misdeeds,
            penalty_percent: it.trust.penalty.percent(),
            pretrust_percent: it.introduction.pretrust.percent(),
            fixed: it.introduction.is_fixed,
            named: it.is_named,
            open: it.open as u64,
            judged: judged.collect(),
            trend: trend.collect(),
            addresses: address.into_iter().filter(|it| !it.is_empty()).collect(),
            first_seen_at: known.map(|it| it.first_seen_at),
            last_seen_at: known.map(|it| it.last_seen_at),
        }
    }
}

/// Returns the contract's words for what the network thinks.
pub(in crate::daemon) fn network_opinion(it: &aegis_core::NetworkOpinion) -> NetworkOpinion {
    let local = it.local.map(|local| LocalOpinion {
        score: local.score,
        confidence: local.confidence,
        sightings: local.sightings,
        age_secs: local.age.as_secs(),
    });
    let mut voices = it.voices.clone();
    voices.sort_by(|a, b| {
        let strongest = b.1.value().total_cmp(&a.1.value());
        strongest.then(a.0.peer.cmp(&b.0.peer))
    });
    let indicator = it.indicator;
    let hint = (it.check_value >= CHECK_VALUE_MIN).then(|| {
        format!("aegis block {indicator} <duration> <type> <severity>, or aegis allow {indicator}")
    });
    NetworkOpinion {
        indicator,
        score: it.verdict.score,
        confidence: it.verdict.confidence,
        probability: it.verdict.probability,
        stance: it.verdict.stance.into(),
        independent_voices: it.verdict.voices,
        local,
        asked: it.asked as u64,
        answered: it.answered as u64,
        waited_ms: u64::try_from(it.waited.as_millis()).unwrap_or(u64::MAX),
        voices_total: voices.len() as u64,
        voices: voices.iter().take(VOICE_LINES_MAX).map(voice).collect(),
        check_value: it.check_value,
        hint,
    }
}

fn voice((voice, trust): &(Voice, Confidence)) -> VoiceLine {
    VoiceLine {
        peer: voice.peer,
        score: voice.opinion.score,
        confidence: voice.opinion.confidence,
        sightings: voice.opinion.sightings,
        age_secs: voice.opinion.age.as_secs(),
        evidence: voice.evidence.into(),
        weight_percent: trust.percent(),
    }
}
