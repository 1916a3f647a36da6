//! Sources are kept apart, and within bounds.

use std::time::Duration;

use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

#[test]
fn a_source_has_a_plain_name() {
    for good in [
        "sshd",
        "fail2ban/sshd",
        "crowdsec/agent-1@host:8080",
        "W.a_f",
    ] {
        assert_eq!(good.parse::<ReportSource>().unwrap().as_str(), good);
    }
    let long = "a".repeat(65);
    for bad in ["", "a b", "a\n", "ä", "a;b", "$(id)", long.as_str()] {
        assert_eq!(
            bad.parse::<ReportSource>(),
            Err(InvalidReportSource),
            "{bad}"
        );
    }
}

#[test]
fn each_source_has_one_word_about_an_indicator() {
    let mut reports = Reports::default();
    reports.keep(kept("sshd", 60));
    reports.keep(kept("waf", 30));
    reports.keep(kept("sshd", 90));
    let of = |reports: &Reports| -> Vec<String> {
        let kept = reports.of(&indicator()).iter();
        kept.map(|it| it.source.to_string()).collect()
    };
    assert_eq!(of(&reports), ["sshd", "waf"]);
    assert!(reports.remove(&indicator(), &source("sshd")).is_some());
    assert!(reports.remove(&indicator(), &source("sshd")).is_none());
    assert_eq!(of(&reports), ["waf"]);
}

#[test]
fn of_too_many_sources_the_one_that_ends_first_gives_way() {
    let mut reports = Reports::default();
    for secs in 1..=8 {
        assert_eq!(reports.keep(kept(&format!("s{secs}"), 100 - secs)), None);
    }
    let gone = reports.keep(kept("late", 100)).unwrap();
    assert_eq!(gone.source, source("s8"));
    assert_eq!(reports.of(&indicator()).len(), SOURCES_PER_INDICATOR_MAX);
}

#[test]
fn a_source_that_floods_is_stopped_and_others_are_not() {
    let mut reports = Reports::default();
    let admitted = |reports: &mut Reports, name: &str| {
        (0..REPORT_BURST + 10)
            .filter(|_| reports.admit(NOW, &source(name)))
            .count()
    };
    assert_eq!(admitted(&mut reports, "loud"), REPORT_BURST as usize);
    assert!(reports.admit(NOW, &source("quiet")));
    for it in 0..1_000 {
        reports.admit(NOW, &source(&format!("many{it}")));
    }
    assert_eq!(reports.rates.len(), SOURCES_MAX);
}

#[test]
fn the_newest_alerts_of_a_report_are_remembered() {
    let mut report = kept("sshd", 60);
    report.add_alerts((0..20).map(|it| AlertId::from_bytes([it; 16])));
    assert_eq!(report.alerts.len(), ALERTS_PER_REPORT_MAX);
    assert_eq!(report.alerts.last(), Some(&AlertId::from_bytes([19; 16])));
}

fn indicator() -> Indicator {
    "203.0.113.7".parse().unwrap()
}

fn source(name: &str) -> ReportSource {
    name.parse().unwrap()
}

fn kept(name: &str, secs: u64) -> KeptReport {
    KeptReport {
        indicator: indicator(),
        source: source(name),
        threat_type: "brute_force".parse().unwrap(),
        severity: Severity::MEDIUM,
        evidence: Evidence::Verified,
        events: 1,
        reason: None,
        reported_at: NOW,
        expires_at: NOW + Duration::from_secs(secs),
        alerts: Vec::new(),
    }
}
