//! What the network thinks of an indicator: told to the operator, and acted on within the guards.

use std::time::Duration;

use crate::{
    Actor, Confidence, Decision, Evidence, Indicator, NodeId, Opinion, Origin, Policy, Refusal,
    Score, Severity, ThreatType, Timestamp, Topic, Truth,
    casebook::{Heard, Known},
    engine::{Engine, Notice},
    guard::Guards,
    trust::model::{Case, Stance, Verdict, Voice},
};

/// What the network thinks of an indicator, as the operator sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct NetworkOpinion {
    /// Of what.
    pub indicator: Indicator,
    /// What all voices come to, beside what this node knows itself.
    pub verdict: Verdict,
    /// What this node knows itself.
    pub local: Option<Opinion>,
    /// Peers that were asked.
    pub asked: usize,
    /// Peers that answered in time.
    pub answered: usize,
    /// How long that took.
    pub waited: Duration,
    /// Every voice that counts, with how far its peer is trusted.
    pub voices: Vec<(Voice, Confidence)>,
    /// How much the operator's own verdict would help to tell liars from honest peers: 0…1.
    pub check_value: f64,
}

impl Engine {
    /// Weighs what was answered about one indicator, learns from it where the truth is known, and
    /// acts on it.
    pub(super) fn conclude_question(
        &mut self,
        now: Timestamp,
        opinion: &NetworkOpinion,
        is_answered: bool,
    ) {
        let NetworkOpinion {
            indicator, verdict, ..
        } = *opinion;
        let is_news = self.casebook.change_known(&indicator, |file| {
            file.opinion = is_answered.then_some((verdict, now)).or(file.opinion);
            let is_news = !file.is_concluded && file.voices().nth(1).is_some();
            file.is_concluded |= is_news;
            is_news
        });
        // Told once for each set of words: else asking again would make the same words more.
        if is_news == Some(true)
            && let Some(file) = self.casebook.file(&indicator).cloned()
        {
            self.conclude(now, &indicator, &file);
        }
        if let Some(known) = self.known(&indicator) {
            return self.learn(now, indicator, known);
        }
        if opinion.voices.is_empty() {
            return;
        }
        if verdict.score > self.questions.policy.notice_above {
            self.counters.opinions_bad += 1;
            self.notify(Notice::NetworkOpinion { indicator, verdict });
        }
        if verdict.stance == Stance::Malicious {
            self.act_on_opinion(now, indicator, &verdict);
        }
    }

    /// Returns what this node knows for certain of an indicator.
    fn known(&self, indicator: &Indicator) -> Option<Known> {
        let known = self.casebook.file(indicator).and_then(|it| it.known);
        known.or_else(|| {
            let (_, entry) = self.guards.allowlist().covering(indicator).next()?;
            Some(Known {
                truth: Truth::Benign,
                known_at: entry.added_at,
                is_private: true,
            })
        })
    }

    /// Returns what is known of an indicator from everybody, without asking anybody.
    pub fn network_opinion(&self, now: Timestamp, indicator: Indicator) -> NetworkOpinion {
        let verdict = self.verdict(now, &indicator);
        let file = self.casebook.file(&indicator);
        let voices = file.map(|it| it.voices_at(now)).unwrap_or_default();
        let local = self.local_opinion(now, &indicator);
        let case = Case {
            topic: file.map_or(Topic::Other, |it| it.topic),
            voices: &voices,
            local,
        };
        let is_known = local.is_some() || file.is_some_and(|it| it.known.is_some());
        let check_value = match (is_known, voices.is_empty()) {
            (false, false) => self.trust.model.check_value(now, &case, &verdict),
            (true, _) | (_, true) => 0.0,
        };
        let weighed = |voice: Voice| {
            let trust = self.trust.model.trust_of(now, &voice.peer);
            (voice, trust.service_trust)
        };
        NetworkOpinion {
            indicator,
            verdict,
            local,
            asked: 0,
            answered: 0,
            waited: Duration::ZERO,
            voices: voices.into_iter().map(weighed).collect(),
            check_value,
        }
    }

    /// Blocks what the network's answers say of a source, where every guard allows it.
    ///
    /// Nobody proved anything, so the block is short, and an address that deals with this host is
    /// not touched: then the answers only count beside the next alert or detection.
    fn act_on_opinion(&mut self, now: Timestamp, indicator: Indicator, verdict: &Verdict) {
        if let Err(refusal) = self.decide_on_opinion(now, indicator, verdict) {
            let author = self.node;
            self.count_refusal(&refusal);
            self.notify(Notice::Refused {
                indicator,
                author,
                refusal,
            });
        }
    }

    fn decide_on_opinion(
        &mut self,
        now: Timestamp,
        indicator: Indicator,
        verdict: &Verdict,
    ) -> Result<(), Refusal> {
        self.guards.untouchable(&indicator)?;
        self.guards.configured_peer(&indicator)?;
        self.local_peer(now, &indicator)?;
        Guards::peer_width(&indicator)?;
        self.guards.not_established(now, &indicator)?;
        if self
            .unblocks
            .covering(&indicator)
            .any(|(_, it)| now < it.expires_at)
        {
            return Err(Refusal::Unblocked);
        }
        let severity_min = self.policy.severity_min;
        if Severity::MEDIUM < severity_min {
            return Err(Refusal::BelowSeverity { severity_min });
        }
        let not_trusted = Refusal::NotTrusted {
            confidence: verdict.probability.percent(),
            line: self.policy.confidence_min.percent(),
        };
        let end = now + Policy::peer_ttl_max(Evidence::Spoofable);
        let expires_at = self
            .believed_until(now, &indicator, end)
            .ok_or(not_trusted)?;
        let author = self.accuser(now, &indicator).ok_or(not_trusted)?;
        let allowance = self.allowance_of(now, &author);
        if allowance.active_max == 0 {
            return Err(not_trusted);
        }
        self.budgets.spend(now, author, allowance)?;
        let Ok(threat_type) = "network_opinion".parse::<ThreatType>() else {
            return Ok(());
        };
        let decision = Decision {
            indicator,
            origin: Origin::Peers,
            author,
            alert: None,
            threat_type,
            severity: Severity::MEDIUM,
            evidence: Evidence::Spoofable,
            decided_at: now,
            expires_at,
        };
        self.block(now, Actor::Peer(author), decision)
    }

    /// Returns the most influential of those who say that `indicator` is malicious: the block is
    /// charged to it.
    fn accuser(&self, now: Timestamp, indicator: &Indicator) -> Option<NodeId> {
        let file = self.casebook.file(indicator)?;
        let accusers = file
            .voices()
            .filter(|it| now < it.counts_until && it.voice.opinion.score > Score::UNKNOWN);
        let strongest = accusers.max_by(|a, b| {
            let influence = |it: &Heard| self.trust_in(now, &it.voice.peer).influence;
            influence(a).total_cmp(&influence(b))
        });
        strongest.map(|it| it.voice.peer)
    }
}
