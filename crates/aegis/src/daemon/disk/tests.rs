//! Tests of the thread that waits for the disk.

use std::{fs, net::Ipv4Addr};

use aegis_core::{Indicator, Record, Timestamp, Unblock};
use aegis_store::Store;

use super::*;

const BOUNDS: HistoryBounds = HistoryBounds {
    keep_for: Duration::from_secs(86_400),
    rows_max: 1000,
    bytes_max: 1_000_000,
};

#[tokio::test]
async fn one_sync_covers_everything_written_before_it_was_asked_for() {
    let (mut disk, mut done_rx) = Disk::start(None, BOUNDS).unwrap();
    disk.ask();
    assert!(!disk.is_busy, "nothing is written");
    disk.wrote();
    disk.wrote();
    disk.ask();
    disk.wrote();
    disk.ask(); // busy: asked again later
    let synced = done_rx.recv().await.unwrap();
    assert_eq!(synced.through, 2);
    assert!(synced.result.is_ok());
}

#[tokio::test]
async fn the_thread_ends_with_the_node() {
    let (disk, mut done_rx) = Disk::start(None, BOUNDS).unwrap();
    drop(disk);
    assert!(done_rx.recv().await.is_none());
}

/// The node's thread would move the log into the file from 64 MiB on only.
#[tokio::test]
async fn the_thread_keeps_the_log_short() {
    const LONG: u64 = 8 * 1024 * 1024;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store.db");
    let mut store = Store::open(&path).unwrap();
    store.load(Timestamp::EPOCH).unwrap();
    let (mut disk, mut done_rx) = Disk::start(store.syncer().unwrap(), BOUNDS).unwrap();
    for number in 0_u32..10_000 {
        let unblock = Unblock {
            indicator: Indicator::host(Ipv4Addr::from_bits(number).into()),
            unblocked_at: Timestamp::from_secs(1),
            expires_at: Timestamp::from_secs(2),
        };
        store.apply_unsynced(&[Record::Unblocked(unblock)]).unwrap(); // a page at least
        let is_pause = number % 500 == 0;
        // The second answer comes when what followed the first is done.
        for _ in 0..if is_pause { 2 } else { 0 } {
            disk.wrote();
            disk.ask();
            done_rx.recv().await.unwrap().result.unwrap();
            disk.is_busy = false;
        }
    }
    let log = fs::metadata(directory.path().join("store.db-wal")).unwrap();
    assert!(log.len() < LONG, "{} bytes", log.len());
}
