//! What a person reads of what the node reads, and of who asks it.

use aegis_api::{LogKind, Timestamp};

use super::*;

const T0: Timestamp = Timestamp::from_secs(1_795_176_000);

fn source(lines: u64, problem: Option<&str>) -> LogSource {
    LogSource {
        path: "/var/log/auth.log".into(),
        kind: LogKind::Auth,
        lines,
        last_at: (lines > 0).then_some(T0),
        problem: problem.map(str::to_owned),
    }
}

fn bouncer(program: &str, cuts_prefixes: bool) -> Bouncer {
    Bouncer {
        name: "edge".into(),
        address: "192.0.2.1".parse().expect("an address"),
        program: program.into(),
        last_at: T0,
        cuts_prefixes,
    }
}

#[track_caller]
fn says(checks: &[Check], expected: &[(State, &str)]) {
    let said: Vec<_> = checks
        .iter()
        .map(|it| (it.state, it.detail.as_str()))
        .collect();
    assert_eq!(said, expected);
    for it in checks {
        assert_eq!(it.fix.is_some(), it.state == State::Warn);
    }
}

#[test]
fn each_log_is_told_and_what_keeps_it_from_being_read() {
    let logs = [
        source(3, None),
        source(0, None),
        source(3, Some("it is gone")),
    ];
    says(
        &read(&logs),
        &[
            (
                State::Ok,
                "/var/log/auth.log (auth): 3 lines read, the last at 2026-11-20T12:00:00Z",
            ),
            (
                State::Ok,
                "/var/log/auth.log (auth): nothing written since the node started",
            ),
            (
                State::Warn,
                "/var/log/auth.log (auth) cannot be read: it is gone",
            ),
        ],
    );
    let none = "no log is read: none of those configured is there, or may be looked for";
    says(&read(&[]), &[(State::Warn, none)]);
}

#[test]
fn a_bouncer_that_cuts_prefixes_is_warned_of() {
    let mut lapi = LapiState {
        url: "http://127.0.0.1:8080".into(),
        bouncers: vec![bouncer("crowdsec-nginx-bouncer/v1", false)],
    };
    let served = "CrowdSec's programs are answered at http://127.0.0.1:8080: 1 bouncer has polled";
    says(&asked(&lapi), &[(State::Ok, served)]);
    lapi.bouncers
        .push(bouncer("crowdsec-firewall-bouncer/v0.0.25", true));
    let served =
        "CrowdSec's programs are answered at http://127.0.0.1:8080: 2 bouncers have polled";
    let cuts = "the bouncer edge at 192.0.2.1 (crowdsec-firewall-bouncer/v0.0.25) blocks one address \
                of a prefix";
    says(&asked(&lapi), &[(State::Ok, served), (State::Warn, cuts)]);
}

#[test]
fn each_feed_is_told_and_what_is_to_be_done_about_it() {
    let feed = |alarms: &[&str], problem: Option<&str>| FeedLine {
        name: "drop".into(),
        kind: "drop".into(),
        url: "https://lists.example/".into(),
        interval_secs: 3_600,
        trust: 100,
        key_file: None,
        terms: None,
        attribution: None,
        made_at: None,
        under_way: false,
        tried_at: Some(T0),
        succeeded_at: Some(T0),
        next_at: T0,
        failures: 0,
        problem: problem.map(str::to_owned),
        alarms: alarms.iter().map(|it| (*it).to_owned()).collect(),
        last: None,
    };
    let checks = [
        super::feed(&feed(&[], None)),
        super::feed(&feed(&["shrunk"], None)),
        super::feed(&feed(&["unauthorised", "stale"], Some("status 401"))),
        super::feed(&feed(&["failing"], Some("refused"))),
    ];
    let at = "fetched at 2026-11-20T12:00:00Z";
    says(
        &checks,
        &[
            (State::Ok, &format!("drop: {at}, 0 of it blocked")),
            (State::Warn, &format!("drop is shrunk, {at}")),
            (
                State::Warn,
                &format!("drop is unauthorised and stale, {at}: status 401"),
            ),
            (State::Warn, &format!("drop is failing, {at}: refused")),
        ],
    );
    for (check, fix) in checks[1..].iter().zip(["--accept", "key", "feed remove"]) {
        assert!(
            check.fix.as_deref().is_some_and(|it| it.contains(fix)),
            "{check:?}"
        );
    }
}
