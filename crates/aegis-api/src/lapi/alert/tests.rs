//! Tests of reading what agents send.

use std::time::Duration;

use super::{IncomingAlert, Unusable, Wanted, parse_alerts};

/// As an agent of version 1.4.6 sends it.
const AGENT: &str = r#"[{"capacity":5,"decisions":null,"events":[{"meta":[{"key":"service","value":"ssh"}],
    "timestamp":"2026-11-20T17:34:26Z"}],"events_count":6,"labels":null,"leakspeed":"10s",
    "message":"Ip 203.0.113.7 performed 'crowdsecurity/ssh-bf'","remediation":true,
    "scenario":"crowdsecurity/ssh-bf","scenario_hash":"4441","scenario_version":"0.1","simulated":false,
    "source":{"as_name":"","cn":"","ip":"203.0.113.7","latitude":0,"longitude":0,"range":"",
    "scope":"Ip","value":"203.0.113.7"},"start_at":"2026-11-20T17:34:20.5Z",
    "stop_at":"2026-11-20 17:34:26 +0000 UTC"}]"#;

#[test]
fn an_agent_s_alert_without_decisions_leaves_them_to_this_node() {
    let mut alert = one(AGENT);
    assert_eq!(alert.events_count, 6);
    assert!(alert.started_at.is_some() && alert.stopped_at.is_some());
    let [wanted] = &alert.wanted()[..] else {
        panic!("one block is asked for");
    };
    assert_eq!(
        wanted.indicator,
        "203.0.113.7".parse().map_err(|_| Unusable::Value)
    );
    assert_eq!((wanted.block_for, wanted.origin), (None, "crowdsec"));
    assert_eq!(&*wanted.scenario, "crowdsecurity/ssh-bf");
}

#[test]
fn what_is_simulated_or_wants_nothing_asks_for_nothing() {
    let simulated = AGENT.replace("\"simulated\":false", "\"simulated\":true");
    assert!(one(&simulated).wanted().is_empty());
    let quiet = AGENT.replace("\"remediation\":true", "\"remediation\":false");
    assert!(one(&quiet).wanted().is_empty());
    let tried_out = r#"[{"decisions":[{"value":"203.0.113.7","simulated":true}]}]"#;
    assert!(one(tried_out).wanted().is_empty());
}

#[test]
fn decisions_are_what_they_say_or_say_why_they_cannot_be() {
    let wanted = decisions(
        r#"{"duration":"4h","origin":"cscli","scenario":"x","scope":"Ip","type":"ban","value":"203.0.113.7"},
        {"duration":"1h","scope":"rAnGe","type":"Ban","value":"203.0.113.0/24"},
        {"duration":"4h","scope":"Country","type":"ban","value":"FR"},
        {"duration":"4h","scope":"Ip","type":"captcha","value":"203.0.113.7"},
        {"duration":"soon","scope":"Ip","type":"ban","value":"203.0.113.7"},
        {"duration":"4h","scope":"Ip","type":"ban","value":"nobody"},
        {}"#,
    );
    let found: Vec<_> = wanted.iter().map(|it| it.indicator.err()).collect();
    assert_eq!(
        found,
        [
            None,
            None,
            Some(Unusable::Scope),
            Some(Unusable::Type),
            Some(Unusable::Duration),
            Some(Unusable::Value),
            Some(Unusable::Value),
        ]
    );
    assert_eq!(wanted[0].block_for, Some(Duration::from_secs(14_400)));
    assert_eq!((wanted[0].origin, wanted[1].origin), ("cscli", "crowdsec"));
}

#[test]
fn what_cannot_be_read_is_an_error_and_long_texts_are_cut() {
    for body in [
        "",
        "{}",
        "[1]",
        "[{\"decisions\":{}}]",
        "[{\"scenario\":7}]",
    ] {
        assert!(parse_alerts(body.as_bytes()).is_err(), "{body}");
    }
    let many = format!("[{}{{}}]", "{},".repeat(10_000));
    assert!(parse_alerts(many.as_bytes()).is_err());
    let long = format!("[{{\"scenario\":\"{}\"}}]", "ä".repeat(1_000));
    assert_eq!(one(&long).scenario.len(), 512);
}

fn decisions(list: &str) -> Vec<Wanted> {
    one(&format!("[{{\"decisions\":[{list}]}}]")).wanted()
}

#[track_caller]
fn one(body: &str) -> IncomingAlert {
    let mut alerts = parse_alerts(body.as_bytes()).expect("it can be read");
    assert_eq!(alerts.len(), 1);
    alerts.remove(0)
}
