//! Tests of the file with what was shown.

use std::{collections::HashSet, time::Duration};

use aegis_core::{Severity, Timestamp};
use aegis_intel::export::Entry;

use super::*;

const T0: Timestamp = Timestamp::from_secs(1_800_000_000);

fn entries(hosts: std::ops::Range<u8>) -> Vec<Entry> {
    let entries = hosts.map(|host| Entry {
        indicator: aegis_core::Indicator::host([203, 0, 113, host].into()),
        threat_type: "bot".parse().expect("a threat type"),
        severity: Severity::MAX,
        origin: "operator",
        decided_at: T0,
        expires_at: T0 + Duration::from_secs(3_600),
    });
    entries.collect()
}

fn renewed(before: &Publication, hosts: std::ops::Range<u8>) -> Arc<Publication> {
    let next = before.renewed(T0, entries(hosts), &HashSet::new());
    Arc::new(next.expect("another list"))
}

/// Returns what a client would be told by a node that starts now.
fn told(kept: &Kept, event: Uuid) -> Vec<(String, bool)> {
    let read = kept.read(event).expect("readable").expect("there");
    let told = read.added_after(0);
    told.map(|(it, is_gone)| (it.entry.indicator.to_string(), is_gone))
        .collect()
}

#[test]
fn the_file_says_what_is_shown_after_every_write() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut kept = Kept::new(dir.path());
    let begun = Publication::new(T0, b"secret");
    let event = begun.event();
    assert!(kept.read(event).expect("readable").is_none());
    let first = renewed(&begun, 0..3);
    kept.write(&first).expect("written");
    let second = renewed(&first, 1..3);
    kept.write(&second).expect("added");
    kept.write(&second).expect("nothing to do");
    let word = |host: u8, is_gone| (format!("203.0.113.{host}"), is_gone);
    assert_eq!(
        told(&kept, event),
        [word(1, false), word(2, false), word(0, true)]
    );
    // Cut off in the middle of what is added, the file says what it did before.
    let path = dir.path().join(NAME);
    let mut text = fs::read(&path).expect("readable");
    text.extend(b"x 203.0.113.1 1800000000000\n= 1 1 1");
    fs::write(&path, &text).expect("written");
    assert_eq!(told(&kept, event).len(), 3);
    fs::write(&path, "aegis published 1 7\n").expect("written");
    assert!(kept.read(event).is_err());
}

#[test]
fn the_file_does_not_grow_for_ever_and_a_write_that_failed_is_made_good() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut kept = Kept::new(dir.path());
    let mut shown = Arc::new(Publication::new(T0, b"secret"));
    let mut lines_max = 0;
    for round in 0..100 {
        shown = renewed(&shown, if round % 2 == 0 { 0..100 } else { 100..200 });
        kept.write(&shown).expect("written");
        let text = fs::read_to_string(dir.path().join(NAME)).expect("readable");
        lines_max = lines_max.max(text.lines().count());
    }
    assert!(lines_max < 3 * ADDED_MIN, "{lines_max}");
    let event = shown.event();
    let read = kept.read(event).expect("readable").expect("there");
    assert_eq!(format!("{read:?}"), format!("{shown:?}"));
    // Somebody took the file away, so that nothing can be added to it.
    fs::remove_file(dir.path().join(NAME)).expect("removed");
    let next = renewed(&shown, 0..1);
    assert!(kept.write(&next).is_err());
    kept.write(&next).expect("written anew");
    let read = kept.read(event).expect("readable").expect("there");
    assert_eq!(format!("{read:?}"), format!("{next:?}"));
}
