//! A row that says nonsense costs itself and is counted; everything else comes back.

use std::path::Path;

use aegis_core::{Record, Snapshot};
use aegis_store::Store;
use rusqlite::Connection;

use crate::fixture::{NOW, alert_added, allow_entry, decision, peer, place, unblock};

#[test]
fn corrupt_alerts_are_skipped() {
    for edit in [
        "wire = x'00'",
        "wire = zeroblob(4097)",
        "id = zeroblob(16)",
        "id = x'00'",
        "received_at = -1",
    ] {
        check("alert", edit);
    }
}

#[test]
fn corrupt_decisions_are_skipped() {
    for edit in [
        "indicator = '203.0.113'",
        "indicator = ''",
        "origin = 'nobody'",
        "author = zeroblob(31)",
        "alert = zeroblob(17)",
        "threat_type = 'SYN flood'",
        "threat_type = ''",
        "severity = 0",
        "severity = 11",
        "severity = 300",
        "evidence = 'rumour'",
        "decided_at = -1",
    ] {
        check("decision", edit);
    }
}

#[test]
fn corrupt_allow_entries_unblocks_and_peers_are_skipped() {
    check("allowed", "indicator = '203.0.113.0/33'");
    check("allowed", "added_at = -5");
    check("allowed", "comment = 'two' || char(10) || 'lines'");
    check("unblocked", "indicator = 'localhost'");
    check("unblocked", "unblocked_at = -5");
    check("peer", "peer = x''");
    check("peer", "class = 'friend'");
    check("peer", "address = printf('%257s', 'x')");
    check("peer", "first_seen_at = -5");
}

/// Makes `edit` in one of the two rows that `table` has and expects the other one back.
#[track_caller]
fn check(table: &str, edit: &str) {
    let (_directory, path) = place();
    Store::open(&path).unwrap().apply(&two_of_each()).unwrap();
    let edit = format!("UPDATE {table} SET {edit} WHERE {}", first(table));
    Connection::open(&path).unwrap().execute(&edit, []).unwrap();
    let store = Store::open(&path).unwrap();
    let found = counts(&store.load(NOW).unwrap());
    let expected = ["alert", "decision", "allowed", "unblocked", "peer"]
        .map(|it| if it == table { 1 } else { 2 });
    assert_eq!((found, store.corrupt_rows()), (expected, 1), "{edit}");
    still_writes(&path, store);
}

/// A corrupt row must not stand in the way of a good one.
#[track_caller]
fn still_writes(path: &Path, mut store: Store) {
    store.apply(&[alert_added(77)]).unwrap();
    drop(store);
    let alerts = Store::open(path).unwrap().load(NOW).unwrap().alerts;
    assert!(alerts.iter().any(|(wire, _)| wire[..] == *b"alert 77"));
}

fn first(table: &str) -> &'static str {
    match table {
        "alert" => "wire = CAST('alert 1' AS BLOB)",
        "peer" => "address = '/ip4/192.0.2.1/tcp/9001'",
        _ => "indicator = '203.0.113.1'",
    }
}

fn two_of_each() -> Vec<Record> {
    [1, 2]
        .into_iter()
        .flat_map(|it| {
            [
                alert_added(it),
                Record::DecisionMade(decision(it)),
                Record::Allowed(allow_entry(it)),
                Record::Unblocked(unblock(it)),
                Record::PeerSeen(peer(it as u8)),
            ]
        })
        .collect()
}

fn counts(snapshot: &Snapshot) -> [usize; 5] {
    [
        snapshot.alerts.len(),
        snapshot.decisions.len(),
        snapshot.allowlist.len(),
        snapshot.unblocks.len(),
        snapshot.peers.len(),
    ]
}
