//! The audit log says what was written to it, and tells every change made behind its back.

use aegis_core::{Action, Actor, AuditEntry, NodeId, Timestamp};
use rusqlite::Connection;

use super::{AuditEvent, AuditFault, append, tail, verify};

#[test]
fn every_actor_and_action_reads_back_as_written() {
    let actors = [
        Actor::Detector,
        Actor::Node,
        Actor::User(1000),
        Actor::Peer(NodeId::from_public_key([9; 32])),
    ];
    let actions = [
        Action::Block,
        Action::Unblock,
        Action::Expire,
        Action::Withdraw,
        Action::Allow,
        Action::Disallow,
        Action::Publish,
        Action::Start,
        Action::Stop,
    ];
    let written: Vec<AuditEntry> = actors
        .iter()
        .flat_map(|actor| actions.map(|action| (actor.clone(), action)))
        .map(|(actor, action)| AuditEntry {
            actor,
            action,
            ..entry(5)
        })
        .collect();
    let connection = crate::open::in_memory().unwrap();
    append(&connection, &written.iter().collect::<Vec<_>>()).unwrap();
    let (lines, corrupt_rows) = tail(&connection, usize::MAX).unwrap();
    let read: Vec<AuditEvent> = lines.into_iter().map(|it| it.event).collect();
    let expected: Vec<AuditEvent> = written.into_iter().map(AuditEvent::Entry).collect();
    assert_eq!((read, corrupt_rows), (expected, 0));
}

#[test]
fn the_tail_is_the_last_lines_oldest_first() {
    let numbers: Vec<u64> = tail(&log(), 3).unwrap().0.iter().map(|it| it.seq).collect();
    assert_eq!(numbers, [8, 9, 10]);
}

#[test]
fn a_long_detail_is_cut_between_two_characters() {
    let connection = crate::open::in_memory().unwrap();
    let long = AuditEntry {
        detail: "é".repeat(1000),
        ..entry(1)
    };
    append(&connection, &[&long]).unwrap();
    let (lines, _) = tail(&connection, 1).unwrap();
    let AuditEvent::Entry(read) = &lines[0].event else {
        panic!("{lines:?}");
    };
    assert_eq!(read.detail, "é".repeat(512));
}

#[test]
fn an_untouched_log_is_whole() {
    let report = verify(&log()).unwrap();
    assert_eq!((report.rows, report.last_seq, report.fault), (10, 10, None));
    let empty = verify(&crate::open::in_memory().unwrap()).unwrap();
    assert_eq!((empty.rows, empty.last_seq, empty.fault), (0, 0, None));
}

#[test]
fn equal_entries_have_unequal_hashes() {
    let connection = crate::open::in_memory().unwrap();
    append(&connection, &[&entry(1), &entry(1)]).unwrap();
    let (lines, _) = tail(&connection, 2).unwrap();
    assert_ne!(lines[0].hash, lines[1].hash);
}

#[test]
fn an_edit_of_any_column_is_told_with_its_row() {
    for edit in [
        "at = at + 1",
        "actor = 'node'",
        "action = 'unblock'",
        "indicator = '203.0.113.8'",
        "indicator = NULL",
        "detail = ''",
        "detail = detail || ' '",
        "hash = zeroblob(32)",
        "hash = zeroblob(31)",
    ] {
        let altered = Some(AuditFault::Altered { seq: 4 });
        check(&format!("UPDATE audit SET {edit} WHERE seq = 4"), altered);
    }
}

#[test]
fn a_text_moved_from_one_column_to_the_next_is_told() {
    let altered = Some(AuditFault::Altered { seq: 4 });
    let moved = "UPDATE audit SET actor = actor || substr(action, 1, 1),
        action = substr(action, 2) WHERE seq = 4";
    check(moved, altered);
}

#[test]
fn a_row_deleted_anywhere_is_told() {
    check(
        "DELETE FROM audit WHERE seq = 1",
        Some(AuditFault::Missing { seq: 1 }),
    );
    check(
        "DELETE FROM audit WHERE seq = 5",
        Some(AuditFault::Missing { seq: 5 }),
    );
    let last = AuditFault::WrongEnd {
        last_written: 10,
        last_found: 9,
    };
    check("DELETE FROM audit WHERE seq = 10", Some(last));
    let all = AuditFault::WrongEnd {
        last_written: 10,
        last_found: 0,
    };
    check("DELETE FROM audit", Some(all));
}

#[test]
fn rows_in_another_order_are_told() {
    let swapped = "UPDATE audit SET seq = 100 WHERE seq = 6;
        UPDATE audit SET seq = 6 WHERE seq = 7;
        UPDATE audit SET seq = 7 WHERE seq = 100;";
    check(swapped, Some(AuditFault::Altered { seq: 6 }));
}

#[test]
fn a_deleted_row_whose_gap_is_closed_is_told() {
    let closed = "DELETE FROM audit WHERE seq = 6;
        UPDATE audit SET seq = -seq WHERE seq > 6;
        UPDATE audit SET seq = -seq - 1 WHERE seq < 0;";
    check(closed, Some(AuditFault::Altered { seq: 6 }));
}

#[test]
fn an_inserted_row_is_told() {
    let inserted = "INSERT INTO audit
        SELECT 11, at, actor, action, indicator, detail, hash FROM audit WHERE seq = 10";
    check(inserted, Some(AuditFault::Altered { seq: 11 }));
    let before = "INSERT INTO audit
        SELECT 0, at, actor, action, indicator, detail, hash FROM audit WHERE seq = 1";
    check(before, Some(AuditFault::Altered { seq: 0 }));
}

#[test]
fn a_mark_that_was_moved_or_taken_is_told() {
    let moved = AuditFault::WrongEnd {
        last_written: 9,
        last_found: 10,
    };
    check("UPDATE audit_head SET seq = 9", Some(moved));
    let gone = AuditFault::WrongEnd {
        last_written: 0,
        last_found: 10,
    };
    check("DELETE FROM audit_head", Some(gone));
    check("UPDATE audit_head SET hash = x'00'", Some(gone));
}

#[test]
fn the_log_goes_on_after_tampering_and_the_trace_stays() {
    let end_gone = log();
    end_gone
        .execute("DELETE FROM audit WHERE seq > 8", [])
        .unwrap();
    append(&end_gone, &[&entry(11)]).unwrap();
    let fault = verify(&end_gone).unwrap().fault;
    assert_eq!(fault, Some(AuditFault::Missing { seq: 9 }));

    let mark_gone = log();
    mark_gone.execute("DELETE FROM audit_head", []).unwrap();
    append(&mark_gone, &[&entry(11)]).unwrap();
    let fault = verify(&mark_gone).unwrap().fault;
    assert_eq!(fault, Some(AuditFault::Altered { seq: 11 }));
}

#[test]
fn a_line_that_cannot_be_read_costs_itself_only() {
    let connection = log();
    let nonsense = "UPDATE audit SET actor = 'somebody' WHERE seq = 9";
    connection.execute(nonsense, []).unwrap();
    let (lines, corrupt_rows) = tail(&connection, 3).unwrap();
    let numbers: Vec<u64> = lines.iter().map(|it| it.seq).collect();
    assert_eq!((numbers, corrupt_rows), (vec![8, 10], 1));
}

#[track_caller]
fn check(tampering: &str, expected: Option<AuditFault>) {
    let connection = log();
    connection.execute_batch(tampering).unwrap();
    assert_eq!(verify(&connection).unwrap().fault, expected, "{tampering}");
}

fn log() -> Connection {
    let connection = crate::open::in_memory().unwrap();
    let entries: Vec<AuditEntry> = (1..=10).map(entry).collect();
    append(&connection, &entries.iter().collect::<Vec<_>>()).unwrap();
    connection
}

fn entry(number: u64) -> AuditEntry {
    AuditEntry {
        at: Timestamp::from_secs(number),
        actor: Actor::User(0),
        action: Action::Block,
        indicator: "203.0.113.7".parse().ok(),
        detail: format!("line {number}"),
    }
}
