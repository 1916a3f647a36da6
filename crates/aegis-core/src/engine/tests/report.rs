//! What programs of this host report, and how they take it back.

use super::*;
use crate::{Action, Record, Report, ReportSource, Reported, engine::Notice};

/// Kept for a minute by everybody who says so.
const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn a_report_blocks_as_its_kind_deserves_and_longer_each_time() {
    let mut engine = engine();
    let mut now = NOW;
    for secs in [1800, 3600, 7200, 14_400, 28_800, 57_600, 86_400] {
        let (outcome, _) = report(&mut engine, now, by("sshd"));
        let expires_at = now + Duration::from_secs(secs);
        let is_new = true;
        assert_eq!(outcome, Ok(Reported { expires_at, is_new }));
        pass(&mut engine, expires_at);
        assert!(!is_blocked(&engine, ATTACKER));
        now = expires_at;
    }
}

#[test]
fn a_report_says_itself_how_bad_it_is_and_for_how_long() {
    let mut engine = engine();
    let asked = Report {
        severity: Severity::new(3),
        block_for: BlockDuration::from_secs(90),
        ..by("waf")
    };
    let (outcome, outputs) = report(&mut engine, NOW, asked);
    assert_eq!(outcome.unwrap().expires_at, NOW + Duration::from_secs(90));
    assert!(published(&outputs).is_empty(), "milder than severity_min");
    let decision = engine.blocks().next().unwrap().1[0].clone();
    assert_eq!(decision.severity.value(), 3);
}

#[test]
fn every_guard_holds_for_a_report_and_is_told() {
    let mut engine = engine();
    drop(order(&mut engine, NOW, allow("203.0.113.80/28")));
    for (indicator, code) in [
        ("127.0.0.1", "protected"),
        ("192.0.2.1", "protected"),
        ("192.0.2.10", "protected"),
        ("198.51.100.7", "protected"),
        ("203.0.113.82", "allowlisted"),
        ("0.0.0.0/0", "too_wide"),
    ] {
        let (outcome, outputs) = report(&mut engine, NOW, about(indicator, "sshd"));
        assert_eq!(outcome.unwrap_err().code(), code, "{indicator}");
        assert_eq!(refusals(&outputs), [code], "{indicator}");
        assert!(changes(&outputs).is_empty() && published(&outputs).is_empty());
    }
    let peer = report(&mut engine, NOW, about("198.51.100.99", "sshd")).0;
    assert_eq!(peer.unwrap().expires_at, NOW + MINUTE, "a configured peer");
}

#[test]
fn what_is_shared_says_nothing_but_what_and_how_bad() {
    let mut engine = engine();
    let secret = Report {
        reason: "user hunter2 from /var/log".parse().ok(),
        ..by("sshd")
    };
    let (_, outputs) = report(&mut engine, NOW, secret);
    let alerts = published(&outputs);
    assert_eq!(alerts.len(), 1);
    let said = alerts[0].statement();
    assert_eq!(
        (&said.description, said.evidence),
        (&None, Evidence::Verified)
    );
    assert_eq!(said.threat_type.as_str(), "brute_force");
    assert!(!format!("{:?}", alerts[0].wire()).contains("hunter2"));
}

#[test]
fn nothing_is_shared_unless_operator_and_source_want_it() {
    let quiet = Report {
        share: false,
        ..by("sshd")
    };
    assert!(published(&report(&mut engine(), NOW, quiet).1).is_empty());
    let mut silent = engine_with(Policy::default());
    assert!(published(&report(&mut silent, NOW, by("sshd")).1).is_empty());
    assert!(is_blocked(&silent, ATTACKER));
}

#[test]
fn what_is_said_again_is_no_further_violation_and_costs_nothing() {
    let mut engine = engine();
    drop(report(&mut engine, NOW, by("sshd")));
    for secs in 1..60 {
        let now = NOW + Duration::from_secs(secs);
        let (outcome, outputs) = report(&mut engine, now, by("sshd"));
        assert!(!outcome.unwrap().is_new);
        assert!(outputs.iter().all(|it| matches!(it, Output::Answer { .. })));
    }
    let later = NOW + Duration::from_secs(600);
    let (outcome, _) = report(&mut engine, later, by("sshd"));
    let expires_at = later + Duration::from_secs(1800);
    let is_new = true;
    assert_eq!(outcome, Ok(Reported { expires_at, is_new }), "extended");
    assert_eq!(
        engine
            .violations
            .count_of(later, &ATTACKER.parse().unwrap()),
        1
    );
}

#[test]
fn what_is_restored_is_no_news() {
    let mut engine = engine();
    let restored = Report {
        is_restored: true,
        block_for: BlockDuration::from_secs(100),
        ..by("fail2ban/sshd")
    };
    let (outcome, outputs) = report(&mut engine, NOW, restored.clone());
    assert!(outcome.is_ok() && published(&outputs).is_empty());
    assert_eq!(
        engine.violations.count_of(NOW, &ATTACKER.parse().unwrap()),
        0
    );
    let unblock = Command::Unblock {
        indicator: ATTACKER.parse().unwrap(),
        withdraw: false,
    };
    drop(order(&mut engine, NOW, unblock));
    let (outcome, _) = report(&mut engine, NOW, restored);
    assert_eq!(
        outcome,
        Err(Refusal::Unblocked),
        "the operator said something since"
    );
    assert!(
        report(&mut engine, NOW, by("fail2ban/sshd")).0.is_ok(),
        "seen again"
    );
}

#[test]
fn a_source_takes_back_what_it_said_and_nothing_else() {
    let mut engine = engine();
    detect(&mut engine, NOW, ATTACKER); // 10 minutes, by the kernel
    let hour = |source| Report {
        block_for: BlockDuration::from_secs(3600),
        ..by(source)
    };
    let two = |source| Report {
        block_for: BlockDuration::from_secs(7200),
        ..by(source)
    };
    drop(report(&mut engine, NOW, hour("waf")));
    drop(report(&mut engine, NOW, two("sshd")));
    assert_eq!(ends_in(&engine), Some(7200));
    assert_eq!(withdraw(&mut engine, "nobody").0, (false, true, 0));
    assert_eq!(ends_in(&engine), Some(7200));
    assert_eq!(withdraw(&mut engine, "sshd").0, (true, true, 0));
    assert_eq!(ends_in(&engine), Some(3600));
    let (reply, outputs) = withdraw(&mut engine, "waf");
    assert_eq!(reply, (true, true, 1), "with the alert that waf caused");
    assert_eq!(published(&outputs).len(), 1);
    assert_eq!(
        ends_in(&engine),
        Some(600),
        "the kernel's own finding stands"
    );
}

#[test]
fn a_source_that_was_alone_frees_the_indicator_and_tells_others() {
    let mut engine = engine();
    drop(report(&mut engine, NOW, by("fail2ban/sshd")));
    let (reply, outputs) = withdraw(&mut engine, "fail2ban/sshd");
    assert_eq!(reply, (true, false, 1));
    assert!(changes(&outputs).contains(&Change::Unblock(ATTACKER.parse().unwrap())));
    assert!(published(&outputs)[0].statement().withdraws.is_some());
    assert_eq!(withdraw(&mut engine, "fail2ban/sshd").0, (false, false, 0));
}

#[test]
fn the_operators_word_outlasts_a_source_that_takes_its_own_back() {
    let mut engine = engine();
    drop(report(&mut engine, NOW, by("sshd")));
    drop(order(&mut engine, NOW, block(ATTACKER, 300)));
    assert!(withdraw(&mut engine, "sshd").0.1);
    assert_eq!(ends_in(&engine), Some(300));
}

#[test]
fn what_others_tell_of_is_kept_as_long_as_one_source_says_so() {
    let mut engine = engine();
    drop(report(&mut engine, NOW, by("sshd")));
    drop(report(&mut engine, NOW, by("fail2ban/sshd")));
    assert_eq!(withdraw(&mut engine, "sshd").0, (true, true, 0));
    assert_eq!(withdraw(&mut engine, "fail2ban/sshd").0, (true, false, 1));
}

#[test]
fn the_source_is_named_wherever_one_asks() {
    let mut engine = engine();
    let told = Report {
        reason: "too many".parse().ok(),
        ..by("fail2ban/sshd")
    };
    let (_, outputs) = report(&mut engine, NOW, told);
    let audited = outputs.iter().any(|it| {
        matches!(it, Output::Persist(Record::Audit(it))
            if it.action == Action::Block && it.detail.ends_with(" source fail2ban/sshd"))
    });
    let happened = outputs.iter().any(|it| {
        matches!(it, Output::Persist(Record::Happened(it))
            if it.detail == "by fail2ban/sshd events 5 verified: too many")
    });
    let source: Option<ReportSource> = "fail2ban/sshd".parse().ok();
    let noticed = outputs.iter().any(
        |it| matches!(it, Output::Notify(Notice::Detected { source: by, .. }) if *by == source),
    );
    assert!(audited && happened && noticed, "{outputs:#?}");
    let why = engine.why(NOW, &ATTACKER.parse().unwrap());
    assert_eq!(Some(&why.reports[0].source), source.as_ref());
    assert_eq!(why.reports[0].events, 5);
}

#[test]
fn a_report_outlives_a_restart_and_can_be_taken_back_after_it() {
    let mut engine = engine();
    let (_, outputs) = report(&mut engine, NOW, by("sshd"));
    let mut restore = Restore::default();
    for output in &outputs {
        if let Output::Persist(Record::ReportKept(it)) = output {
            restore.reports = vec![it.clone()];
        } else if let Output::Persist(Record::DecisionMade(it)) = output {
            restore.decisions = vec![it.clone()];
        } else if let Output::Persist(Record::AlertAdded { alert, .. }) = output {
            restore.alerts.push((alert.clone(), NOW));
        }
    }
    let mut engine = engine_with(Policy {
        auto_publish: true,
        ..Policy::default()
    });
    engine.restore(NOW, restore);
    assert!(is_blocked(&engine, ATTACKER));
    assert_eq!(withdraw(&mut engine, "sshd").0, (true, false, 1));
}

#[test]
fn nothing_is_kept_of_reports_whose_block_is_over() {
    let mut engine = engine();
    drop(report(&mut engine, NOW, by("sshd")));
    let outputs = pass(&mut engine, NOW + Duration::from_secs(1800));
    let indicator = ATTACKER.parse().unwrap();
    assert!(outputs.contains(&Output::Persist(Record::ReportsEnded(indicator))));
    assert!(engine.reports.of(&indicator).is_empty());
}

fn by(source: &str) -> Report {
    about(ATTACKER, source)
}

fn about(indicator: &str, source: &str) -> Report {
    Report {
        indicator: indicator.parse().unwrap(),
        threat_type: "brute_force".parse().unwrap(),
        severity: None,
        block_for: None,
        evidence: Evidence::Verified,
        source: source.parse().unwrap(),
        events: 5,
        reason: None,
        share: true,
        is_restored: false,
    }
}

fn report(
    engine: &mut Engine,
    now: Timestamp,
    report: Report,
) -> (Result<Reported, Refusal>, Vec<Output>) {
    let (reply, outputs) = order(engine, now, Command::Report(vec![report]));
    let Ok(Reply::Reported(mut outcomes)) = reply else {
        panic!("{reply:?}");
    };
    (outcomes.remove(0), outputs)
}

fn withdraw(engine: &mut Engine, source: &str) -> ((bool, bool, usize), Vec<Output>) {
    let (indicator, source) = (ATTACKER.parse().unwrap(), source.parse().unwrap());
    let command = Command::WithdrawReport { indicator, source };
    let (reply, outputs) = order(engine, NOW, command);
    let Ok(Reply::ReportWithdrawn {
        was_reported,
        is_blocked,
        withdrawn,
    }) = reply
    else {
        panic!("{reply:?}");
    };
    ((was_reported, is_blocked, withdrawn), outputs)
}

fn ends_in(engine: &Engine) -> Option<u64> {
    let checked = engine.check(&ATTACKER.parse().unwrap());
    checked.map(|it| it.expires_at.since(NOW).as_secs())
}

fn allow(indicator: &str) -> Command {
    let indicator = indicator.parse().unwrap();
    Command::Allow {
        indicator,
        allow_for: None,
        comment: None,
    }
}
