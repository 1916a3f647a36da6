//! What is written without waiting for the disk, and brought to it by another thread.

use std::{fs, os::unix::fs::MetadataExt, thread};

use aegis_core::Timestamp;
use aegis_store::Store;

use crate::fixture::{alert_added, place};

/// Enough to move the log into the file several times over.
const ALERTS: u32 = 20_000;

#[test]
fn the_log_that_is_synced_stays_the_log_that_is_written() {
    let (_directory, path) = place();
    let mut store = Store::open(&path).unwrap();
    store.load(Timestamp::EPOCH).unwrap();
    let syncer = store.syncer().unwrap().unwrap();
    let log = || {
        let file = format!("{}-wal", path.display());
        let log = fs::metadata(file).unwrap();
        (log.dev(), log.ino())
    };
    let before = log();
    for number in (0..ALERTS).step_by(500) {
        let records: Vec<_> = (number..number + 500).map(alert_added).collect();
        store.apply_unsynced(&records).unwrap();
    }
    assert_eq!(log(), before, "another file would be synced in vain");
    thread::spawn(move || syncer.sync().unwrap())
        .join()
        .unwrap();
    drop(store);
    let snapshot = Store::open(&path).unwrap().load(Timestamp::EPOCH).unwrap();
    assert_eq!(snapshot.alerts.len(), ALERTS as usize);
}

#[test]
fn a_store_in_memory_has_nothing_to_sync() {
    assert!(Store::in_memory().unwrap().syncer().unwrap().is_none());
}
