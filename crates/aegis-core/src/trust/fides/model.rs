//! Fides behind the contract of every trust model; the one place that converts scores.

use super::aggregation::{self, Answer, FidesOpinion};
use super::evaluation::{self, Baseline};
use super::peer::{FidesPeer, Pretrusted};
use super::service::{
    ALERT_WEIGHT, ANSWER_WEIGHT, Interaction, RECOMMENDATION_WEIGHT, REQUEST_WEIGHT,
};
use super::{FidesConfig, recommendation, selection};
use crate::trust::model::{
    Case, Deed, Introduction, ModelKind, PeerTrust, Recommendation, SortRecord, TrustModel,
    VOICES_MAX, Verdict, Voice,
};
use crate::trust::product;
use crate::trust::roster::{Known, Roster};
use crate::{Confidence, NodeId, Opinion, Score, Timestamp, Truth};

/// First byte of what is saved of a peer.
const VERSION: u8 = 1;

/// Fides as a trust model.
///
/// - `meet` is its initial trust. A peer trusted in advance is one of its trusted peers, and where
///   that is fixed one whose trust is enforced. A peer must be met to weigh anything.
/// - `judge` aggregates answers; what this node's own detectors think has no part in it.
/// - `conclude` rates each answer and books it: the only interaction that can be found wanting.
/// - `learn` does nothing and nothing is worth checking: truth has no place in it.
/// - `book` counts requests and alerts as perfect interactions, whatever was in them. It knows no
///   other deeds: pings, misbehaviour and the peer's own address change nothing.
/// - `consider` takes in recommendations of those whom it would have asked.
#[derive(Clone, Debug, Default)]
pub struct FidesModel {
    config: FidesConfig,
    roster: Roster<FidesPeer>,
}

impl FidesModel {
    /// Returns a model that knows nobody.
    pub fn new(config: FidesConfig) -> Self {
        Self {
            config,
            roster: Roster::default(),
        }
    }

    /// Returns what it keeps of a peer.
    pub fn peer(&self, peer: &NodeId) -> Option<&FidesPeer> {
        self.roster.find(peer).map(|known| &known.peer)
    }

    /// Returns whom it asks about `subject`, the most trusted first.
    pub fn recommenders(&self, subject: &NodeId) -> Vec<NodeId> {
        let peers = self.roster.iter().filter(|(node, _)| *node != subject);
        let peers: Vec<_> = peers.map(|(node, known)| (*node, &known.peer)).collect();
        if self.config.has_recommendations {
            selection::recommenders(&self.config, &peers)
        } else {
            Vec::new()
        }
    }

    /// Returns what an alert of `author` comes to by itself, before it is booked: also a stranger
    /// is believed by half. `None` where `author` was never met.
    pub fn judge_alert(&self, author: &NodeId, opinion: &Opinion) -> Option<Verdict> {
        let trust = self.peer(author)?.service_trust;
        let alert = aggregation::weigh_alert(&self.config, to_fides(opinion), trust);
        Some(verdict(alert, 1))
    }

    /// Returns the voices of those it knows.
    fn known_voices<'a>(&self, case: &Case<'a>) -> impl Iterator<Item = (&'a Voice, &FidesPeer)> {
        let voices = case.voices.iter().take(VOICES_MAX);
        voices.filter_map(|voice| Some((voice, self.peer(&voice.peer)?)))
    }
}

impl TrustModel for FidesModel {
    fn kind(&self) -> ModelKind {
        ModelKind::Fides
    }

    fn meet(&mut self, now: Timestamp, peer: NodeId, introduction: Introduction) {
        let pretrusted = pretrusted(introduction);
        let Some(known) = self.roster.find_mut(&peer) else {
            let peer_met = FidesPeer::met(&self.config, pretrusted, &[]);
            let known = Known {
                met_at: now,
                introduction,
                peer: peer_met,
            };
            return self.roster.insert(peer, known);
        };
        known.met_at = known.met_at.max(now);
        if known.introduction != introduction {
            known.introduction = introduction;
            known.peer = std::mem::take(&mut known.peer).met_again(&self.config, pretrusted);
        }
    }

    fn judge(&self, _now: Timestamp, case: &Case<'_>) -> Verdict {
        let answers = self.known_voices(case).map(|(voice, peer)| Answer {
            opinion: to_fides(&voice.opinion),
            trust: peer.service_trust,
        });
        let answers: Vec<_> = answers.collect();
        match aggregation::aggregate(self.config.aggregation, &answers) {
            Some(network) => verdict(network, answers.len()),
            None => Verdict::UNKNOWN,
        }
    }

    fn conclude(&mut self, _now: Timestamp, case: &Case<'_>, verdict: &Verdict) {
        let baseline = Baseline {
            network: FidesOpinion {
                score: turned(verdict.score.value()),
                confidence: verdict.confidence.value(),
            },
            local: case.local.as_ref().map(to_fides),
            even: self.config.even_satisfaction.value(),
        };
        for voice in case.voices.iter().take(VOICES_MAX) {
            let Some(known) = self.roster.find_mut(&voice.peer) else {
                continue;
            };
            let answer = to_fides(&voice.opinion);
            let satisfaction = evaluation::satisfaction(self.config.evaluation, &baseline, answer);
            let interaction = Interaction {
                satisfaction,
                weight: ANSWER_WEIGHT,
            };
            known.peer.interact(&self.config, interaction);
        }
    }

    fn learn(&mut self, _now: Timestamp, _case: &Case<'_>, _truth: Truth) {}

    fn check_value(&self, _now: Timestamp, _case: &Case<'_>, _verdict: &Verdict) -> f64 {
        0.0
    }

    fn book(&mut self, _now: Timestamp, peer: NodeId, deed: Deed) {
        let weight = match deed {
            Deed::Asked | Deed::AskedAbout => REQUEST_WEIGHT,
            Deed::Alerted => ALERT_WEIGHT,
            Deed::Ping { .. } | Deed::Answered | Deed::Misbehaved | Deed::Observed(_) => return,
        };
        if let Some(known) = self.roster.find_mut(&peer) {
            known
                .peer
                .interact(&self.config, Interaction::perfect(weight));
        }
    }

    fn recommend(&self, subject: &NodeId) -> Option<Recommendation> {
        let peer = self.peer(subject)?;
        let sort = SortRecord {
            competence: Confidence::clamped(peer.beliefs.competence),
            integrity: Confidence::clamped(peer.beliefs.integrity),
            interactions: u32::try_from(peer.interactions.len()).unwrap_or(u32::MAX),
            reputation: Confidence::clamped(peer.reputation),
            recommenders: peer.recommenders,
        };
        Some(Recommendation {
            sort,
            ..Recommendation::default()
        })
    }

    fn consider(
        &mut self,
        _now: Timestamp,
        subject: NodeId,
        recommendations: &[(NodeId, Recommendation)],
    ) {
        let asked = self.recommenders(&subject);
        let hears_ignorance = self.config.defects.hears_slander_in_ignorance;
        let mut recommenders = Vec::new();
        let mut answers = Vec::new();
        for (node, Recommendation { sort, .. }) in recommendations.iter().take(VOICES_MAX) {
            if asked.contains(node) && (hears_ignorance || recommendation::has_evidence(sort)) {
                answers.extend(self.peer(node).map(|peer| (peer.clone(), *sort)));
                recommenders.push(*node);
            }
        }
        let Some(known) = self.roster.find_mut(&subject) else {
            return;
        };
        // The subject's fixed trust stays as it is; what its recommenders said still rates them.
        let mut unchanged = known.peer.clone();
        let is_fixed = known.introduction.is_fixed;
        let subject = if is_fixed {
            &mut unchanged
        } else {
            &mut known.peer
        };
        recommendation::process(&self.config, subject, &mut answers);
        for (node, (rated, _)) in recommenders.iter().zip(answers) {
            let Some(known) = self.roster.find_mut(node) else {
                continue;
            };
            if !self.config.defects.loses_recommendation_trust {
                known.peer = rated;
            }
            known
                .peer
                .interact(&self.config, Interaction::perfect(RECOMMENDATION_WEIGHT));
        }
    }

    fn trust_of(&self, _now: Timestamp, peer: &NodeId) -> PeerTrust {
        let Some(peer) = self.peer(peer) else {
            return PeerTrust::default();
        };
        PeerTrust {
            service_trust: Confidence::clamped(peer.service_trust),
            influence: product::influence(peer.service_trust),
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
        let Some(mut restored) = Roster::<FidesPeer>::read(VERSION, bytes) else {
            return false;
        };
        restored.peer.fit(&self.config);
        let met = self
            .roster
            .find(&peer)
            .map(|known| (known.met_at, known.introduction));
        self.roster.insert(peer, restored);
        if let Some((met_at, introduction)) = met {
            self.meet(met_at, peer, introduction); // who was met before is what it was met as
        }
        true
    }

    fn save_shared(&self) -> Vec<u8> {
        Vec::new()
    }

    fn restore_shared(&mut self, bytes: &[u8]) -> bool {
        bytes.is_empty()
    }
}

/// Returns the trusted pretrusted of Fides' configuration that an introduction stands for.
fn pretrusted(introduction: Introduction) -> Option<Pretrusted> {
    let trust = introduction.pretrust.value();
    let is_introduced = introduction.is_fixed || trust > 0.0;
    is_introduced.then_some(Pretrusted {
        trust,
        is_enforced: introduction.is_fixed,
    })
}

fn to_fides(opinion: &Opinion) -> FidesOpinion {
    FidesOpinion {
        score: turned(opinion.score.value()),
        confidence: opinion.confidence.value(),
    }
}

fn verdict(network: FidesOpinion, voices: usize) -> Verdict {
    let score = Score::clamped(turned(network.score));
    product::verdict(score, Confidence::clamped(network.confidence), voices)
}

/// Turns a score of one scale into the other's; what is unknown stays 0 and does not become -0.
fn turned(score: f64) -> f64 {
    0.0 - score
}
