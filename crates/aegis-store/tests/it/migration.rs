//! An older store goes on where it stood; a newer one and another program's are left alone.

use std::{fs, path::Path};

use aegis_core::{Action, Actor, AuditEntry};
use aegis_store::{AuditEvent, Store, StoreError};
use rusqlite::Connection;

use crate::fixture::{
    NOW, alert, allow_entry, decision, indicator, node, one_of_each, peer, place, unblock,
};

/// Schema 1 as it was first written. Never change it: there are files that look like this.
const SCHEMA_1: &str = "
    CREATE TABLE alert (
        id          BLOB    NOT NULL PRIMARY KEY,
        author      BLOB    NOT NULL,
        indicator   TEXT    NOT NULL,
        received_at INTEGER NOT NULL,
        expires_at  INTEGER NOT NULL,
        wire        BLOB    NOT NULL
    ) STRICT;
    CREATE INDEX alert_by_end ON alert (expires_at);
    CREATE TABLE decision (
        indicator   TEXT    NOT NULL,
        origin      TEXT    NOT NULL,
        author      BLOB    NOT NULL,
        alert       BLOB,
        threat_type TEXT    NOT NULL,
        severity    INTEGER NOT NULL,
        evidence    TEXT    NOT NULL,
        decided_at  INTEGER NOT NULL,
        expires_at  INTEGER NOT NULL,
        PRIMARY KEY (indicator, origin, author)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX decision_by_end ON decision (expires_at);
    CREATE TABLE allowed (
        indicator   TEXT    NOT NULL PRIMARY KEY,
        added_at    INTEGER NOT NULL,
        expires_at  INTEGER,
        comment     TEXT
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE unblocked (
        indicator    TEXT    NOT NULL PRIMARY KEY,
        unblocked_at INTEGER NOT NULL,
        expires_at   INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE peer (
        peer          BLOB    NOT NULL PRIMARY KEY,
        class         TEXT    NOT NULL,
        address       TEXT    NOT NULL,
        first_seen_at INTEGER NOT NULL,
        last_seen_at  INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE audit (
        seq       INTEGER PRIMARY KEY,
        at        INTEGER NOT NULL,
        actor     TEXT    NOT NULL,
        action    TEXT    NOT NULL,
        indicator TEXT,
        detail    TEXT    NOT NULL,
        hash      BLOB    NOT NULL
    ) STRICT;
    CREATE TABLE audit_head (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        seq  INTEGER NOT NULL,
        hash BLOB    NOT NULL
    ) STRICT;
    PRAGMA application_id = 1095059283;
    PRAGMA user_version = 1;
";

/// The schema that this build writes.
const NEWEST: u32 = 8;

/// What `fixture::one_of_each` says, and a second line of the audit log, written by schema 1.
const ROWS_1: &str = "
    INSERT INTO decision VALUES ('203.0.113.2', 'peers', @NODE7, @ALERT2, 'syn_flood', 5,
        'spoofable', 1790000000000, 1790003600000);
    INSERT INTO alert VALUES (@ALERT1, @NODE7, '203.0.113.1', 1790000000000, 1790086400000,
        CAST('alert 1' AS BLOB));
    INSERT INTO allowed VALUES ('203.0.113.3', 1790000000000, NULL, 'the office');
    INSERT INTO unblocked VALUES ('203.0.113.4', 1790000000000, 1790003600000);
    INSERT INTO peer VALUES (@NODE5, 'lan', '/ip4/192.0.2.5/tcp/9001', 1790000000000,
        1790000005000);
    INSERT INTO audit VALUES
        (1, 1790000000000, 'user:1000', 'block', '203.0.113.6', 'for 300 s', @HASH1),
        (2, 1790000000000, 'node', 'stop', NULL, '', @HASH2);
    INSERT INTO audit_head VALUES (1, 2, @HASH2);
";

/// The hashes of the two lines, as the first build to write schema 1 computed them.
const HASH_1: &str = "abebca8d92dffad2585e5c799da814e77d2048f835db6461449fffe21ac28e9a";
const HASH_2: &str = "c70554e3f3104643a7354d968e6c4d910ca6d9b5eb50cc0b1ff3db581788bb44";

#[test]
fn a_store_of_schema_1_goes_on_where_it_stood() {
    let (_directory, path) = place();
    write_schema_1(&path);
    let mut store = Store::open(&path).unwrap();
    let snapshot = store.load(NOW).unwrap();
    assert_eq!(snapshot.alerts, [(alert(1).wire().clone(), NOW)]);
    assert_eq!(snapshot.decisions, [decision(2)]);
    assert_eq!(snapshot.allowlist, [allow_entry(3)]);
    assert_eq!(snapshot.unblocks, [unblock(4)]);
    assert_eq!(snapshot.peers, [peer(5)]);
    assert_eq!(store.corrupt_rows(), 0);
    store.apply(&one_of_each()).unwrap();
    let report = store.audit_verify().unwrap();
    assert_eq!((report.rows, report.fault), (3, None));
}

#[test]
fn the_hashes_of_the_audit_log_are_those_of_the_first_build() {
    let mut store = Store::in_memory().unwrap();
    let records = [first_line(), second_line()].map(aegis_core::Record::Audit);
    store.apply(&records).unwrap();
    let lines = store.audit_tail(2).unwrap();
    let hashes: Vec<String> = lines.iter().map(|it| it.hash.to_string()).collect();
    assert_eq!(hashes, [HASH_1, HASH_2]);
    assert_eq!(lines[1].event, AuditEvent::Entry(second_line()));
}

#[test]
fn opening_twice_migrates_once() {
    let (_directory, path) = place();
    write_schema_1(&path);
    drop(Store::open(&path).unwrap());
    let version = user_version(&path);
    drop(Store::open(&path).unwrap());
    assert_eq!((version, user_version(&path)), (NEWEST, NEWEST));
}

#[test]
fn a_newer_schema_is_refused_with_both_numbers() {
    let (_directory, path) = place();
    drop(Store::open(&path).unwrap());
    let connection = Connection::open(&path).unwrap();
    let newer = NEWEST + 1;
    connection
        .pragma_update(None, "user_version", newer)
        .unwrap();
    drop(connection);
    let error = Store::open(&path).unwrap_err();
    let told = matches!(
        &error,
        StoreError::NewerSchema { found, newest } if (*found, *newest) == (newer, NEWEST)
    );
    assert!(told, "{error:?}");
    assert_eq!(
        error.to_string(),
        format!("the store has schema {newer}, this build reads up to {NEWEST}")
    );
    assert_eq!(user_version(&path), newer);
}

#[test]
fn another_programs_database_is_refused_and_left_alone() {
    let (_directory, path) = place();
    fs::create_dir(path.parent().unwrap()).unwrap();
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch("CREATE TABLE notes (note TEXT)")
        .unwrap();
    drop(connection);
    let before = fs::read(&path).unwrap();
    let error = Store::open(&path).unwrap_err();
    assert!(matches!(error, StoreError::Foreign { .. }), "{error:?}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

pub(crate) fn write_schema_1(path: &Path) {
    fs::create_dir(path.parent().unwrap()).unwrap();
    let blob = |bytes: &[u8]| {
        let digits: String = bytes.iter().map(|it| format!("{it:02x}")).collect();
        format!("x'{digits}'")
    };
    let rows = ROWS_1
        .replace("@NODE7", &blob(node(7).public_key()))
        .replace("@NODE5", &blob(node(5).public_key()))
        .replace("@ALERT1", &blob(alert(1).id().as_bytes()))
        .replace("@ALERT2", &blob(alert(2).id().as_bytes()))
        .replace("@HASH1", &format!("x'{HASH_1}'"))
        .replace("@HASH2", &format!("x'{HASH_2}'"));
    let connection = Connection::open(path).unwrap();
    connection.execute_batch(SCHEMA_1).unwrap();
    connection.execute_batch(&rows).unwrap();
}

fn first_line() -> AuditEntry {
    AuditEntry {
        at: NOW,
        actor: Actor::User(1000),
        action: Action::Block,
        indicator: Some(indicator(6)),
        detail: "for 300 s".to_owned(),
    }
}

fn second_line() -> AuditEntry {
    AuditEntry {
        at: NOW,
        actor: Actor::Node,
        action: Action::Stop,
        indicator: None,
        detail: String::new(),
    }
}

fn user_version(path: &Path) -> u32 {
    let connection = Connection::open(path).unwrap();
    connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .unwrap()
}
