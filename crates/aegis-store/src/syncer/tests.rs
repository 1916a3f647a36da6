//! Who moves the log, and when.

use std::{net::Ipv4Addr, path::PathBuf};

use aegis_core::{Indicator, Record, Timestamp, Unblock};
use tempfile::TempDir;

use super::*;
use crate::Store;

/// A store with its syncer, and the place that vanishes with them.
struct Scene {
    store: Store,
    syncer: Syncer,
    written: u32,
    path: PathBuf,
    _directory: TempDir,
}

impl Scene {
    fn set() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store.db");
        let store = Store::open(&path).unwrap();
        store.load(Timestamp::EPOCH).unwrap();
        let syncer = store.syncer().unwrap().unwrap();
        Self {
            store,
            syncer,
            written: 0,
            path,
            _directory: directory,
        }
    }

    fn backlog(&self) -> Backlog {
        self.syncer.checkpoint_in_mode("NOOP").unwrap()
    }

    /// Writes one record in a commit of its own, which is a page or more of the log.
    fn write(&mut self) {
        self.written += 1;
        let address = Ipv4Addr::from_bits(0x0a00_0000 + self.written);
        let record = Record::Unblocked(Unblock {
            indicator: Indicator::host(address.into()),
            unblocked_at: Timestamp::from_secs(1),
            expires_at: Timestamp::from_secs(2),
        });
        self.store.apply_unsynced(&[record]).unwrap();
    }

    fn write_until(&mut self, logged: u32) {
        while self.backlog().logged < logged {
            self.write();
        }
    }

    /// Ends the store and counts what it finds when it is opened again.
    fn kept(self) -> usize {
        drop((self.store, self.syncer));
        let store = Store::open(&self.path).unwrap();
        store.load(Timestamp::EPOCH).unwrap().unblocks.len()
    }
}

#[test]
fn a_commit_moves_nothing_while_the_log_is_short_of_its_bound() {
    let mut scene = Scene::set();
    scene.write_until(LOG_PAGES_MAX - 8);
    assert_eq!(scene.backlog().moved, 0);
}

#[test]
fn a_log_that_nobody_moves_stays_within_its_bound() {
    let mut scene = Scene::set();
    scene.write_until(LOG_PAGES_MAX - 8);
    let mut most = 0;
    for _ in 0..100 {
        scene.write();
        most = most.max(scene.backlog().logged);
    }
    assert!(most <= LOG_PAGES_MAX + 8, "{most} pages");
    assert!(scene.backlog().logged < 200, "it did not begin anew");
    let written = scene.written as usize;
    assert_eq!(scene.kept(), written);
}

#[test]
fn the_syncer_moves_a_long_log_to_its_end_and_leaves_a_short_one() {
    let mut scene = Scene::set();
    scene.write_until(MOVED_PAGES_MIN / 2);
    scene.syncer.checkpoint().unwrap();
    assert_eq!(scene.backlog().moved, 0);
    scene.write_until(MOVED_PAGES_MIN);
    scene.syncer.checkpoint().unwrap();
    let after = scene.backlog();
    assert_eq!(after.moved, after.logged);
    scene.write();
    assert!(scene.backlog().logged < 20, "the log did not begin anew");
    let written = scene.written as usize;
    assert_eq!(scene.kept(), written);
}

#[test]
fn commits_and_checkpoints_at_once_never_fail_each_other() {
    let mut scene = Scene::set();
    let syncer = scene.store.syncer().unwrap().unwrap();
    let (stop_tx, stop_rx) = std::sync::mpsc::channel::<()>();
    let mover = thread::spawn(move || {
        let mut rounds = 0_u32;
        while stop_rx.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
            syncer.sync().unwrap();
            syncer.checkpoint_in_mode("PASSIVE").unwrap();
            rounds += 1;
        }
        rounds
    });
    for _ in 0..3_000 {
        scene.write();
    }
    drop(stop_tx);
    assert!(mover.join().unwrap() > 1, "nothing happened at once");
    assert_eq!(scene.kept(), 3_000); // opening it checks that it is whole
}

#[test]
fn the_store_is_in_use_until_the_syncer_ends_too() {
    let Scene {
        store,
        syncer,
        path,
        _directory,
        ..
    } = Scene::set();
    drop(store);
    assert!(matches!(Store::open(&path), Err(StoreError::InUse { .. })));
    drop(syncer);
    Store::open(&path).unwrap();
}

/// SQLite before 3.51.3 can lose what was committed where two connections move the log and one of
/// them writes (https://www.sqlite.org/wal.html#walresetbug).
#[test]
fn the_sqlite_that_is_built_in_lets_two_connections_move_the_log() {
    assert!(rusqlite::version_number() >= 3_051_003);
}
