//! Nothing comes back after its time, and nothing goes before it.

use std::{path::Path, time::Duration};

use aegis_core::{AllowEntry, BlockDuration, Record, Timestamp};
use aegis_store::Store;
use rusqlite::Connection;

use crate::fixture::{HOUR, NOW, allow_entry, audited, one_of_each, place};

const TICK: Duration = Duration::from_millis(1);

#[test]
fn each_kind_lives_to_its_last_tick() {
    check(NOW + HOUR - TICK, [1, 1, 1, 1, 1]);
    check(NOW + HOUR, [1, 0, 1, 0, 1]);
    check(NOW + BlockDuration::MAX.into() - TICK, [1, 0, 1, 0, 1]);
    check(NOW + BlockDuration::MAX.into(), [0, 0, 1, 0, 1]);
}

#[test]
fn an_allow_entry_with_an_end_ends() {
    let mut store = Store::in_memory().unwrap();
    let entry = AllowEntry {
        expires_at: Some(NOW + HOUR),
        ..allow_entry(1)
    };
    store.apply(&[Record::Allowed(entry.clone())]).unwrap();
    assert_eq!(store.load(NOW + HOUR - TICK).unwrap().allowlist, [entry]);
    assert_eq!(store.load(NOW + HOUR).unwrap().allowlist, []);
}

#[test]
fn what_is_over_leaves_the_file_by_load_and_by_prune() {
    let (_directory, path) = place();
    let mut store = Store::open(&path).unwrap();
    store.apply(&one_of_each()).unwrap();
    store.load(NOW + HOUR).unwrap();
    drop(store);
    assert_eq!(rows(&path), [1, 0, 1, 0, 1]);
    let mut store = Store::open(&path).unwrap();
    store.prune(NOW + BlockDuration::MAX.into()).unwrap();
    drop(store);
    assert_eq!(rows(&path), [0, 0, 1, 0, 1]);
}

#[test]
fn pruning_leaves_the_audit_log_alone() {
    let mut store = Store::in_memory().unwrap();
    store.apply(&[audited(1), audited(2)]).unwrap();
    store.prune(Timestamp::from_millis(u64::MAX)).unwrap();
    let report = store.audit_verify().unwrap();
    assert_eq!((report.rows, report.fault), (2, None));
}

#[track_caller]
fn check(now: Timestamp, alive: [usize; 5]) {
    let mut store = Store::in_memory().unwrap();
    store.apply(&one_of_each()).unwrap();
    let snapshot = store.load(now).unwrap();
    let found = [
        snapshot.alerts.len(),
        snapshot.decisions.len(),
        snapshot.allowlist.len(),
        snapshot.unblocks.len(),
        snapshot.peers.len(),
    ];
    assert_eq!(found, alive, "{snapshot:?}");
}

fn rows(path: &Path) -> [i64; 5] {
    let connection = Connection::open(path).unwrap();
    ["alert", "decision", "allowed", "unblocked", "peer"].map(|table| {
        let sql = format!("SELECT count(*) FROM {table}");
        connection.query_row(&sql, [], |row| row.get(0)).unwrap()
    })
}
