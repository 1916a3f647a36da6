//! Hearing voices and learning the truth: alerts and answers become cases, and what proves true
//! about a case moves the trust of those who spoke in it.
//!
//! Only what this node knows for certain is truth: what its own detectors proved, what the
//! operator says, and what must not be blocked although somebody says it attacks. What may be
//! forged proves nothing: else anybody could earn trust by flooding in the name he reported.

use crate::{
    Alert, Confidence, Decision, Evidence, Indicator, NodeId, Opinion, Origin, Protection, Refusal,
    Score, Severity, Timestamp, Topic, Truth,
    casebook::{CaseFile, Heard, Known},
    engine::{Engine, Notice},
    trust::model::{Deed, Voice},
};

impl Engine {
    /// Makes a peer's alert a voice in the case it is about.
    pub(super) fn hear_alert(&mut self, now: Timestamp, alert: &Alert) {
        let statement = alert.statement();
        let author = alert.author();
        if !self.peers.contains_key(&author) {
            // Relayed by others: it can earn trust as well as whoever is connected.
            self.introduce(now, author);
        }
        let influence = self.trust_in(now, &author).influence;
        let heard = heard_in(alert, now, influence);
        self.book(now, author, Deed::Alerted);
        if self.is_about_itself(&author, &statement.indicator) {
            return;
        }
        self.report(now, statement.indicator, &heard.voice);
        let gone = self.casebook.hear(statement.indicator, heard);
        self.end_cases(now, &gone);
    }

    /// Returns whether `peer` would be speaking of its own address: nobody is asked about himself.
    pub(super) fn is_about_itself(&self, peer: &NodeId, indicator: &Indicator) -> bool {
        let ip = self.peers.get(peer).and_then(|it| it.ip);
        ip.is_some_and(|it| indicator.contains(&Indicator::host(it)))
    }

    /// Tells the model what this node's own detectors and operator think of peers' addresses.
    ///
    /// Called only where an own decision was made or ended: those of peers change nothing here.
    pub(super) fn observe_peers(&mut self, now: Timestamp, indicator: &Indicator) {
        let there = self.peers.values().filter(|it| {
            it.ip
                .is_some_and(|ip| indicator.contains(&Indicator::host(ip)))
        });
        let there: Vec<NodeId> = there.map(|it| it.peer).collect();
        let seen = self.local_opinion(now, indicator);
        let seen = seen.map(|it| (it.score, it.confidence));
        for peer in there {
            self.book(now, peer, Deed::Observed(seen));
        }
    }

    /// Makes an alert that came in before the last restart a voice again.
    pub(super) fn restore_voice(&mut self, alert: &Alert, received_at: Timestamp) {
        let statement = alert.statement();
        if alert.author() == self.node || statement.withdraws.is_some() {
            return;
        }
        let influence = self.trust_in(received_at, &alert.author()).influence;
        let heard = heard_in(alert, received_at, influence);
        self.casebook.hear(statement.indicator, heard);
    }

    /// Takes it that what this node knew before the last restart was held against everybody then.
    pub(super) fn restore_known(&mut self, now: Timestamp) {
        let decisions = self.blocklist.iter().flat_map(|(_, decisions)| decisions);
        let proven = decisions.filter(|it| is_proven(it)).map(|it| {
            let known = Known {
                truth: Truth::Malicious,
                known_at: it.decided_at,
                is_private: false,
            };
            (it.indicator, known)
        });
        let allowed = self.guards.allowlist().iter().map(|(it, entry)| {
            let known = Known {
                truth: Truth::Benign,
                known_at: entry.added_at,
                is_private: true,
            };
            (*it, known)
        });
        let known: Vec<(Indicator, Known)> = proven.chain(allowed).collect();
        for (indicator, known) in known {
            self.casebook
                .change(indicator, now, |file| file.restore_known(known));
        }
    }

    /// Tells whoever keeps a log of them that a report came in, and what it weighs.
    pub(super) fn report(&mut self, now: Timestamp, indicator: Indicator, voice: &Voice) {
        let trust = self.trust.model.trust_of(now, &voice.peer);
        self.notify(Notice::Reported {
            peer: voice.peer,
            indicator,
            opinion: voice.opinion,
            weight: trust.service_trust,
        });
    }

    /// Tells the model about cases that are over and that it was not told of before.
    pub(super) fn end_cases(&mut self, now: Timestamp, ended: &[(Indicator, CaseFile)]) {
        for (indicator, file) in ended {
            if !file.is_concluded && file.voices().nth(1).is_some() {
                self.conclude(now, indicator, file);
            }
        }
    }

    /// Learns from a guard's refusal: an alert against what is surely benign is a lie or a mistake.
    ///
    /// Addresses of this host, its gateways, admins and configured peers are left out: an honest
    /// peer may have been attacked from there. So is what may be forged, and whoever this node
    /// never met: a key that weighs nothing has nothing to lose, and takes up no room.
    pub(super) fn learn_from_refusal(&mut self, now: Timestamp, alert: &Alert, refusal: &Refusal) {
        let is_benign = match refusal {
            Refusal::Allowlisted { .. } => true,
            Refusal::Protected { protection, .. } => match protection {
                Protection::Loopback
                | Protection::Unspecified
                | Protection::Broadcast
                | Protection::Multicast
                | Protection::CloudMetadata
                | Protection::TimeServer
                | Protection::Resolver => true,
                Protection::LinkLocal
                | Protection::OwnAddress
                | Protection::Gateway
                | Protection::AdminSession => false,
            },
            Refusal::ConfiguredPeer { .. }
            | Refusal::LocalPeer { .. }
            | Refusal::TooWide { .. }
            | Refusal::PrivateRange
            | Refusal::BudgetSpent { .. }
            | Refusal::TooFast
            | Refusal::BelowSeverity { .. }
            | Refusal::NotTrusted { .. }
            | Refusal::Established
            | Refusal::Unblocked
            | Refusal::Expired
            | Refusal::TableFull { .. }
            | Refusal::NoQuorum { .. }
            | Refusal::Organisation(_) => false,
        };
        let (author, indicator) = (alert.author(), alert.statement().indicator);
        let is_proven = alert.statement().evidence == Evidence::Verified;
        if !is_benign || !is_proven || !self.peers.contains_key(&author) {
            return;
        }
        self.hear_alert(now, alert);
        let voice = self
            .casebook
            .change_known(&indicator, |file| (file.topic, file.unjudged_of(&author)));
        if let Some((topic, Some(voice))) = voice {
            self.learn_from(now, (indicator, topic), &[voice], Truth::Benign);
        }
    }

    /// Learns from this node's own decision, where that proves something.
    pub(super) fn learn_from_decision(&mut self, now: Timestamp, decision: &Decision, told: bool) {
        if is_proven(decision) {
            let known = Known {
                truth: Truth::Malicious,
                known_at: now,
                is_private: !told,
            };
            self.learn(now, decision.indicator, known);
        }
    }

    /// Learns that the operator thinks nothing bad of an indicator.
    pub(super) fn learn_benign(&mut self, now: Timestamp, indicator: Indicator) {
        let known = Known {
            truth: Truth::Benign,
            known_at: now,
            is_private: true,
        };
        self.learn(now, indicator, known);
    }
}

/// Returns whether a decision of this node's own rests on what is certain.
fn is_proven(decision: &Decision) -> bool {
    match (decision.origin, decision.evidence) {
        (Origin::Operator, _) | (Origin::Detector, Evidence::Verified) => true,
        (Origin::Detector, Evidence::Spoofable)
        | (Origin::Feed | Origin::Import | Origin::Peers, _) => false,
    }
}

fn heard_in(alert: &Alert, heard_at: Timestamp, influence: f64) -> Heard {
    Heard {
        voice: voice_of(alert),
        topic: Topic::of(&alert.statement().threat_type),
        alert: Some(alert.id()),
        heard_at,
        counts_until: alert.statement().expires_at(),
        influence,
    }
}

/// Returns what an alert says as an opinion: the milder the behaviour, the less sure.
fn voice_of(alert: &Alert) -> Voice {
    let statement = alert.statement();
    let severity = f64::from(statement.severity.value());
    let opinion = Opinion {
        score: Score::MALICIOUS,
        confidence: Confidence::clamped(severity / f64::from(Severity::MAX.value())),
        sightings: 1,
        age: std::time::Duration::ZERO,
    };
    Voice {
        peer: alert.author(),
        opinion,
        evidence: statement.evidence,
    }
}
