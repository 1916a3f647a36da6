//! Tests of the thread that waits for the disk.

use super::*;

#[tokio::test]
async fn one_sync_covers_everything_written_before_it_was_asked_for() {
    let (mut disk, mut done_rx) = Disk::start(None).unwrap();
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
    let (disk, mut done_rx) = Disk::start(None).unwrap();
    drop(disk);
    assert!(done_rx.recv().await.is_none());
}
