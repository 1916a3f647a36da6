//! Trust in peers: what each starts from, what it earns, and what of it is kept.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use crate::{
    Action, Confidence, Evidence, HistoryKind, Indicator, KeptTrust, NodeId, Operator, Opinion,
    Origin, PeerClass, Preset, Record, Score, Timestamp, Topic, Truth,
    casebook::{CaseFile, Known},
    engine::{Cause, Engine, Notice, PEERS_MAX, Reply},
    trust::model::{
        Case, Deed, Introduction, ModelKind, PEER_MEMORY_BYTES_MAX, Stance, TrustModel, Verdict,
        Voice,
    },
};

/// How long changes of trust are gathered before they are written: a crash loses no more of them.
const SAVE_AFTER: Duration = Duration::from_secs(5);

/// Peers whose trust the operator set, at most.
pub(crate) const PRETRUST_MAX: usize = 10_000;

/// Points of a peer's trust over time that are kept for showing.
pub(crate) const TREND_MAX: usize = 32;

/// Peers whose trust over time is kept: twice those that are known.
const TRENDS_MAX: usize = 2 * PEERS_MAX;

/// Peers of which it is known what was written last.
const WRITTEN_MAX: usize = 10_000;

/// Ends of voices that are looked at to find out how long a case holds.
const ENDS_MAX: usize = 8;

/// The trust model and what belongs to it.
pub(super) struct Trust {
    pub(super) model: Box<dyn TrustModel>,
    preset: Preset,
    configured: BTreeMap<NodeId, Introduction>,
    set: BTreeMap<NodeId, Introduction>,
    trends: BTreeMap<NodeId, VecDeque<(Timestamp, Confidence)>>,
    changed: BTreeSet<NodeId>,
    save_at: Option<Timestamp>,
    /// What was written last, by hash, so that nothing is written twice; `None` is the shared part.
    written: BTreeMap<Option<NodeId>, [u8; 32]>,
}

impl Trust {
    pub(super) fn new(
        model: Box<dyn TrustModel>,
        preset: Preset,
        configured: BTreeMap<NodeId, Introduction>,
    ) -> Self {
        Self {
            model,
            preset,
            configured,
            set: BTreeMap::new(),
            trends: BTreeMap::new(),
            changed: BTreeSet::new(),
            save_at: None,
            written: BTreeMap::new(),
        }
    }

    /// Returns whether `memory` differs from what was written last.
    fn is_news(&mut self, of: Option<NodeId>, memory: &[u8]) -> bool {
        if self.written.len() >= WRITTEN_MAX {
            self.written.clear(); // then some is written twice
        }
        let hash: [u8; 32] = blake3::hash(memory).into();
        self.written.insert(of, hash) != Some(hash)
    }

    /// Returns when changes are to be written.
    pub(super) const fn save_at(&self) -> Option<Timestamp> {
        self.save_at
    }

    /// Brings what waits for a time that a clock set back made far ahead.
    pub(super) fn heal(&mut self, now: Timestamp) {
        self.save_at = self.save_at.map(|it| it.min(now + SAVE_AFTER));
    }

    /// Returns what a peer starts from: the operator's word, the configuration's, or the preset's.
    pub(super) fn introduction(&self, peer: &NodeId, class: PeerClass) -> Introduction {
        let said = self.set.get(peer).or_else(|| self.configured.get(peer));
        said.copied()
            .unwrap_or_else(|| self.preset.introduction(class))
    }

    /// Returns what the operator or the configuration said of a peer.
    pub(super) fn pretrust_of(&self, peer: &NodeId) -> Option<Introduction> {
        let said = self.set.get(peer).or_else(|| self.configured.get(peer));
        said.copied()
    }

    /// Returns a peer's trust over time, oldest first.
    pub(super) fn trend_of(&self, peer: &NodeId) -> Vec<(Timestamp, Confidence)> {
        let trend = self.trends.get(peer).into_iter().flatten();
        trend.copied().collect()
    }

    /// Notes that what is kept of `peer` changed.
    pub(super) fn change(&mut self, now: Timestamp, peer: NodeId) {
        self.changed.insert(peer);
        self.save_at.get_or_insert(now + SAVE_AFTER);
    }

    fn note_trend(&mut self, now: Timestamp, peer: NodeId) {
        if !self.trends.contains_key(&peer) && self.trends.len() >= TRENDS_MAX {
            let oldest = self
                .trends
                .iter()
                .min_by_key(|(_, it)| it.back().map(|it| it.0));
            let oldest = oldest.map(|(peer, _)| *peer);
            oldest.and_then(|it| self.trends.remove(&it));
        }
        let trust = self.model.trust_of(now, &peer).service_trust;
        let trend = self.trends.entry(peer).or_default();
        if trend.back().is_some_and(|(_, last)| *last == trust) {
            return;
        }
        if trend.len() >= TREND_MAX {
            trend.pop_front();
        }
        trend.push_back((now, trust));
    }

    fn forget(&mut self, peer: &NodeId) {
        self.model.forget(peer);
        self.trends.remove(peer);
        self.changed.remove(peer);
        self.written.remove(&Some(*peer));
    }
}

impl Engine {
    /// Tells the model who a peer is.
    pub(super) fn introduce(&mut self, now: Timestamp, peer: NodeId) {
        let introduction = self.introduction_of(now, &peer);
        self.trust.model.meet(now, peer, introduction);
        if self.peers.contains_key(&peer) {
            self.trust.note_trend(now, peer);
        }
    }

    /// Tells the model what a peer did.
    pub(super) fn book(&mut self, now: Timestamp, peer: NodeId, deed: Deed) {
        if self.peers.contains_key(&peer) {
            self.trust.model.book(now, peer, deed);
            // AEGIS' own model makes nothing of other deeds, so there is nothing to write.
            let is_misdeed = deed == Deed::Misbehaved;
            if is_misdeed {
                self.trust.note_trend(now, peer);
            }
            if is_misdeed || self.trust.model.kind() != ModelKind::Aegis {
                self.trust.change(now, peer);
            }
        }
    }

    /// Returns what the case about `indicator` comes to now.
    pub(super) fn verdict(&self, now: Timestamp, indicator: &Indicator) -> Verdict {
        let file = self.casebook.file(indicator);
        let voices = file.map(|it| it.voices_at(now)).unwrap_or_default();
        let topic = file.map_or(Topic::Other, |it| it.topic);
        self.weigh(now, topic, &voices, self.local_opinion(now, indicator))
    }

    /// Returns what the case would come to if nobody but `peer` had spoken.
    pub(super) fn verdict_on(
        &self,
        now: Timestamp,
        indicator: &Indicator,
        peer: &NodeId,
    ) -> Verdict {
        let file = self.casebook.file(indicator);
        let mut voices = file.map(|it| it.voices_at(now)).unwrap_or_default();
        voices.retain(|it| it.peer == *peer);
        let topic = file.map_or(Topic::Other, |it| it.topic);
        self.weigh(now, topic, &voices, self.local_opinion(now, indicator))
    }

    /// Returns until when, `end` at the latest, what was said makes the indicator an attacker's
    /// surely enough to block it; `None` where it does not even now.
    ///
    /// Voices end at different times, and those that are left may not be enough. Only the last
    /// few ends are looked at: a crowd must not cost more than a word.
    pub(super) fn believed_until(
        &self,
        now: Timestamp,
        indicator: &Indicator,
        end: Timestamp,
    ) -> Option<Timestamp> {
        let file = self.casebook.file(indicator)?;
        let local = self.local_opinion(now, indicator);
        let mut ends: BTreeSet<Timestamp> = file.voices().map(|it| it.counts_until).collect();
        ends.retain(|it| now < *it && *it < end);
        let last = ends.into_iter().rev().take(ENDS_MAX);
        std::iter::once(end).chain(last).find(|until| {
            let just_before = *until - Duration::from_millis(1);
            let voices = file.voices_at(just_before.max(now));
            let verdict = self.weigh(now, file.topic, &voices, local);
            verdict.stance == Stance::Malicious && verdict.probability >= self.policy.confidence_min
        })
    }

    /// Ends the blocks of `indicator` that rest on answers alone, where what is left of these does
    /// not come to a block any more.
    pub(super) fn end_disbelieved(&mut self, now: Timestamp, indicator: &Indicator) {
        let decisions = self.blocklist.decisions(indicator).iter();
        let on_answers = decisions.filter(|it| it.origin == Origin::Peers && it.alert.is_none());
        let disbelieved = on_answers
            .filter(|it| self.believed_until(now, indicator, it.expires_at).is_none())
            .map(|it| it.author);
        for author in disbelieved.collect::<Vec<_>>() {
            let ended = self.blocklist.remove(indicator, Origin::Peers, author);
            self.end_decisions(now, ended.as_slice(), Cause::Withdrawn);
        }
    }

    fn weigh(
        &self,
        now: Timestamp,
        topic: Topic,
        voices: &[Voice],
        local: Option<Opinion>,
    ) -> Verdict {
        if voices.is_empty() && local.is_none() {
            return Verdict::UNKNOWN; // a model's prior is nobody's opinion
        }
        let case = Case {
            topic,
            voices,
            local,
        };
        self.trust.model.judge(now, &case)
    }

    /// Tells the model that nobody else will speak in a case for now.
    pub(super) fn conclude(&mut self, now: Timestamp, indicator: &Indicator, file: &CaseFile) {
        let voices: Vec<Voice> = file.voices().map(|it| it.voice).collect();
        let case = Case {
            topic: file.topic,
            voices: &voices,
            local: self.local_opinion(now, indicator),
        };
        let verdict = self.trust.model.judge(now, &case);
        self.trust.model.conclude(now, &case, &verdict);
        for voice in voices {
            self.trust.change(now, voice.peer);
        }
    }

    /// Returns what this node's own detectors and operator think of an indicator.
    pub(super) fn local_opinion(&self, now: Timestamp, indicator: &Indicator) -> Option<Opinion> {
        let covering = self.blocklist.covering(indicator);
        let own = covering.iter().flat_map(|it| self.blocklist.decisions(it));
        let own = own.filter(|it| it.origin > Origin::Feed);
        if let Some(decision) = own.max_by_key(|it| (it.origin, it.evidence)) {
            let confidence = match (decision.origin, decision.evidence) {
                (Origin::Operator, _) => Confidence::FULL,
                (_, Evidence::Verified) => Confidence::HIGH,
                (_, Evidence::Spoofable) => Confidence::HALF,
            };
            return Some(Opinion {
                score: Score::MALICIOUS,
                confidence,
                sightings: self.violations.count_of(now, indicator).max(1),
                age: now.since(decision.decided_at),
            });
        }
        let unblocked = self.unblocks.covering(indicator).next();
        unblocked.map(|(_, it)| Opinion {
            score: Score::BENIGN,
            confidence: Confidence::HIGH,
            sightings: 1,
            age: now.since(it.unblocked_at),
        })
    }

    /// Holds what was said of `indicator` against what it proved to be.
    pub(super) fn learn(&mut self, now: Timestamp, indicator: Indicator, known: Known) {
        let ((topic, voices), gone) = self.casebook.change(indicator, now, |file| {
            (file.topic, file.judge_by(known)) // the topic is what they spoke of
        });
        self.end_cases(now, &gone);
        self.learn_from(now, (indicator, topic), &voices, known.truth);
    }

    /// Moves the trust of those who spoke by what is true.
    pub(super) fn learn_from(
        &mut self,
        now: Timestamp,
        (indicator, topic): (Indicator, Topic),
        voices: &[Voice],
        truth: Truth,
    ) {
        if voices.is_empty() {
            return;
        }
        let case = Case {
            topic,
            voices,
            local: None,
        };
        self.trust.model.learn(now, &case, truth);
        for voice in voices {
            self.trust.note_trend(now, voice.peer);
            self.trust.change(now, voice.peer);
            let it = self.trust.model.trust_of(now, &voice.peer);
            self.notify(Notice::TrustMoved {
                peer: voice.peer,
                indicator,
                truth,
                said: voice.opinion.score,
                trust: it,
            });
        }
    }

    /// Writes what changed of the peers' trust, where that is due.
    pub(super) fn save_trust(&mut self, now: Timestamp) {
        if self.trust.save_at.is_some_and(|due| due <= now) {
            self.write_trust(now);
        }
    }

    /// Writes what changed of the peers' trust.
    pub(super) fn write_trust(&mut self, now: Timestamp) {
        self.trust.save_at = None;
        for peer in std::mem::take(&mut self.trust.changed) {
            let Some(memory) = self.trust.model.save(&peer) else {
                continue;
            };
            let trust = self.trust.model.trust_of(now, &peer);
            let is_known = self.peers.contains_key(&peer) || trust.right > 0;
            if !is_known {
                continue; // a key that nobody met and that earned nothing
            }
            // A model that breaks its word about the size starts anew after a restart.
            if memory.len() > PEER_MEMORY_BYTES_MAX || !self.trust.is_news(Some(peer), &memory) {
                continue;
            }
            let kept = KeptTrust {
                peer,
                model: self.trust.model.kind(),
                memory: memory.into(),
                trend: self.trust.trend_of(&peer),
                right: trust.right,
                kept_at: now,
            };
            self.persist(Record::TrustKept(kept));
        }
        let shared = self.trust.model.save_shared();
        if !shared.is_empty() && self.trust.is_news(None, &shared) {
            let model = self.trust.model.kind();
            self.persist(Record::SharedTrustKept {
                model,
                memory: shared.into(),
            });
        }
    }

    /// Takes back what was kept of the peers' trust by the same model.
    pub(super) fn restore_trust(
        &mut self,
        now: Timestamp,
        kept: Vec<KeptTrust>,
        set: Vec<(NodeId, Introduction)>,
        shared: Vec<(ModelKind, std::sync::Arc<[u8]>)>,
    ) {
        self.trust.set = set.into_iter().take(PRETRUST_MAX).collect();
        let kind = self.trust.model.kind();
        let known: Vec<NodeId> = self.peers.keys().copied().collect();
        for peer in known {
            let introduction = self.introduction_of(now, &peer);
            self.trust.model.meet(now, peer, introduction);
        }
        for it in kept.into_iter().filter(|it| it.model == kind) {
            let introduction = self.introduction_of(now, &it.peer);
            self.trust.model.meet(now, it.peer, introduction);
            if self.trust.model.restore(it.peer, &it.memory) {
                let trend = it.trend.into_iter().take(TREND_MAX);
                self.trust.trends.insert(it.peer, trend.collect());
            }
        }
        if let Some((_, shared)) = shared.into_iter().find(|(model, _)| *model == kind) {
            let _ = self.trust.model.restore_shared(&shared); // junk: it is learned anew
        }
    }

    /// Sets how far a peer is trusted in advance, in place of what the preset says.
    pub(super) fn order_trust(
        &mut self,
        now: Timestamp,
        user: Operator,
        peer: NodeId,
        introduction: Introduction,
    ) -> Result<Reply, crate::Refusal> {
        if !self.trust.set.contains_key(&peer) && self.trust.set.len() >= PRETRUST_MAX {
            return Err(crate::Refusal::TableFull {
                entries_max: PRETRUST_MAX as u32,
            });
        }
        self.trust.set.insert(peer, introduction);
        self.introduce(now, peer);
        self.hear_again(now, &peer);
        self.trust.change(now, peer);
        self.persist(Record::PretrustSet { peer, introduction });
        let fixed = if introduction.is_fixed { " fixed" } else { "" };
        let percent = introduction.pretrust.percent();
        let detail = format!("{peer} {percent} %{fixed}");
        self.note_trust(now, user, HistoryKind::Trusted, &detail);
        self.audit_peer(now, user, (Action::Trust, peer), detail);
        Ok(Reply::Trusted(Box::new(self.peer_trust(now, &peer))))
    }

    /// Forgets what a peer did and what the operator said of it; it starts anew.
    pub(super) fn order_forget(&mut self, now: Timestamp, user: Operator, peer: NodeId) -> Reply {
        let was_set = self.trust.set.remove(&peer).is_some();
        let was_known = self.trust.model.save(&peer).is_some();
        self.trust.forget(&peer);
        if self.peers.contains_key(&peer) {
            self.introduce(now, peer);
        }
        self.persist(Record::TrustForgotten(peer));
        self.note_trust(now, user, HistoryKind::Forgotten, &peer.to_string());
        self.audit_peer(now, user, (Action::Forget, peer), peer.to_string());
        Reply::Forgotten {
            was_known: was_set || was_known,
        }
    }

    fn audit_peer(
        &mut self,
        now: Timestamp,
        user: Operator,
        (action, _peer): (Action, NodeId),
        detail: String,
    ) {
        let entry = crate::AuditEntry {
            at: now,
            actor: user.into(),
            action,
            indicator: None,
            detail,
        };
        self.persist(Record::Audit(entry));
    }
}
