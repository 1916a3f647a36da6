//! Killed while it migrates, or while old history goes and the log is moved: the store opens, is
//! whole, and has what was acknowledged.

use std::{
    env,
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use aegis_core::Record;
use aegis_store::{HistoryBounds, HistoryFilter, Store};

use crate::{
    fixture::{NOW, allow_entry, happened, place},
    migration::write_schema_1,
};

/// Tells a test, started again as a process of its own, to work until it is killed.
const VARIABLE: &str = "AEGIS_TEST_WORK_UNTIL_KILLED";

const ROUNDS: u64 = 8;

/// Stores that one process migrates, one after another.
const STORES: usize = 12;

/// Entries of one transaction.
const BATCH: u32 = 50;

/// Few, so that there is always something to remove.
const ROWS_MAX: u32 = 2_000;

#[test]
fn a_migration_that_was_killed_goes_on_where_it_stood() {
    if let Some(directory) = env::var_os(VARIABLE) {
        return migrate_until_killed(Path::new(&directory));
    }
    let (directory, _) = place();
    let mut interrupted = 0;
    for round in 0..ROUNDS {
        let round_directory = directory.path().join(round.to_string());
        for number in 0..STORES {
            let path = path(&round_directory, number);
            std::fs::create_dir_all(path.parent().unwrap().parent().unwrap()).unwrap();
            write_schema_1(&path);
        }
        let mut worker = Worker::start(
            "a_migration_that_was_killed_goes_on_where_it_stood",
            &round_directory,
        );
        worker.wait_for_line();
        let done = worker.kill_after(Duration::from_micros(4_700 * round));
        interrupted += usize::from(done < STORES);
        for number in 0..STORES {
            let store = Store::open(&path(&round_directory, number)).unwrap();
            let snapshot = store.load(NOW).unwrap();
            assert_eq!(snapshot.allowlist, [allow_entry(3)], "store {number}");
            assert_eq!(snapshot.alerts.len(), 1, "store {number}");
            assert_eq!(store.check().unwrap(), [""; 0], "store {number}");
            assert_eq!(store.audit_verify().unwrap().fault, None);
        }
    }
    assert!(interrupted > 0, "every worker came to its end");
}

fn path(directory: &Path, number: usize) -> PathBuf {
    directory.join(format!("n{number}")).join("store.db")
}

fn migrate_until_killed(directory: &Path) {
    let mut stdout = io::stdout();
    for number in 0..STORES {
        drop(Store::open(&path(directory, number)).unwrap());
        writeln!(stdout, "did {number}").unwrap();
    }
}

#[test]
fn history_that_goes_while_the_node_is_killed_is_gone_or_there_and_counted() {
    if let Some(path) = env::var_os(VARIABLE) {
        return write_and_keep_until_killed(Path::new(&path));
    }
    for round in 0..ROUNDS {
        let (_directory, path) = place();
        let mut worker = Worker::start(
            "history_that_goes_while_the_node_is_killed_is_gone_or_there_and_counted",
            &path,
        );
        worker.wait_for_line();
        let batches = worker.kill_after(Duration::from_micros(20_000 + 7_300 * round));
        let store = Store::open(&path).unwrap();
        store.load(NOW).unwrap();
        assert_eq!(store.check().unwrap(), [""; 0], "round {round}");
        assert_eq!(store.audit_verify().unwrap().fault, None, "round {round}");
        let last = u32::try_from(batches).unwrap() * BATCH - 1;
        let reader = store.history().unwrap().unwrap();
        let newest = reader
            .entries(&HistoryFilter::default(), None, 10_000)
            .unwrap();
        let expected = BATCH.min(last + 1);
        let of_last = newest.iter().filter(|(_, it)| {
            let number: u32 = it.detail.strip_prefix("entry ").unwrap().parse().unwrap();
            (last + 1 - expected..=last).contains(&number)
        });
        assert!(
            of_last.count() >= expected as usize,
            "round {round}: acknowledged and gone"
        );
    }
}

/// Writes without waiting for the disk, while another thread syncs, moves the log and lets old
/// entries go, as in the daemon.
fn write_and_keep_until_killed(path: &Path) {
    let mut store = Store::open(path).unwrap();
    store.load(NOW).unwrap();
    let syncer = store.syncer().unwrap().unwrap();
    let bounds = HistoryBounds {
        keep_for: Duration::from_secs(86_400 * 365),
        rows_max: ROWS_MAX.into(),
        bytes_max: u64::MAX,
    };
    thread::spawn(move || {
        loop {
            syncer.sync().unwrap();
            syncer.checkpoint().unwrap();
            syncer.keep_history(NOW, &bounds).unwrap();
        }
    });
    let mut stdout = io::stdout();
    for batch in 0..10_000u32 {
        let numbers = batch * BATCH..(batch + 1) * BATCH;
        let records: Vec<Record> = numbers.map(|it| Record::Happened(happened(it))).collect();
        store.apply_unsynced(&records).unwrap();
        writeln!(stdout, "did {batch}").unwrap();
    }
}

/// A process that works, killed at the latest with this value.
struct Worker {
    process: Child,
    lines: io::Lines<BufReader<std::process::ChildStdout>>,
    done: usize,
}

impl Worker {
    fn start(test: &str, place: &Path) -> Self {
        let mut process = Command::new(env::current_exe().unwrap())
            .arg(format!("kill_tidying::{test}"))
            .args(["--exact", "--nocapture"])
            .env(VARIABLE, place)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self {
            process,
            lines,
            done: 0,
        }
    }

    /// Waits until the first thing is done.
    fn wait_for_line(&mut self) {
        let is_done = |it: &String| it.contains("did ");
        let line = self.lines.by_ref().map_while(Result::ok).find(is_done);
        self.done += usize::from(line.is_some());
    }

    /// Kills it so much later and returns how many things it said were done.
    fn kill_after(&mut self, wait: Duration) -> usize {
        thread::sleep(wait); // a moment of its work, another in each round
        self.process.kill().unwrap();
        let lines = self.lines.by_ref().map_while(Result::ok);
        self.done += lines.filter(|it| it.contains("did ")).count();
        self.done
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
