//! What is written down for people who ask later.

use super::*;
use crate::{HistoryEntry, HistoryKind};

fn history(outputs: &[Output]) -> Vec<HistoryEntry> {
    let entries = outputs.iter().filter_map(|it| {
        let Output::Persist(Record::Happened(entry)) = it else {
            return None;
        };
        Some(entry.clone())
    });
    entries.collect()
}

#[track_caller]
fn check(outputs: &[Output], expected: &[(HistoryKind, Actor, &str)]) {
    let found: Vec<_> = history(outputs)
        .into_iter()
        .map(|it| (it.kind, it.actor, it.detail))
        .collect();
    let expected: Vec<_> = expected
        .iter()
        .map(|(kind, actor, detail)| (*kind, actor.clone(), (*detail).to_owned()))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn a_detection_its_block_and_its_alert_are_kept_with_what_they_say() {
    let mut engine = engine();
    let outputs = detect(&mut engine, NOW, ATTACKER);
    let alert = published(&outputs).pop().expect("it is shared");
    let (rate, shared) = (
        &history(&outputs)[0].detail,
        format!("alert {}", alert.id()),
    );
    assert!(rate.contains("/s "), "{rate}");
    check(
        &outputs,
        &[
            (HistoryKind::Detected, Actor::Detector, rate),
            (HistoryKind::Blocked, Actor::Detector, ""),
            (HistoryKind::Published, Actor::Detector, &shared),
        ],
    );
    for entry in history(&outputs) {
        assert_eq!(entry.at, NOW);
        assert_eq!(entry.indicator, ATTACKER.parse().ok());
        assert!(entry.threat_type.is_some() && entry.severity.is_some());
    }
}

#[test]
fn an_accepted_alert_is_kept_and_a_strangers_refused_one_is_not() {
    let mut engine = engine();
    let configured = NodeId::from_public_key([4; 32]);
    connect(&mut engine, configured, PeerClass::Configured);
    let outputs = hear(&mut engine, configured, statement(ATTACKER));
    let kinds: Vec<_> = history(&outputs)
        .into_iter()
        .map(|it| (it.kind, it.actor))
        .collect();
    let by = Actor::Peer(configured);
    assert_eq!(
        kinds,
        [(HistoryKind::Blocked, by.clone()), (HistoryKind::Alert, by)]
    );
    connect(&mut engine, STRANGER, PeerClass::Dht);
    let outputs = hear(&mut engine, STRANGER, statement("203.0.113.200"));
    assert_eq!(refusals(&outputs).len(), 1);
    check(&outputs, &[]);
}

#[test]
fn a_block_ends_with_its_reason_and_an_order_with_who_gave_it() {
    let mut engine = engine();
    let user = Actor::User(0);
    let allow = |comment: &str| Command::Allow {
        indicator: ATTACKER.parse().expect("an address"),
        allow_for: None,
        comment: comment.parse().ok(),
    };
    order(&mut engine, NOW, block(ATTACKER, 60))
        .0
        .expect("blocks");
    let unblock = Command::Unblock {
        indicator: ATTACKER.parse().expect("an address"),
        withdraw: false,
    };
    let (_, outputs) = order(&mut engine, NOW, unblock);
    check(
        &outputs,
        &[
            (HistoryKind::Unblocked, user.clone(), ""),
            (HistoryKind::Ended, Actor::Node, "operator"),
        ],
    );
    order(&mut engine, NOW, block(ATTACKER, 60))
        .0
        .expect("blocks");
    let outputs = pass(&mut engine, NOW + Duration::from_secs(61));
    check(&outputs, &[(HistoryKind::Ended, Actor::Node, "expired")]);
    order(&mut engine, NOW, block(ATTACKER, 60))
        .0
        .expect("blocks");
    let (_, outputs) = order(&mut engine, NOW, allow("the office"));
    check(
        &outputs,
        &[
            (HistoryKind::Allowed, user.clone(), "the office"),
            (HistoryKind::Ended, Actor::Node, "exempted"),
        ],
    );
    let indicator = ATTACKER.parse().expect("an address");
    let (_, outputs) = order(&mut engine, NOW, Command::Disallow(indicator));
    check(&outputs, &[(HistoryKind::Disallowed, user, "")]);
}
