//! Tests that lines are played as what they were, the oldest first, and what is missing is told.

use aegis_api::HistoryId;

use super::*;

const T0: Timestamp = Timestamp::from_secs(1_800_000_000);
const PEER: &str = "peer:12D3KooWARdq2qmoWawXfhkzZHgcPg2hgkwT6GFrzGMvuQZHcwdJ";

fn line(kind: HistoryKind, actor: &str, detail: &str) -> HistoryLine {
    HistoryLine {
        id: HistoryId { at: T0, seq: 1 },
        at: T0,
        kind,
        actor: actor.to_owned(),
        indicator: Some("203.0.113.7".parse().expect("an indicator")),
        threat_type: Some(ThreatType::syn_flood()),
        severity: Some(7),
        until: Some(T0 + Duration::from_secs(600)),
        detail: detail.to_owned(),
        location: None,
    }
}

#[test]
fn detections_alerts_and_orders_are_played() {
    let lines = [
        line(HistoryKind::Blocked, "user:1000", ""),
        line(HistoryKind::Alert, PEER, "accepted 00"),
        line(HistoryKind::Detected, "detector", "300/s spoofable"),
    ];
    let told = past(&lines, &[]);
    let [
        (_, Past::Detected(detection)),
        (_, Past::Heard { statement, .. }),
        (_, order),
    ] = &told.past[..]
    else {
        panic!("{:?}", told.past);
    };
    assert_eq!(
        (detection.rate, detection.evidence),
        (300, Evidence::Spoofable)
    );
    assert_eq!(statement.block_for.as_secs(), 600);
    let Past::Ordered {
        user: Operator::User(1000),
        command:
            Command::Block {
                subject,
                publish: false,
                ..
            },
    } = order
    else {
        panic!("{order:?}");
    };
    assert_eq!(subject.block_for.as_secs(), 600);
    assert_eq!(told.unknown.len(), 3);
    assert!(told.left_out.is_empty());
}

#[test]
fn a_decision_is_not_played_beside_what_it_came_from() {
    let lines = [
        line(HistoryKind::Ended, "node", "expired"),
        line(HistoryKind::Blocked, "detector", ""),
        line(HistoryKind::Blocked, PEER, "alert 00"),
        line(HistoryKind::Started, "node", ""),
    ];
    let told = past(&lines, &[]);
    assert!(told.past.is_empty() && told.left_out.is_empty());
}

#[test]
fn what_cannot_be_played_is_counted() {
    let broken = HistoryLine {
        indicator: None,
        ..line(HistoryKind::Alert, PEER, "accepted 00")
    };
    let lines = [
        line(HistoryKind::Answer, PEER, "score 1.00"),
        line(HistoryKind::Answer, PEER, "score 1.00"),
        broken,
        line(HistoryKind::Detected, "detector", "much/s spoofable"),
    ];
    let told = past(&lines, &[]);
    assert!(told.past.is_empty());
    let counts: Vec<usize> = told.left_out.values().copied().collect();
    assert_eq!(counts, [1, 2, 1], "{:?}", told.left_out);
}

#[test]
fn what_was_allowed_before_stood_all_the_time() {
    let entry = |added_at| AllowEntry {
        indicator: "203.0.113.7".parse().expect("an indicator"),
        added_at,
        expires_at: None,
        ttl_secs: None,
        comment: None,
    };
    let lines = [line(HistoryKind::Detected, "detector", "300/s verified")];
    let entries = [entry(T0 - Duration::from_secs(9)), entry(T0)];
    let told = past(&lines, &entries);
    assert_eq!(told.past.len(), 2);
    assert!(matches!(
        told.past[0].1,
        Past::Ordered {
            command: Command::Allow { .. },
            ..
        }
    ));
}
