//! Dovecot behind the contract of every trust model; the one place that converts scores.

use super::config::{DovecotConfig, Edition};
use super::opinion::{self, DovecotOpinion};
use super::peer::DovecotPeer;
use super::voice::{self, Row, Spoken};
use crate::trust::model::{
    Case, Deed, Introduction, ModelKind, PeerTrust, Recommendation, TrustModel, VOICES_MAX, Verdict,
};
use crate::trust::product;
use crate::trust::roster::{Known, Roster};
use crate::{Confidence, NodeId, Score, Timestamp, Truth};

/// First byte of what is saved of a peer.
const VERSION: u8 = 1;

/// Dovecot as a trust model.
///
/// - `meet` is a greeting that went well, so a newcomer is wholly reliable. The original knows no
///   trust in advance; here `pretrust` is the least that a peer weighs (of 1, where the original
///   gives a newcomer 0.675), and where it is fixed it is what the peer weighs.
/// - `judge` combines voices; what this node's own detectors think of the indicator has no part
///   in it. A case does not tell which indicator it is about: whoever makes it leaves out those
///   who speak about themselves.
/// - `conclude`, `learn` and `consider` do nothing and nothing is worth checking: what voices say
///   changes no trust, and nobody recommends anybody.
/// - `book` counts pings, misbehaviour as a ping that failed, and what this node's own detectors
///   think of the peer's address. The original leaves a peer out while it thinks nothing of its
///   address; there every address of the network has a score, here only those that did something
///   have, so "nothing" is a score of 0, as for the original's newcomers.
#[derive(Clone, Debug, Default)]
pub struct DovecotModel {
    config: DovecotConfig,
    roster: Roster<DovecotPeer>,
}

impl DovecotModel {
    /// Returns a model that knows nobody.
    pub fn new(config: DovecotConfig) -> Self {
        Self {
            config,
            roster: Roster::default(),
        }
    }

    /// Returns what it keeps of a peer.
    pub fn peer(&self, peer: &NodeId) -> Option<&DovecotPeer> {
        self.roster.find(peer).map(|known| &known.peer)
    }

    /// Returns the voices of those it knows, each with the trust in its author.
    fn voices(&self, case: &Case<'_>) -> Vec<(DovecotOpinion, f64)> {
        let voices = case.voices.iter().take(VOICES_MAX);
        let voices = voices.map(|voice| Spoken {
            speaker: voice.peer,
            opinion: self.to_dovecot(voice.opinion.score, voice.opinion.confidence),
            is_about_itself: false,
        });
        let rows = self.rows(&voices.collect::<Vec<_>>());
        let trusted = rows
            .iter()
            .filter_map(|row| Some((row.opinion, self.trust(row)?)));
        trusted.collect()
    }

    /// Returns the voices that count; none where the original fails.
    fn rows(&self, voices: &[Spoken<NodeId>]) -> Vec<Row<NodeId>> {
        let defects = &self.config.defects;
        let find = |node: &NodeId| {
            let peer = self.peer(node)?;
            Some(peer.speaker(defects, self.of_address(peer)))
        };
        voice::rows(defects, voices, find).unwrap_or_default()
    }

    /// Returns how far the speaker of a row is trusted, -1…1.
    fn trust(&self, row: &Row<NodeId>) -> Option<f64> {
        let Introduction { pretrust, is_fixed } = self.roster.find(&row.speaker)?.introduction;
        // This weighs `pretrust`: see `opinion::weights`.
        let in_advance = 2.0 * pretrust.value() - 1.0;
        if is_fixed {
            Some(in_advance)
        } else {
            Some(row.trust().max(in_advance))
        }
    }

    /// Returns what is thought of a peer's address, as the trust in it takes it.
    fn of_address(&self, peer: &DovecotPeer) -> DovecotOpinion {
        let (score, confidence) = peer.observed.unwrap_or_default();
        let mut opinion = self.to_dovecot(score, confidence);
        let is_mended = !self.config.defects.trusts_attackers;
        if self.config.edition == Edition::ThreatLevel && is_mended {
            opinion.score = 0.0 - opinion.score; // there a high score is bad, and here it would be good
        }
        opinion
    }

    fn to_dovecot(&self, score: Score, confidence: Confidence) -> DovecotOpinion {
        let score = match self.config.edition {
            Edition::Thesis => 0.0 - score.value(),
            Edition::ThreatLevel => score.value().max(0.0), // nothing is better than harmless
        };
        DovecotOpinion {
            score,
            confidence: confidence.value(),
        }
    }

    fn verdict(&self, network: DovecotOpinion, voices: usize) -> Verdict {
        let score = match self.config.edition {
            Edition::Thesis => Score::clamped(0.0 - network.score),
            Edition::ThreatLevel => Score::clamped(opinion::within_levels(network).score),
        };
        product::verdict(score, Confidence::clamped(network.confidence), voices)
    }
}

impl TrustModel for DovecotModel {
    fn kind(&self) -> ModelKind {
        ModelKind::Dovecot
    }

    fn meet(&mut self, now: Timestamp, peer: NodeId, introduction: Introduction) {
        if let Some(known) = self.roster.find_mut(&peer) {
            known.met_at = known.met_at.max(now);
            known.introduction = introduction;
            return;
        }
        let mut greeted = DovecotPeer::default();
        greeted.rate(true);
        let known = Known {
            met_at: now,
            introduction,
            peer: greeted,
        };
        self.roster.insert(peer, known);
    }

    fn judge(&self, _now: Timestamp, case: &Case<'_>) -> Verdict {
        let voices = self.voices(case);
        match opinion::combine(&voices) {
            Some(network) => self.verdict(network, voices.len()),
            None => Verdict::UNKNOWN,
        }
    }

    fn conclude(&mut self, _now: Timestamp, _case: &Case<'_>, _verdict: &Verdict) {}

    fn learn(&mut self, _now: Timestamp, _case: &Case<'_>, _truth: Truth) {}

    fn check_value(&self, _now: Timestamp, _case: &Case<'_>, _verdict: &Verdict) -> f64 {
        0.0
    }

    fn book(&mut self, _now: Timestamp, peer: NodeId, deed: Deed) {
        let Some(known) = self.roster.find_mut(&peer) else {
            return;
        };
        match deed {
            Deed::Ping { is_good } => known.peer.rate(is_good),
            Deed::Misbehaved => known.peer.rate(false),
            Deed::Observed(observed) => known.peer.observed = observed,
            Deed::Asked | Deed::AskedAbout | Deed::Alerted | Deed::Answered => {}
        }
    }

    fn recommend(&self, _subject: &NodeId) -> Option<Recommendation> {
        None
    }

    fn consider(
        &mut self,
        _now: Timestamp,
        _subject: NodeId,
        _recommendations: &[(NodeId, Recommendation)],
    ) {
    }

    fn trust_of(&self, _now: Timestamp, peer: &NodeId) -> PeerTrust {
        let anything = Spoken {
            speaker: *peer,
            opinion: DovecotOpinion::default(),
            is_about_itself: false,
        };
        let Some(trust) = self.rows(&[anything]).first().and_then(|it| self.trust(it)) else {
            return PeerTrust::default();
        };
        PeerTrust {
            service_trust: Confidence::clamped((trust + 1.0) / 2.0),
            influence: product::influence(trust),
            ..PeerTrust::default()
        }
    }

    fn forget(&mut self, peer: &NodeId) {
        self.roster.remove(peer);
    }

    fn save(&self, peer: &NodeId) -> Option<Vec<u8>> {
        self.roster.save(VERSION, peer)
    }

    fn restore(&mut self, peer: NodeId, bytes: &[u8]) -> bool {
        let Some(mut restored) = Roster::<DovecotPeer>::read(VERSION, bytes) else {
            return false;
        };
        if let Some(met) = self.roster.find(&peer) {
            // Who was met before is what it was met as.
            restored.met_at = restored.met_at.max(met.met_at);
            restored.introduction = met.introduction;
        }
        self.roster.insert(peer, restored);
        true
    }

    fn save_shared(&self) -> Vec<u8> {
        Vec::new()
    }

    fn restore_shared(&mut self, bytes: &[u8]) -> bool {
        bytes.is_empty()
    }
}
