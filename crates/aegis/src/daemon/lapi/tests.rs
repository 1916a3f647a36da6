//! Tests of what bouncers are told of who wanted a decision.

use aegis_core::{Decision, Evidence, KeptReport, NodeId, Origin, Severity, ThreatType, Timestamp};

use super::naming;

#[test]
fn origins_are_few_and_short_and_scenarios_keep_their_names() {
    check(Origin::Operator, None, ("local", "aegis/syn_flood"));
    check(Origin::Peers, None, ("p2p", "aegis/syn_flood"));
    check(Origin::Feed, None, ("feed", "aegis/syn_flood"));
    check(Origin::Detector, None, ("detector", "aegis/syn_flood"));
    let agent = Some(("crowdsec/web1", "crowdsecurity/ssh-bf"));
    check(
        Origin::Detector,
        agent,
        ("crowdsec", "crowdsecurity/ssh-bf"),
    );
    let by_hand = Some(("cscli/web1", "they know why"));
    check(Origin::Detector, by_hand, ("cscli", "they know why"));
    // Others on this host name themselves as they like: there would be a set for each.
    let other = Some(("fail2ban/sshd", "5 failures"));
    check(Origin::Detector, other, ("detector", "aegis/syn_flood"));
}

#[track_caller]
fn check(origin: Origin, reported: Option<(&str, &str)>, expected: (&str, &str)) {
    let decision = Decision {
        indicator: "203.0.113.7".parse().expect("an indicator"),
        origin,
        author: NodeId::from_public_key([7; 32]),
        alert: None,
        threat_type: ThreatType::syn_flood(),
        severity: Severity::MEDIUM,
        evidence: Evidence::Verified,
        decided_at: Timestamp::EPOCH,
        expires_at: Timestamp::EPOCH,
    };
    let report = reported.map(|(source, reason)| KeptReport {
        indicator: decision.indicator,
        source: source.parse().expect("a source"),
        threat_type: decision.threat_type.clone(),
        severity: decision.severity,
        evidence: decision.evidence,
        events: 1,
        reason: reason.parse().ok(),
        reported_at: Timestamp::EPOCH,
        expires_at: Timestamp::EPOCH,
        alerts: Vec::new(),
    });
    let naming = naming(&decision, report.as_ref());
    assert_eq!((naming.origin, &*naming.scenario), expected);
}
