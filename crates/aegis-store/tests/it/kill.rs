//! A node killed in the middle of its work finds everything it was told is kept, and no halves.

use std::{
    collections::BTreeSet,
    env,
    io::{self, BufRead, BufReader, Lines, Write},
    ops::Range,
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    thread,
};

use aegis_core::{AlertId, Record};
use aegis_store::Store;

use crate::fixture::{NOW, alert, alert_added, audited, decision, place};

/// Tells this test, started again as a process of its own, to write instead of to check.
const STORE_VARIABLE: &str = "AEGIS_TEST_WRITE_UNTIL_KILLED";
const FIRST_BATCH_VARIABLE: &str = "AEGIS_TEST_FIRST_BATCH";

const ROUNDS: u32 = 20;

/// The writer stops by itself after so many batches, should nobody kill it.
const BATCHES_PER_ROUND: u32 = 100;

/// Alert numbers of one batch; it uses some of them.
const ALERTS_PER_BATCH: u32 = 64;

/// Batches after which the log is long enough to be moved into the store's file.
const BATCHES_TO_FILL_LOG: u32 = 40;

#[test]
fn acknowledged_records_survive_being_killed() {
    if let Some(path) = env::var_os(STORE_VARIABLE) {
        let first = env::var(FIRST_BATCH_VARIABLE).unwrap().parse().unwrap();
        return write_until_killed(Path::new(&path), first);
    }
    let (_directory, path) = place();
    let mut acknowledged = BTreeSet::new();
    for round in 0..ROUNDS {
        acknowledged.extend(write_and_kill(&path, round));
        check(&path, &acknowledged, round);
    }
    let killed_while_writing = acknowledged.len() < (ROUNDS * BATCHES_PER_ROUND) as usize;
    assert!(killed_while_writing, "every writer came to its end");
}

/// Lets a process write, kills it at some point, and returns the batches it was told are kept.
fn write_and_kill(path: &Path, round: u32) -> Vec<u32> {
    let mut writer = Writer::start(path, round);
    let batches = 1
        + round * 7 % 13
        + if moves_log(round) {
            BATCHES_TO_FILL_LOG
        } else {
            0
        };
    let mut acknowledged: Vec<u32> = (0..batches)
        .filter_map(|_| writer.next_acknowledged())
        .collect();
    // Another delay each round, so that the end comes at another point of a batch.
    (0..round * round).for_each(|_| thread::yield_now());
    writer.process.kill().unwrap();
    while let Some(batch) = writer.next_acknowledged() {
        acknowledged.push(batch);
    }
    assert!(!acknowledged.is_empty(), "round {round} wrote nothing");
    acknowledged
}

#[track_caller]
fn check(path: &Path, acknowledged: &BTreeSet<u32>, round: u32) {
    let store = Store::open(path).unwrap();
    let snapshot = store.load(NOW).unwrap();
    let wires = snapshot.alerts.iter();
    let alerts: BTreeSet<AlertId> = wires.map(|(wire, _)| AlertId::of(wire)).collect();
    let decisions = snapshot.decisions.iter();
    let decided: BTreeSet<_> = decisions.map(|it| it.indicator).collect();
    let mut kept = 0;
    for batch in 0..(round + 1) * BATCHES_PER_ROUND {
        let numbers = alert_numbers(batch);
        let found = numbers
            .clone()
            .filter(|it| alerts.contains(&alert(*it).id()));
        let is_kept = decided.contains(&decision(numbers.start).indicator);
        let expected = if is_kept { numbers.len() } else { 0 };
        assert_eq!(found.count(), expected, "batch {batch}, a half");
        let is_lost = acknowledged.contains(&batch) && !is_kept;
        assert!(!is_lost, "batch {batch} was acknowledged and is gone");
        kept += u64::from(is_kept);
    }
    let report = store.audit_verify().unwrap();
    assert_eq!((report.rows, report.fault), (kept, None), "round {round}");
    assert_eq!(store.corrupt_rows(), 0);
}

/// Says whether the writer of a round writes without waiting for the disk, while another thread of
/// it moves the log.
fn moves_log(round: u32) -> bool {
    round % 2 == 1
}

fn write_until_killed(path: &Path, first: u32) {
    let mut store = Store::open(path).unwrap();
    store.load(NOW).unwrap();
    if moves_log(first / BATCHES_PER_ROUND) {
        let syncer = store.syncer().unwrap().unwrap();
        thread::spawn(move || {
            loop {
                syncer.sync().unwrap();
                syncer.checkpoint().unwrap();
            }
        });
    }
    let mut stdout = io::stdout();
    for batch in first..first + BATCHES_PER_ROUND {
        let numbers = alert_numbers(batch);
        let mut records: Vec<Record> = numbers.clone().map(alert_added).collect();
        records.push(Record::DecisionMade(decision(numbers.start)));
        records.push(audited(batch));
        if moves_log(first / BATCHES_PER_ROUND) {
            store.apply_unsynced(&records).unwrap();
        } else {
            store.apply(&records).unwrap();
        }
        writeln!(stdout, "kept {batch}").unwrap();
    }
}

fn alert_numbers(batch: u32) -> Range<u32> {
    let first = batch * ALERTS_PER_BATCH;
    first..first + 1 + batch * 5 % ALERTS_PER_BATCH
}

/// A process that writes, killed at the latest with this value.
struct Writer {
    process: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Writer {
    fn start(path: &Path, round: u32) -> Self {
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["kill::acknowledged_records_survive_being_killed", "--exact"])
            .arg("--nocapture")
            .env(STORE_VARIABLE, path)
            .env(
                FIRST_BATCH_VARIABLE,
                (round * BATCHES_PER_ROUND).to_string(),
            )
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        Self { process, lines }
    }

    /// Returns the next batch that the writer was told is kept; `None` when it is no more.
    fn next_acknowledged(&mut self) -> Option<u32> {
        self.lines
            .by_ref()
            .map_while(Result::ok)
            .find_map(|it| it.strip_prefix("kept ")?.parse().ok())
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
