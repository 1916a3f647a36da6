//! What the Engine writes down for people who ask later.
//!
//! Of peers only the word of those is kept whose word moves a verdict at all: else whoever makes
//! keys could fill the history with what nobody believes.

use crate::{
    Actor, Alert, Decision, Detection, HistoryEntry, HistoryKind, Indicator, Operator, Record,
    Refusal, Severity, Timestamp,
    casebook::Heard,
    engine::{Cause, Engine},
};

impl Engine {
    fn note(&mut self, entry: HistoryEntry) {
        self.persist(Record::Happened(entry));
    }

    pub(super) fn note_detected(
        &mut self,
        now: Timestamp,
        detection: &Detection,
        severity: Severity,
    ) {
        let evidence = detection.evidence.as_str();
        let detail = match detection.rate {
            0 => evidence.to_owned(), // the kernel blocked it while nobody listened
            rate => format!("{rate}/s {evidence}"),
        };
        self.note(HistoryEntry {
            indicator: Some(detection.indicator),
            threat_type: Some(detection.threat_type.clone()),
            severity: Some(severity),
            detail,
            ..HistoryEntry::new(now, HistoryKind::Detected, Actor::Detector)
        });
    }

    /// Keeps a peer's alert with what became of it.
    pub(super) fn note_alert(
        &mut self,
        now: Timestamp,
        alert: &Alert,
        outcome: Result<(), Refusal>,
    ) {
        let (author, statement) = (alert.author(), alert.statement());
        if outcome.is_err() && self.trust_in(now, &author).influence <= 0.0 {
            return;
        }
        let outcome = match outcome {
            Ok(()) => "accepted".to_owned(),
            Err(refusal) => format!("refused {}", refusal.code()),
        };
        self.note(HistoryEntry {
            indicator: Some(statement.indicator),
            threat_type: Some(statement.threat_type.clone()),
            severity: Some(statement.severity),
            until: Some(statement.expires_at()),
            detail: format!("{outcome} {}", alert.id()),
            ..HistoryEntry::new(now, HistoryKind::Alert, Actor::Peer(author))
        });
    }

    pub(super) fn note_answer(&mut self, indicator: Indicator, heard: &Heard) {
        if heard.influence <= 0.0 {
            return;
        }
        let opinion = heard.voice.opinion;
        let (score, confidence) = (opinion.score.value(), opinion.confidence.value());
        let actor = Actor::Peer(heard.voice.peer);
        self.note(HistoryEntry {
            indicator: Some(indicator),
            detail: format!("score {score:.2} confidence {confidence:.2}"),
            ..HistoryEntry::new(heard.heard_at, HistoryKind::Answer, actor)
        });
    }

    pub(super) fn note_blocked(&mut self, now: Timestamp, actor: Actor, decision: &Decision) {
        let alert = decision.alert.map(|it| format!("alert {it}"));
        self.note(HistoryEntry {
            indicator: Some(decision.indicator),
            threat_type: Some(decision.threat_type.clone()),
            severity: Some(decision.severity),
            until: Some(decision.expires_at),
            detail: alert.unwrap_or_default(),
            ..HistoryEntry::new(now, HistoryKind::Blocked, actor)
        });
    }

    pub(super) fn note_ended(&mut self, now: Timestamp, indicator: Indicator, cause: Cause) {
        self.note(HistoryEntry {
            indicator: Some(indicator),
            detail: cause.as_str().to_owned(),
            ..HistoryEntry::new(now, HistoryKind::Ended, Actor::Node)
        });
    }

    /// Keeps what somebody ordered about an indicator.
    pub(super) fn note_order(
        &mut self,
        now: Timestamp,
        actor: Actor,
        (kind, indicator): (HistoryKind, Indicator),
        (until, detail): (Option<Timestamp>, &str),
    ) {
        self.note(HistoryEntry {
            indicator: Some(indicator),
            until,
            detail: detail.to_owned(),
            ..HistoryEntry::new(now, kind, actor)
        });
    }

    /// Keeps that this node shared an alert, or took one back.
    pub(super) fn note_published(&mut self, now: Timestamp, actor: Actor, alert: &Alert) {
        let statement = alert.statement();
        let (kind, about) = match statement.withdraws {
            Some(withdrawn) => (HistoryKind::Withdrawn, withdrawn),
            None => (HistoryKind::Published, alert.id()),
        };
        self.note(HistoryEntry {
            indicator: Some(statement.indicator),
            threat_type: Some(statement.threat_type.clone()),
            severity: Some(statement.severity),
            until: Some(statement.expires_at()),
            detail: format!("alert {about}"),
            ..HistoryEntry::new(now, kind, actor)
        });
    }

    /// Keeps what the operator did about the trust in a peer.
    pub(super) fn note_trust(
        &mut self,
        now: Timestamp,
        user: Operator,
        kind: HistoryKind,
        what: &str,
    ) {
        self.note(HistoryEntry {
            detail: what.to_owned(),
            ..HistoryEntry::new(now, kind, user.into())
        });
    }
}
