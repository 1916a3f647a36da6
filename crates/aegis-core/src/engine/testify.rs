//! Answering others: what this node says of indicators and of peers, and to whom.
//!
//! It says only what it saw for itself, as numbers: no log line, no name, and nothing of who asked.

use std::time::Duration;

use crate::{
    Audience, Confidence, Disclosure, Evidence, Indicator, NodeId, Opinion, Origin, PeerClass,
    Question, Score, Timestamp, Topic,
    engine::{
        Engine, Output,
        question::{TRUSTED, Why},
    },
    trust::model::Deed,
};

/// Peers that a question is passed on to.
const PASSED_ON_TO_MAX: usize = 8;

/// Part of the asker's patience that others get to answer what is passed on.
const PASSED_ON_WAIT: f64 = 0.6;

/// A question with less patience than this is not passed on: nobody would answer in time.
const PASSED_ON_WAIT_MIN: Duration = Duration::from_millis(500);

impl Engine {
    /// Answers a question, after asking others where it may be passed on.
    pub(super) fn handle_asked(
        &mut self,
        now: Timestamp,
        request: u64,
        from: NodeId,
        question: Question,
    ) {
        let is_heard = self.is_in_audience(now, &from);
        let own: Vec<(Indicator, Topic, Option<Opinion>)> = question
            .indicators
            .iter()
            .map(|it| match self.own_opinion(now, it).filter(|_| is_heard) {
                Some((topic, opinion)) => (*it, topic, Some(opinion)),
                None => (*it, Topic::Other, None),
            })
            .collect();
        self.book(now, from, Deed::Asked);
        let wait = question.wait.mul_f64(PASSED_ON_WAIT);
        let may_pass_on = question.hops > 0
            && is_heard
            && wait >= PASSED_ON_WAIT_MIN
            && self.questions.has_room_for(&from);
        let peers = if may_pass_on {
            self.passed_on_to(now, &from)
        } else {
            Vec::new()
        };
        if peers.is_empty() {
            let passed_on = Vec::new();
            return self.push(Output::Testify {
                request,
                own,
                passed_on,
            });
        }
        let question = Question {
            hops: question.hops - 1,
            wait,
            ..question
        };
        let why = Why::PassedOn {
            request,
            asker: from,
            own,
        };
        self.ask(now, why, peers, question);
    }

    /// Says what this node thinks of a peer.
    pub(super) fn handle_asked_about(
        &mut self,
        now: Timestamp,
        request: u64,
        from: NodeId,
        subject: NodeId,
    ) {
        let is_heard = self.is_in_audience(now, &from);
        self.book(now, from, Deed::AskedAbout);
        let recommendation = self.trust.model.recommend(&subject).filter(|_| is_heard);
        self.push(Output::Recommend {
            request,
            recommendation,
        });
    }

    fn is_in_audience(&self, now: Timestamp, peer: &NodeId) -> bool {
        match self.questions.policy.audience {
            Audience::Nobody => false,
            Audience::Everybody => true,
            Audience::Trusted => {
                let trust = self.trust.model.trust_of(now, peer).service_trust;
                self.class_of(peer) > PeerClass::Dht || trust.value() >= TRUSTED
            }
        }
    }

    /// Returns the most trusted connected peers but the asker.
    fn passed_on_to(&self, now: Timestamp, asker: &NodeId) -> Vec<NodeId> {
        let connected = self.peers.values();
        let connected = connected.filter(|it| it.is_connected && it.peer != *asker);
        let mut trusted: Vec<(f64, NodeId)> = connected
            .map(|it| {
                let trust = self.trust.model.trust_of(now, &it.peer).service_trust;
                (trust.value(), it.peer)
            })
            .filter(|(trust, _)| *trust >= TRUSTED)
            .collect();
        trusted.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let chosen = trusted.into_iter().take(PASSED_ON_TO_MAX);
        chosen.map(|(_, peer)| peer).collect()
    }

    /// Returns what this node says of an indicator: only what it saw for itself, and said to more than
    /// the members of an organisation.
    fn own_opinion(&self, now: Timestamp, indicator: &Indicator) -> Option<(Topic, Opinion)> {
        if self.guards.untouchable(indicator).is_err() {
            return None; // the allowlist is nobody's business
        }
        let covering = self.blocklist.covering(indicator);
        let own = covering.iter().flat_map(|it| self.blocklist.decisions(it));
        let is_kept = self.is_for_members(indicator);
        let own = own.filter(|it| match it.origin {
            Origin::Operator => !is_kept,
            Origin::Detector => true,
            Origin::Feed | Origin::Import | Origin::Peers => false,
        });
        let seen = self.violations.seen(now, indicator);
        if let Some(decision) = own.max_by_key(|it| (it.origin, it.evidence)) {
            let opinion = Opinion {
                score: Score::MALICIOUS,
                confidence: match decision.evidence {
                    Evidence::Verified => Confidence::HIGH,
                    Evidence::Spoofable => Confidence::HALF,
                },
                sightings: seen.map_or(1, |(count, _)| count.max(1)),
                age: now.since(decision.decided_at),
            };
            return Some((Topic::of(&decision.threat_type), opinion));
        }
        if let Some((sightings, last_at)) = seen {
            let opinion = Opinion {
                score: Score::MALICIOUS,
                confidence: Confidence::HALF,
                sightings,
                age: now.since(last_at),
            };
            return Some((Topic::Other, opinion));
        }
        self.benign_opinion(now, indicator)
    }

    /// Returns whether the operator said what it thinks of an indicator to members alone. They have it
    /// from the alert; a member who asks may well pass on the question of somebody who is none.
    fn is_for_members(&self, indicator: &Indicator) -> bool {
        let about = self.ledger.about(indicator);
        let said = about.filter(|it| it.alert.author() == self.node);
        let mut is_sealed = said.map(|it| it.alert.audience().is_some()).peekable();
        is_sealed.peek().is_some() && is_sealed.all(|it| it)
    }

    fn benign_opinion(&self, now: Timestamp, indicator: &Indicator) -> Option<(Topic, Opinion)> {
        let is_told = self.questions.policy.disclosure == Disclosure::All;
        let is_working = self.guards.not_established(now, indicator).is_err();
        (is_told && is_working).then_some((
            Topic::Other,
            Opinion {
                score: Score::BENIGN,
                confidence: Confidence::HALF,
                sightings: 1,
                age: Duration::ZERO,
            },
        ))
    }
}
