//! The audit log stays within its bound, and whoever checks it can tell a cut from a theft.

use std::fs;

use aegis_core::{Action, Actor, AuditEntry, Timestamp};
use rusqlite::Connection;

use super::{CutRule, cut};
use crate::audit::{AuditEvent, AuditFault, AuditReport, append, tail, verify};

const RULE: CutRule = CutRule {
    rows_max: 20,
    segment_rows: 10,
    segments_max: 2,
};

#[test]
fn a_log_within_its_bound_is_left_alone() {
    let mut store = log_of(29);
    cut(&mut store, None, RULE).unwrap();
    let report = verify(&store).unwrap();
    assert_eq!((report.rows, report.cut_through), (29, 0), "{report:?}");
}

#[test]
fn what_is_cut_off_leaves_a_row_in_the_chain_and_the_chain_holds() {
    let mut store = log_of(45);
    cut(&mut store, None, RULE).unwrap();
    let report = verify(&store).unwrap();
    // Two segments leave and each leaves a row behind.
    assert_eq!(
        (
            report.cut_through,
            report.last_seq,
            report.rows,
            report.fault
        ),
        (20, 47, 27, None)
    );
    let (lines, _) = tail(&store, 1).unwrap();
    assert_eq!(lines[0].event, AuditEvent::Cut { through: 20 });
    append(&store, &[&entry(99)]).unwrap();
    assert_eq!(verify(&store).unwrap().fault, None);
}

#[test]
fn rows_taken_from_the_start_by_somebody_else_are_missed() {
    let mut store = log_of(45);
    cut(&mut store, None, RULE).unwrap();
    store
        .execute("DELETE FROM audit WHERE seq <= 25", [])
        .unwrap();
    assert_eq!(fault(&store), Some(AuditFault::Missing { seq: 21 }));
}

#[test]
fn a_start_that_no_row_speaks_of_is_noticed() {
    let mut store = log_of(45);
    cut(&mut store, None, RULE).unwrap();
    store
        .execute("DELETE FROM audit WHERE seq <= 25", [])
        .unwrap();
    let hash: Vec<u8> = log_of(45)
        .query_row("SELECT hash FROM audit WHERE seq = 25", [], |row| {
            row.get(0)
        })
        .unwrap();
    store
        .execute("UPDATE audit_base SET seq = 25, hash = ?1", [hash])
        .unwrap();
    assert_eq!(fault(&store), Some(AuditFault::WrongStart { seq: 26 }));
}

#[test]
fn a_gap_survives_the_cut_that_passes_it() {
    let mut store = log_of(45);
    store
        .execute("DELETE FROM audit WHERE seq = 20", [])
        .unwrap();
    cut(&mut store, None, RULE).unwrap();
    assert_eq!(fault(&store), Some(AuditFault::Missing { seq: 20 }));
}

#[test]
fn a_log_whose_rows_are_all_gone_is_cut_without_an_end() {
    let mut store = log_of(45);
    store.execute("DELETE FROM audit", []).unwrap();
    cut(&mut store, None, RULE).unwrap();
    assert!(fault(&store).is_some());
}

#[test]
fn segments_become_files_and_the_oldest_file_goes() {
    let directory = tempfile::tempdir().unwrap();
    let archive = directory.path().join("store.db.audit");
    let mut store = log_of(59);
    cut(&mut store, Some(&archive), RULE).unwrap();
    let mut names: Vec<String> = fs::read_dir(&archive)
        .unwrap()
        .map(|it| it.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(
        names,
        [
            "000000000021-000000000030.log",
            "000000000031-000000000040.log"
        ]
    );
    let text = fs::read_to_string(archive.join(&names[0])).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 10, "{text}");
    let fields: Vec<&str> = lines[0].split('\t').collect();
    assert_eq!(fields[..3], ["21", "21000", "user:0"]);
    assert_eq!(fields[3..6], ["block", "-", r"line 21\u{a}\u{9}\u{5c} end"]);
    assert_eq!(fields[6].len(), 64, "{text}");
}

#[test]
fn where_no_file_can_be_written_nothing_leaves_the_store() {
    let directory = tempfile::tempdir().unwrap();
    let taken = directory.path().join("taken");
    fs::write(&taken, "a file, not a directory").unwrap();
    let mut store = log_of(45);
    cut(&mut store, Some(&taken), RULE).unwrap_err();
    let report = verify(&store).unwrap();
    assert_eq!((report.rows, report.fault), (45, None));
}

fn fault(store: &Connection) -> Option<AuditFault> {
    let AuditReport { fault, .. } = verify(store).unwrap();
    fault
}

fn log_of(rows: u64) -> Connection {
    let connection = crate::open::in_memory().unwrap();
    let entries: Vec<AuditEntry> = (1..=rows).map(entry).collect();
    append(&connection, &entries.iter().collect::<Vec<_>>()).unwrap();
    connection
}

fn entry(number: u64) -> AuditEntry {
    AuditEntry {
        at: Timestamp::from_secs(number),
        actor: Actor::User(0),
        action: Action::Block,
        indicator: None,
        detail: format!("line {number}\n\t\\ end"),
    }
}
