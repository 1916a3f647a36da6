//! The history is searched by what it is about and when, and keeps to its bounds.

use std::time::Duration;

use aegis_core::{
    Actor, HistoryEntry, HistoryId, HistoryKind, Indicator, OrganisationId, Record, Timestamp,
};
use aegis_store::{GroupBy, HistoryBounds, HistoryFilter, HistoryReader, Store};
use rusqlite::Connection;

use crate::fixture::{HOUR, NOW, audited, happened, node, place};

const MINUTE: Duration = Duration::from_secs(60);

const UNBOUNDED: HistoryBounds = HistoryBounds {
    keep_for: Duration::from_secs(86_400 * 365),
    rows_max: u64::MAX,
    bytes_max: u64::MAX,
};

/// A store in which `happened(0)` to `happened(9)` are written.
fn store_with(count: u32) -> (tempfile::TempDir, Store) {
    let (directory, path) = place();
    let mut store = Store::open(&path).unwrap();
    store.load(NOW).unwrap();
    let records: Vec<Record> = (0..count)
        .map(|it| Record::Happened(happened(it)))
        .collect();
    store.apply(&records).unwrap();
    (directory, store)
}

fn reader(store: &Store) -> HistoryReader {
    store.history().unwrap().unwrap()
}

fn details(found: &[(HistoryId, HistoryEntry)]) -> Vec<&str> {
    found.iter().map(|(_, it)| it.detail.as_str()).collect()
}

fn everything() -> HistoryFilter {
    HistoryFilter::default()
}

#[test]
fn entries_come_back_as_they_went_in_newest_first() {
    let (_directory, store) = store_with(3);
    let found = reader(&store).entries(&everything(), None, 10).unwrap();
    let entries: Vec<HistoryEntry> = found.iter().map(|(_, it)| it.clone()).collect();
    assert_eq!(entries, [happened(2), happened(1), happened(0)]);
    assert_eq!(
        found[0].0,
        HistoryId {
            at: NOW + MINUTE * 2,
            seq: 3
        }
    );
}

#[test]
fn pages_follow_each_other_without_a_gap_also_within_a_millisecond() {
    let (_directory, path) = place();
    let mut store = Store::open(&path).unwrap();
    store.load(NOW).unwrap();
    let at_once = |number: u32| HistoryEntry {
        at: NOW,
        ..happened(number)
    };
    let records: Vec<Record> = (0..25).map(|it| Record::Happened(at_once(it))).collect();
    store.apply(&records).unwrap();
    let (reader, mut seen, mut before) = (reader(&store), Vec::new(), None);
    loop {
        let page = reader.entries(&everything(), before, 4).unwrap();
        let Some((last, _)) = page.last() else { break };
        before = Some(*last);
        seen.extend(page.iter().map(|(id, _)| id.seq));
    }
    let expected: Vec<u64> = (1..=25).rev().collect();
    assert_eq!(seen, expected);
}

#[test]
fn an_address_is_found_by_itself_in_its_prefix_and_within_what_was_blocked_whole() {
    let (_directory, path) = place();
    let mut store = Store::open(&path).unwrap();
    store.load(NOW).unwrap();
    for (number, indicator) in (0u32..).zip([
        "203.0.113.7",
        "203.0.113.8",
        "203.0.113.0/24",
        "203.0.112.0/23",
        "203.0.114.1",
        "2001:db8::7",
    ]) {
        let entry = HistoryEntry {
            indicator: indicator.parse().ok(),
            detail: indicator.to_owned(),
            ..happened(number)
        };
        store.apply(&[Record::Happened(entry)]).unwrap();
    }
    let reader = reader(&store);
    let found = |about: &str| {
        let filter = HistoryFilter {
            indicator: about.parse().ok(),
            ..everything()
        };
        let found = reader.entries(&filter, None, 10).unwrap();
        details(&found).join(" ")
    };
    assert_eq!(
        found("203.0.113.7"),
        "203.0.112.0/23 203.0.113.0/24 203.0.113.7"
    );
    assert_eq!(
        found("203.0.113.0/24"),
        "203.0.112.0/23 203.0.113.0/24 203.0.113.8 203.0.113.7"
    );
    assert_eq!(found("2001:db8::/32"), "2001:db8::7");
    assert_eq!(found("192.0.2.1"), "");
}

#[test]
fn a_time_begins_with_since_and_ends_before_until() {
    let (_directory, store) = store_with(5);
    let filter = HistoryFilter {
        since: Some(NOW + MINUTE),
        until: Some(NOW + MINUTE * 3),
        ..everything()
    };
    let found = reader(&store).entries(&filter, None, 10).unwrap();
    assert_eq!(details(&found), ["entry 2", "entry 1"]);
}

#[test]
fn entries_are_counted_by_type_source_and_day() {
    let (_directory, mut store) = store_with(3);
    let detected = HistoryEntry {
        threat_type: "port_scan".parse().ok(),
        kind: HistoryKind::Detected,
        actor: Actor::Detector,
        ..happened(0)
    };
    let started = HistoryEntry::new(NOW + HOUR * 24, HistoryKind::Started, Actor::Node);
    store
        .apply(&[Record::Happened(detected), Record::Happened(started)])
        .unwrap();
    let reader = reader(&store);
    let keys = |by| {
        let groups = reader.groups(&everything(), &by, 10).unwrap();
        let words = groups.iter().map(|it| {
            (
                it.key.clone(),
                it.entries,
                it.detections,
                it.blocks,
                it.indicators,
            )
        });
        words.collect::<Vec<_>>()
    };
    assert_eq!(
        keys(GroupBy::Type),
        [
            ("syn_flood".into(), 3, 0, 3, 3),
            ("port_scan".into(), 1, 1, 0, 1)
        ]
    );
    let peer = format!("peer:{}", node(7));
    assert_eq!(
        keys(GroupBy::Source),
        [
            (peer, 3, 0, 3, 3),
            ("detector".into(), 1, 1, 0, 1),
            ("node".into(), 1, 0, 0, 0)
        ]
    );
    let day = |at: Timestamp| at.to_string()[..10].to_owned();
    assert_eq!(
        keys(GroupBy::Day),
        [(day(NOW + HOUR * 24), 1, 0, 0, 0), (day(NOW), 4, 1, 3, 3)]
    );
    let limited = reader.groups(&everything(), &GroupBy::Source, 1).unwrap();
    assert_eq!(limited.len(), 1);
}

#[test]
fn entries_of_peers_are_counted_by_the_organisations_they_belong_to() {
    let (_directory, mut store) = store_with(3);
    let of_another = HistoryEntry {
        actor: Actor::Peer(node(8)),
        ..happened(1)
    };
    let of_nobody = HistoryEntry {
        actor: Actor::Peer(node(9)),
        ..happened(2)
    };
    store
        .apply(&[of_another, of_nobody].map(Record::Happened))
        .unwrap();
    let [a, b] = [1, 2].map(|it| OrganisationId::from_public_key([it; 32]));
    let members = vec![(node(7), a), (node(8), a), (node(8), b), (node(6), b)];
    let reader = reader(&store);
    let groups = |filter: HistoryFilter, members| {
        let by = GroupBy::Organisation(members);
        let groups = reader.groups(&filter, &by, 10).unwrap();
        let words = groups
            .iter()
            .map(|it| (it.key.clone(), it.entries, it.indicators));
        words.collect::<Vec<_>>()
    };
    assert_eq!(
        groups(everything(), members.clone()),
        [(a.to_string(), 4, 3), (b.to_string(), 1, 1)]
    );
    let later = HistoryFilter {
        since: Some(NOW + MINUTE * 2),
        ..everything()
    };
    assert_eq!(groups(later, members), [(a.to_string(), 1, 1)]);
    assert_eq!(groups(everything(), Vec::new()), []);
    // As many as there may be.
    let all: Vec<_> = (0..20_000).map(|_| (node(7), a)).collect();
    assert_eq!(groups(everything(), all)[0].0, a.to_string());
}

#[test]
fn what_is_too_old_goes_and_nothing_else() {
    let (_directory, store) = store_with(600);
    let keep_for = MINUTE * 10;
    let bounds = HistoryBounds {
        keep_for,
        ..UNBOUNDED
    };
    let syncer = store.syncer().unwrap().unwrap();
    syncer.keep_history(NOW + MINUTE * 599, &bounds).unwrap();
    let found = reader(&store).entries(&everything(), None, 100).unwrap();
    assert_eq!(found.len(), 11, "what is exactly as old as may be stays");
    assert_eq!(found[10].1, happened(589));
    assert_eq!(store.check().unwrap(), [""; 0]);
}

#[test]
fn rows_and_bytes_stay_within_their_bounds_and_the_oldest_goes() {
    for bounds in [
        HistoryBounds {
            rows_max: 100,
            ..UNBOUNDED
        },
        HistoryBounds {
            bytes_max: 20_000,
            ..UNBOUNDED
        },
    ] {
        let (_directory, store) = store_with(1000);
        let syncer = store.syncer().unwrap().unwrap();
        syncer.keep_history(NOW, &bounds).unwrap();
        let found = reader(&store).entries(&everything(), None, 1000).unwrap();
        assert!((80..=110).contains(&found.len()), "{} left", found.len());
        assert_eq!(found[0].1, happened(999));
        assert_eq!(store.check().unwrap(), [""; 0]);
        syncer.keep_history(NOW, &bounds).unwrap();
        let again = reader(&store).entries(&everything(), None, 1000).unwrap();
        assert_eq!(found, again, "once within its bounds it stays");
    }
}

#[test]
fn what_peers_say_pushes_out_nothing_but_what_peers_said() {
    let (_directory, path) = place();
    let mut store = Store::open(&path).unwrap();
    store.load(NOW).unwrap();
    let own = |number: u32| HistoryEntry {
        actor: Actor::User(0),
        ..happened(number)
    };
    let records: Vec<Record> = (0..40).map(|it| Record::Happened(own(it))).collect();
    store.apply(&records).unwrap();
    let flood: Vec<Record> = (40..2000)
        .map(|it| Record::Happened(happened(it)))
        .collect();
    store.apply(&flood).unwrap();
    let bounds = HistoryBounds {
        rows_max: 100,
        ..UNBOUNDED
    };
    let syncer = store.syncer().unwrap().unwrap();
    syncer.keep_history(NOW, &bounds).unwrap();
    let found = reader(&store).entries(&everything(), None, 1000).unwrap();
    let own = found.iter().filter(|(_, it)| it.actor == Actor::User(0));
    assert_eq!((found.len(), own.count()), (100, 40));
}

#[test]
fn a_row_that_says_nothing_is_skipped() {
    let (directory, store) = store_with(3);
    let connection = Connection::open(directory.path().join("node/store.db")).unwrap();
    connection
        .execute_batch("UPDATE history SET kind = 'sang' WHERE detail = 'entry 1'")
        .unwrap();
    let found = reader(&store).entries(&everything(), None, 10).unwrap();
    assert_eq!(details(&found), ["entry 2", "entry 0"]);
    connection
        .execute_batch("DELETE FROM history WHERE detail = 'entry 0'")
        .unwrap();
    assert_eq!(
        store.check().unwrap(),
        ["the history is not counted as it is"]
    );
}

#[test]
fn a_reader_sees_what_was_written_after_it_was_opened_and_changes_nothing() {
    let (_directory, mut store) = store_with(1);
    let reader = reader(&store);
    store
        .apply_unsynced(&[Record::Happened(happened(1))])
        .unwrap();
    let filter = HistoryFilter {
        indicator: Some(Indicator::host(
            std::net::Ipv4Addr::new(203, 0, 113, 1).into(),
        )),
        ..everything()
    };
    assert_eq!(reader.entries(&filter, None, 10).unwrap().len(), 1);
    assert!(Store::in_memory().unwrap().history().unwrap().is_none());
}

#[test]
fn the_audit_log_is_verified_while_it_grows() {
    let (_directory, mut store) = store_with(1);
    let reader = reader(&store);
    let verifying = std::thread::spawn(move || {
        let mut rows = 0;
        while rows < 400 {
            let report = reader.audit_verify().unwrap();
            assert_eq!((report.fault, report.rows), (None, report.last_seq));
            rows = report.rows;
        }
    });
    for number in 0..400 {
        store.apply_unsynced(&[audited(number)]).unwrap();
    }
    verifying.join().unwrap();
}
