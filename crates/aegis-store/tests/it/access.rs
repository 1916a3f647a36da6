//! Keys survive a restart, a revoked one does not, and a row that says nonsense lets nobody in.

use aegis_core::{AccessKey, AccessRecord, AccessScope, Action, Actor, AuditEntry, Record};
use aegis_store::{AuditEvent, Store};
use rusqlite::Connection;

use crate::fixture::{NOW, place};

#[test]
fn keys_come_back_and_revoked_ones_do_not() {
    let (_directory, path) = place();
    let mut store = Store::open(&path).unwrap();
    let records = [
        granted("web", AccessScope::Read, 1),
        granted("agent", AccessScope::Decide, 2),
        granted("gone", AccessScope::Admin, 3),
        Record::Access(AccessRecord::Revoked(name("gone"))),
        granted("web", AccessScope::Admin, 4),
    ];
    store.apply(&records).unwrap();
    drop(store);
    let store = Store::open(&path).unwrap();
    let keys = store.load(NOW).unwrap().access_keys;
    let wanted = [
        key("agent", AccessScope::Decide, 2),
        key("web", AccessScope::Admin, 4),
    ];
    assert_eq!(keys, wanted);
}

#[test]
fn a_row_that_says_nonsense_costs_itself() {
    for edit in [
        "UPDATE access_key SET name = 'a b' WHERE name = 'web'",
        "UPDATE access_key SET scope = 'all' WHERE name = 'web'",
        "UPDATE access_key SET secret_hash = x'00' WHERE name = 'web'",
        "UPDATE access_key SET created_at = -1 WHERE name = 'web'",
    ] {
        let (_directory, path) = place();
        let records = [
            granted("agent", AccessScope::Read, 1),
            granted("web", AccessScope::Read, 2),
        ];
        Store::open(&path).unwrap().apply(&records).unwrap();
        Connection::open(&path).unwrap().execute(edit, []).unwrap();
        let store = Store::open(&path).unwrap();
        let keys = store.load(NOW).unwrap().access_keys;
        assert_eq!(keys, [key("agent", AccessScope::Read, 1)], "{edit}");
        assert_eq!(store.corrupt_rows(), 1, "{edit}");
    }
}

#[test]
fn the_audit_log_names_keys_and_reads_every_action_back() {
    let mut store = Store::in_memory().unwrap();
    let entries = Action::ALL.map(|action| AuditEntry {
        at: NOW,
        actor: Actor::Key(name("web")),
        action,
        indicator: None,
        detail: "web, read".to_owned(),
    });
    store.apply(&entries.clone().map(Record::Audit)).unwrap();
    let lines = store.audit_tail(Action::ALL.len()).unwrap();
    let events: Vec<_> = lines.into_iter().map(|it| it.event).collect();
    assert_eq!(events, entries.map(AuditEvent::Entry));
    assert_eq!(store.corrupt_rows(), 0);
}

fn name(text: &str) -> aegis_core::KeyName {
    text.parse().unwrap()
}

fn key(text: &str, scope: AccessScope, number: u8) -> AccessKey {
    AccessKey {
        name: name(text),
        scope,
        secret_hash: [number; 32],
        created_at: NOW,
    }
}

fn granted(text: &str, scope: AccessScope, number: u8) -> Record {
    Record::Access(AccessRecord::Granted(key(text, scope, number)))
}
