//! What this host's own detectors see.

use crate::{
    Action, Actor, Change, Decision, Detection, Indicator, Origin, Refusal, Severity, Statement,
    ThreatType, Timestamp,
    engine::{Engine, Notice, Output, Purpose},
    policy::CONFIGURED_PEER_TTL_MAX,
};

impl Engine {
    pub(super) fn handle_detection(&mut self, now: Timestamp, detection: Detection) {
        self.counters.detections += 1;
        let severity = self.policy.severity_of(detection.rate);
        let Detection {
            indicator,
            rate,
            evidence,
            ..
        } = detection;
        let threat_type = detection.threat_type.clone();
        self.note_detected(now, &detection, severity);
        self.notify(Notice::Detected {
            indicator,
            threat_type,
            rate,
            severity,
            evidence,
            source: None,
        });
        let blocked = self
            .decide_detection(now, &detection, severity)
            .and_then(|it| self.block(now, Actor::Detector, it.clone()).map(|()| it));
        match blocked {
            Ok(decision) => {
                self.end_unblock(now, &indicator, &detection.threat_type);
                self.keep_beside_reports(&decision);
                let told = self.share_detection(now, &decision);
                self.learn_from_decision(now, &decision, told);
            }
            Err(refusal) => {
                self.count_refusal(&refusal);
                let author = self.node;
                self.notify(Notice::Refused {
                    indicator,
                    author,
                    refusal,
                });
                if detection.blocked_until.is_some() {
                    // The kernel was quicker than the guard: undo it, whatever the ruleset says.
                    self.push(Output::Enforce(Change::Unblock(indicator)));
                }
            }
        }
    }

    fn decide_detection(
        &mut self,
        now: Timestamp,
        detection: &Detection,
        severity: Severity,
    ) -> Result<Decision, Refusal> {
        let indicator = detection.indicator;
        self.guards.untouchable(&indicator)?;
        let violation = self.violations.add(now, indicator);
        let asked = now + self.policy.block_time(severity, violation).into();
        // A peer the operator relies on is spared anything long, whatever its address seems to do.
        let expires_at = match self.guards.configured_peer(&indicator) {
            Ok(()) => asked,
            Err(_) => asked.min(now + CONFIGURED_PEER_TTL_MAX),
        };
        Ok(Decision {
            indicator,
            origin: Origin::Detector,
            author: self.node,
            alert: None,
            threat_type: detection.threat_type.clone(),
            severity,
            evidence: detection.evidence,
            decided_at: now,
            expires_at,
        })
    }

    /// A new finding of this node's own is what an operator's unblock waits for.
    pub(super) fn end_unblock(
        &mut self,
        now: Timestamp,
        indicator: &Indicator,
        threat_type: &ThreatType,
    ) {
        let covering = self.unblocks.covering(indicator);
        let covering: Vec<_> = covering.map(|(it, _)| it).collect();
        for indicator in covering {
            self.forget_unblock(&indicator);
            let detail = format!("detected again: {threat_type}");
            self.audit(now, Actor::Detector, (Action::Block, indicator), detail);
        }
    }

    /// Shares a detection where the operator wants that, not faster than peers take it, and not
    /// again while an alert of ours that says the same is still half alive.
    ///
    /// Returns whether others know of it.
    pub(super) fn share_detection(&mut self, now: Timestamp, decision: &Decision) -> bool {
        if !self.policy.auto_publish || decision.severity < self.policy.severity_min {
            return false;
        }
        let half = decision.expires_at.since(now) / 2;
        let is_said = self.ledger.about(&decision.indicator).any(|it| {
            let statement = it.alert.statement();
            it.alert.author() == self.node
                && statement.indicator == decision.indicator
                && statement.threat_type == decision.threat_type
                && statement.expires_at() >= now + half
        });
        if is_said {
            return true;
        }
        if !self.publish_bucket.take(now) {
            self.counters.withheld += 1;
            self.notify(Notice::Withheld {
                indicator: decision.indicator,
            });
            return false;
        }
        let stated_at = now.floor_to_secs();
        let statement = Statement {
            indicator: decision.indicator,
            threat_type: decision.threat_type.clone(),
            severity: decision.severity,
            stated_at,
            block_for: crate::BlockDuration::clamped(decision.expires_at.since(stated_at)),
            evidence: decision.evidence,
            description: None,
            withdraws: None,
        };
        self.push(Output::Sign {
            statement,
            audience: None,
            purpose: Purpose::Detection,
        });
        true
    }
}
