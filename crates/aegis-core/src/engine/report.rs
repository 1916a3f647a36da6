//! What programs of this host report: a detector's word, kept by source.

use std::time::Duration;

use crate::{
    Action, Actor, Decision, HistoryEntry, HistoryKind, Indicator, KeptReport, Operator, Origin,
    Record, Refusal, Report, ReportSource, Reported, Severity, Statement, Timestamp,
    engine::{Cause, Engine, Notice, Reply},
    policy::CONFIGURED_PEER_TTL_MAX,
};

/// A report that would make a block longer by less than this part of it changes nothing: a source
/// that says the same every second must not cost a write each time.
const EXTENDS_FROM: u32 = 20;

impl Engine {
    /// Takes what programs of this host report; returns one outcome for each, in order.
    pub(super) fn take_reports(
        &mut self,
        now: Timestamp,
        reports: Vec<Report>,
    ) -> Vec<Result<Reported, Refusal>> {
        let taken = reports.into_iter().map(|report| {
            let indicator = report.indicator;
            self.take_report(now, report).inspect_err(|refusal| {
                self.count_refusal(refusal);
                self.notify(Notice::Refused {
                    indicator,
                    author: self.node,
                    refusal: *refusal,
                });
            })
        });
        taken.collect()
    }

    fn take_report(&mut self, now: Timestamp, report: Report) -> Result<Reported, Refusal> {
        if !self.reports.admit(now, &report.source) {
            return Err(Refusal::TooFast);
        }
        let indicator = report.indicator;
        let by_type = self.policy.severity_of_type(&report.threat_type);
        let severity = report.severity.unwrap_or(by_type);
        let checked = self.may_report(&report);
        let earlier = self.reports.of_source(now, &indicator, &report.source);
        let earlier = earlier.cloned();
        if let Err(refusal) = &checked {
            self.note_reported(now, &report, (severity, Some(refusal)));
        }
        checked?;
        let expires_at = self.report_expires_at(now, &report, (severity, earlier.is_some()));
        if let Some(it) = &earlier
            && says_nothing_new(now, it, &report, (severity, expires_at))
        {
            let expires_at = it.expires_at;
            return Ok(Reported {
                expires_at,
                is_new: false,
            });
        }
        self.note_reported(now, &report, (severity, None));
        let earlier_end = earlier.as_ref().map(|it| it.expires_at);
        let decision = Decision {
            indicator,
            origin: Origin::Detector,
            author: self.node,
            alert: earlier.as_ref().and_then(|it| it.alerts.last().copied()),
            threat_type: report.threat_type.clone(),
            severity,
            evidence: report.evidence,
            decided_at: now,
            expires_at: earlier_end.map_or(expires_at, |it| it.max(expires_at)),
        };
        self.decide_report(now, &report, decision, earlier)
    }

    /// Returns what others would be told of a report at `now`, and does nothing; `None` where they
    /// would be told nothing.
    ///
    /// # Errors
    ///
    /// Says which guard refuses.
    pub fn preview_report(
        &self,
        now: Timestamp,
        report: &Report,
    ) -> Result<Option<Statement>, Refusal> {
        self.may_report(report)?;
        let by_type = self.policy.severity_of_type(&report.threat_type);
        let severity = report.severity.unwrap_or(by_type);
        let may_tell = report.share && !report.is_restored && self.policy.auto_publish;
        if !may_tell || severity < self.policy.severity_min {
            return Ok(None);
        }
        let violation = self.violations.count_of(now, &report.indicator) + 1;
        let by_policy = || self.policy.block_time(severity, violation);
        Ok(Some(Statement {
            indicator: report.indicator,
            threat_type: report.threat_type.clone(),
            severity,
            stated_at: now.floor_to_secs(),
            block_for: report.block_for.unwrap_or_else(by_policy),
            evidence: report.evidence,
            description: None,
            withdraws: None,
        }))
    }

    /// Blocks, remembers who said so, and tells others where that is wanted.
    fn decide_report(
        &mut self,
        now: Timestamp,
        report: &Report,
        decision: Decision,
        earlier: Option<KeptReport>,
    ) -> Result<Reported, Refusal> {
        self.keep_own_finding(now, &decision.indicator);
        let by = format!(" source {}", report.source);
        self.block_noted(now, Actor::Detector, decision.clone(), &by)?;
        let (events, alerts) = earlier.map_or((0, Vec::new()), |it| (it.events, it.alerts));
        self.keep_report(KeptReport {
            events: events.saturating_add(report.events),
            alerts,
            reason: report.reason.clone(),
            ..kept(&decision, report.source.clone())
        });
        if !report.is_restored {
            self.end_unblock(now, &decision.indicator, &decision.threat_type);
        }
        let may_tell = report.share && !report.is_restored;
        let told = may_tell && self.share_detection(now, &decision);
        self.learn_from_decision(now, &decision, told);
        Ok(Reported {
            expires_at: decision.expires_at,
            is_new: true,
        })
    }

    fn may_report(&self, report: &Report) -> Result<(), Refusal> {
        self.guards.untouchable(&report.indicator)?;
        let is_unblocked = || self.unblocks.covering(&report.indicator).next().is_some();
        // What the source only says again does not outweigh what the operator said since.
        if report.is_restored && is_unblocked() {
            return Err(Refusal::Unblocked);
        }
        Ok(())
    }

    /// Returns until when a report blocks: as long as it asks or, each time longer, as the policy says.
    fn report_expires_at(
        &mut self,
        now: Timestamp,
        report: &Report,
        (severity, is_repeated): (Severity, bool),
    ) -> Timestamp {
        let indicator = report.indicator;
        let violation = if is_repeated || report.is_restored {
            self.violations.count_of(now, &indicator).max(1)
        } else {
            self.violations.add(now, indicator)
        };
        let by_policy = || self.policy.block_time(severity, violation);
        let block_for: Duration = report.block_for.unwrap_or_else(by_policy).into();
        match self.guards.configured_peer(&indicator) {
            Ok(()) => now + block_for,
            Err(_) => now + block_for.min(CONFIGURED_PEER_TTL_MAX),
        }
    }

    /// Keeps what another detector of this node blocks already, so that it outlives a report that
    /// is taken back.
    fn keep_own_finding(&mut self, now: Timestamp, indicator: &Indicator) {
        if !self.reports.of(indicator).is_empty() {
            return;
        }
        let mut decisions = self.blocklist.decisions(indicator).iter();
        let own = decisions.find(|it| it.origin == Origin::Detector && it.is_active(now));
        if let Some(decision) = own {
            let finding = kept(decision, ReportSource::kernel());
            self.keep_report(finding);
        }
    }

    /// Keeps a finding of the kernel's beside what programs reported of the same source.
    pub(super) fn keep_beside_reports(&mut self, decision: &Decision) {
        if !self.reports.of(&decision.indicator).is_empty() {
            self.keep_report(kept(decision, ReportSource::kernel()));
        }
    }

    fn keep_report(&mut self, report: KeptReport) {
        if let Some(gone) = self.reports.keep(report.clone()) {
            let KeptReport {
                indicator, source, ..
            } = gone;
            self.persist(Record::ReportGone { indicator, source });
        }
        self.persist(Record::ReportKept(report));
    }

    /// Takes back what `source` reported of exactly `indicator`, and nothing that others say.
    pub(super) fn withdraw_report(
        &mut self,
        now: Timestamp,
        user: Operator,
        indicator: Indicator,
        source: ReportSource,
    ) -> Reply {
        let Some(gone) = self.reports.remove(&indicator, &source) else {
            let is_blocked = self.check(&indicator).is_some();
            return Reply::ReportWithdrawn {
                was_reported: false,
                is_blocked,
                withdrawn: 0,
            };
        };
        let detail = format!("source {source}");
        let actor = Actor::from(user);
        self.persist(Record::ReportGone { indicator, source });
        let what = (HistoryKind::Withdrawn, indicator);
        self.note_order(now, actor.clone(), what, (None, &detail));
        self.audit(now, actor, (Action::Withdraw, indicator), detail);
        let rest: Vec<KeptReport> = self
            .reports
            .of(&indicator)
            .iter()
            .filter(|it| now < it.expires_at)
            .cloned()
            .collect();
        let withdrawn = self.withdraw_alerts_of(now, user, &gone, &rest);
        self.fall_back(now, indicator, &rest);
        Reply::ReportWithdrawn {
            was_reported: true,
            is_blocked: self.check(&indicator).is_some(),
            withdrawn,
        }
    }

    /// Takes back the alerts that told others of a report, unless another report says the same.
    fn withdraw_alerts_of(
        &mut self,
        now: Timestamp,
        user: Operator,
        gone: &KeptReport,
        rest: &[KeptReport],
    ) -> usize {
        if let Some(heir) = rest.iter().find(|it| it.threat_type == gone.threat_type) {
            let mut heir = heir.clone();
            heir.add_alerts(gone.alerts.iter().copied());
            self.keep_report(heir);
            return 0;
        }
        let live = gone.alerts.iter().filter_map(|id| self.ledger.alert(id));
        let live: Vec<_> = live.filter(|it| it.author() == self.node).collect();
        self.ask_to_withdraw(now, user, &live)
    }

    /// Has the block last as long as what is left of it on this node's own word.
    fn fall_back(&mut self, now: Timestamp, indicator: Indicator, rest: &[KeptReport]) {
        let (origin, node) = (Origin::Detector, self.node);
        let mut decisions = self.blocklist.decisions(&indicator).iter();
        let current = decisions.find(|it| it.origin == origin && it.author == node);
        let Some(current) = current.map(|it| it.expires_at) else {
            return;
        };
        let Some(longest) = rest.iter().max_by_key(|it| it.expires_at) else {
            let ended = self.blocklist.remove(&indicator, origin, node);
            let ended: Vec<Decision> = ended.into_iter().collect();
            return self.end_decisions(now, &ended, Cause::Withdrawn);
        };
        if longest.expires_at >= current {
            return;
        }
        self.blocklist.remove(&indicator, origin, node);
        self.budgets.remove_active(node);
        let decision = Decision {
            indicator,
            origin,
            author: node,
            alert: longest.alerts.last().copied(),
            threat_type: longest.threat_type.clone(),
            severity: longest.severity,
            evidence: longest.evidence,
            decided_at: now,
            expires_at: longest.expires_at,
        };
        let by = format!(" source {}", longest.source);
        // It takes the place of what was there: there is room.
        let _ = self.block_noted(now, Actor::Node, decision, &by);
    }

    fn note_reported(
        &mut self,
        now: Timestamp,
        report: &Report,
        (severity, refusal): (Severity, Option<&Refusal>),
    ) {
        self.counters.detections += 1;
        let (source, events) = (&report.source, report.events);
        let evidence = report.evidence.as_str();
        let reason = report
            .reason
            .as_ref()
            .map(|it| format!(": {}", it.as_str()));
        let reason = reason.unwrap_or_default();
        let refused = refusal.map(|it| format!(", refused: {it}"));
        let refused = refused.unwrap_or_default();
        self.persist(Record::Happened(HistoryEntry {
            indicator: Some(report.indicator),
            threat_type: Some(report.threat_type.clone()),
            severity: Some(severity),
            detail: format!("by {source} events {events} {evidence}{refused}{reason}"),
            ..HistoryEntry::new(now, HistoryKind::Detected, Actor::Detector)
        }));
        self.notify(Notice::Detected {
            indicator: report.indicator,
            threat_type: report.threat_type.clone(),
            rate: report.events,
            severity,
            evidence: report.evidence,
            source: Some(report.source.clone()),
        });
    }
}

/// Returns whether a report changes nothing about what its source said before.
fn says_nothing_new(
    now: Timestamp,
    earlier: &KeptReport,
    report: &Report,
    (severity, expires_at): (Severity, Timestamp),
) -> bool {
    let longer = expires_at.since(earlier.expires_at);
    earlier.threat_type == report.threat_type
        && earlier.severity >= severity
        && longer <= expires_at.since(now) / EXTENDS_FROM
}

fn kept(decision: &Decision, source: ReportSource) -> KeptReport {
    KeptReport {
        indicator: decision.indicator,
        source,
        threat_type: decision.threat_type.clone(),
        severity: decision.severity,
        evidence: decision.evidence,
        events: 0,
        reason: None,
        reported_at: decision.decided_at,
        expires_at: decision.expires_at,
        alerts: decision.alert.into_iter().collect(),
    }
}
