//! Attacks as their logs tell of them, and what is none.

use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_795_176_005); // 2026-11-20T12:00:05Z
const ATTACKER: &str = "203.0.113.7";

#[test]
fn five_failed_logins_are_a_brute_force() {
    let mut detector = Detector::default();
    for port in 1..5 {
        let verdict = ssh(&mut detector, &failed("root", port));
        assert!(
            matches!(verdict, Verdict::Counted { events, of: 5, .. } if events == u32::from(port))
        );
    }
    let attack = Verdict::Attack {
        indicator: ATTACKER.parse().unwrap(),
        rule: Rule::SshBruteForce,
        events: 5,
    };
    assert_eq!(ssh(&mut detector, &failed("root", 5)), attack);
}

#[test]
fn one_attempt_is_counted_once_whatever_the_server_says_of_it() {
    let mut detector = Detector::default();
    let again = |verdict| {
        matches!(
            verdict,
            Verdict::Passed {
                why: Why::Again,
                ..
            }
        )
    };
    let first = ssh(&mut detector, "Invalid user a from 203.0.113.7 port 9");
    assert!(matches!(first, Verdict::Counted { events: 1, .. }));
    assert!(again(ssh(&mut detector, &failed("invalid user a", 9))));
    let second = ssh(&mut detector, &failed("invalid user a", 9));
    assert!(
        matches!(second, Verdict::Counted { events: 2, .. }),
        "another password"
    );
    let end = "Connection closed by invalid user a 203.0.113.7 port 9 [preauth]";
    assert!(again(ssh(&mut detector, end)));
}

#[test]
fn who_is_logged_in_after_all_is_forgiven_and_told() {
    let mut detector = Detector::default();
    for port in 1..5 {
        ssh(&mut detector, &failed("root", port));
    }
    let verdict = ssh(
        &mut detector,
        "Accepted publickey for root from 203.0.113.7 port 9 ssh2",
    );
    let source = ATTACKER.parse().unwrap();
    assert_eq!(verdict, Verdict::LoggedIn { source, at: NOW });
    let verdict = ssh(&mut detector, &failed("root", 10));
    assert!(matches!(verdict, Verdict::Counted { events: 1, .. }));
}

#[test]
fn what_is_old_is_held_against_nobody() {
    let mut detector = Detector::default();
    let stale = |verdict: &Verdict| {
        matches!(
            verdict,
            Verdict::Passed {
                why: Why::Stale,
                ..
            }
        )
    };
    let line = failed("root", 1);
    for (secs, is_stale) in [(0, false), (600, false), (601, true), (86_400, true)] {
        let at = NOW - Duration::from_secs(secs);
        let verdict = detector.take(NOW, Line::Sshd(at, line.as_bytes()));
        assert_eq!(stale(&verdict[0]), is_stale, "{secs}");
    }
    let future = NOW + Duration::from_secs(301);
    assert!(stale(
        &detector.take(NOW, Line::Sshd(future, line.as_bytes()))[0]
    ));
    let syslog = format!("Nov 20 11:40:00 host sshd[1]: {line}");
    assert!(stale(
        &detector.take(NOW, Line::Syslog(syslog.as_bytes(), 0))[0]
    ));
}

#[test]
fn only_the_servers_own_lines_count() {
    let mut detector = Detector::default();
    let said = failed("root", 1);
    for (program, counts) in [("sshd", true), ("sshd-session", true), ("root", false)] {
        let line = format!("Nov 20 12:00:00 host {program}[1]: {said}");
        let verdict = detector.take(NOW, Line::Syslog(line.as_bytes(), 0));
        assert_eq!(verdict[0] != Verdict::Nothing, counts, "{program}");
    }
    let quoted = format!("Nov 20 12:00:00 host cron[1]: sshd[1]: {said}");
    let verdict = detector.take(NOW, Line::Syslog(quoted.as_bytes(), 0));
    assert_eq!(verdict, [Verdict::Nothing]);
}

#[test]
fn scans_of_a_web_server_are_counted_by_what_they_are() {
    let mut detector = Detector::default();
    let rules = |verdicts: Vec<Verdict>| -> Vec<(Rule, bool)> {
        let of = |it: &Verdict| match it {
            Verdict::Counted { rule, .. } => Some((*rule, false)),
            Verdict::Attack { rule, .. } => Some((*rule, true)),
            Verdict::Nothing
            | Verdict::Passed { .. }
            | Verdict::Alerted { .. }
            | Verdict::LoggedIn { .. } => None,
        };
        verdicts.iter().filter_map(of).collect()
    };
    let traversal = "GET /../../etc/passwd HTTP/1.1";
    let first = rules(web(&mut detector, traversal, 404));
    assert_eq!(
        first,
        [(Rule::PathTraversal, false), (Rule::ErrorStorm, false)]
    );
    let second = rules(web(&mut detector, traversal, 404));
    assert_eq!(
        second,
        [(Rule::PathTraversal, true), (Rule::ErrorStorm, false)]
    );
    assert_eq!(rules(web(&mut detector, "GET / HTTP/1.1", 200)), []);
}

#[test]
fn a_proxy_is_never_reported_and_a_rule_can_be_turned_off() {
    let off = Threshold {
        events: 0,
        within: Duration::from_secs(1),
    };
    let mut detector = Detector::new(DetectorConfig {
        thresholds: [(Rule::PathTraversal, off)].into(),
        behind_proxy: vec!["203.0.113.0/29".parse().unwrap()],
        ..DetectorConfig::default()
    });
    let verdicts = web(&mut detector, "GET /nothing HTTP/1.1", 404);
    assert!(matches!(
        verdicts[0],
        Verdict::Passed {
            why: Why::Proxy,
            ..
        }
    ));
    detector.config.behind_proxy.clear();
    let verdicts = web(&mut detector, "GET /../../x HTTP/1.1", 200);
    assert!(matches!(verdicts[0], Verdict::Passed { why: Why::Off, .. }));
}

#[test]
fn every_rule_has_a_kind_and_a_name_of_its_own() {
    let names: std::collections::BTreeSet<&str> = Rule::ALL.iter().map(|it| it.as_str()).collect();
    assert_eq!(names.len(), Rule::ALL.len());
    for rule in Rule::ALL {
        assert!(!rule.threat_type().as_str().is_empty() && rule.default_threshold().events >= 1);
    }
}

fn failed(user: &str, port: u16) -> String {
    format!("Failed password for {user} from {ATTACKER} port {port} ssh2")
}

fn ssh(detector: &mut Detector, message: &str) -> Verdict {
    detector
        .take(NOW, Line::Sshd(NOW, message.as_bytes()))
        .remove(0)
}

fn web(detector: &mut Detector, request: &str, status: u16) -> Vec<Verdict> {
    let line = format!("{ATTACKER} - - [20/Nov/2026:12:00:00 +0000] \"{request}\" {status} 1");
    detector.take(NOW, Line::Access(line.as_bytes(), AccessFormat::Auto))
}
