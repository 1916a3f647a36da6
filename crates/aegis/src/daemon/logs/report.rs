//! What a node is told of an attack that a log tells of.

use aegis_core::{Evidence, Indicator, Report};
use aegis_intel::log::{IdsAlert, Rule, Verdict};

/// Returns the report that a verdict makes, if it makes one.
pub(super) fn of(verdict: &Verdict) -> Option<Report> {
    match verdict {
        Verdict::Attack {
            indicator,
            rule,
            events,
        } => counted(*indicator, *rule, *events),
        Verdict::Alerted {
            indicator,
            events,
            alert,
        } => alerted(*indicator, alert, *events),
        Verdict::Nothing
        | Verdict::Passed { .. }
        | Verdict::Counted { .. }
        | Verdict::LoggedIn { .. } => None,
    }
}

/// Nothing that stood in a log but the address.
fn counted(indicator: Indicator, rule: Rule, events: u32) -> Option<Report> {
    Some(Report {
        indicator,
        threat_type: rule.threat_type(),
        severity: None,
        block_for: None,
        evidence: Evidence::Verified,
        source: rule.program().parse().ok()?,
        events,
        reason: format!("rule {}", rule.as_str()).parse().ok(),
        share: true,
        is_restored: false,
    })
}

/// The other detector's words too: they stay on this host. What anybody may have forged is told to
/// nobody.
fn alerted(indicator: Indicator, alert: &IdsAlert, events: u32) -> Option<Report> {
    Some(Report {
        indicator,
        threat_type: alert.threat_type.clone(),
        severity: alert.severity,
        block_for: alert.block_for,
        evidence: alert.evidence,
        source: alert.rule.program().parse().ok()?,
        events,
        reason: format!("rule {}: {}", alert.rule.as_str(), alert.words)
            .parse()
            .ok(),
        share: alert.evidence == Evidence::Verified,
        is_restored: false,
    })
}
