//! Tests of what was shown since when.

use aegis_core::Severity;

use super::*;

const T0: Timestamp = Timestamp::from_secs(1_800_000_000);
const MINUTE: Duration = Duration::from_secs(60);

fn entry(indicator: &str, decided_at: Timestamp, expires_at: Timestamp) -> Entry {
    Entry {
        indicator: indicator.parse().unwrap(),
        threat_type: "bot".parse().unwrap(),
        severity: Severity::new(5).unwrap(),
        origin: "detector",
        decided_at,
        expires_at,
    }
}

fn begun() -> Publication {
    let entries = vec![
        entry("198.51.100.9", T0, T0 + MINUTE),
        entry("203.0.113.7", T0, T0 + 10 * MINUTE),
        entry("2001:db8::/64", T0, T0 + 10 * MINUTE),
    ];
    let before = Publication::new(T0, b"secret");
    before.renewed(T0, entries, &HashSet::new()).unwrap()
}

fn entries_of(publication: &Publication) -> Vec<Entry> {
    let shown = publication.shown.iter();
    shown.map(|it| it.entry.clone()).collect()
}

fn since(publication: &Publication, added_at: u64) -> Vec<(String, bool)> {
    let added = publication.added_after(added_at);
    added
        .map(|(it, is_revoked)| (it.entry.indicator.to_string(), is_revoked))
        .collect()
}

#[test]
fn the_same_list_is_no_news() {
    let publication = begun();
    let entries = entries_of(&publication);
    let again = publication.renewed(T0 + MINUTE, entries, &HashSet::new());
    assert!(again.is_none());
}

#[test]
fn what_is_new_comes_after_all_that_was_there_and_no_two_have_the_same_time() {
    let publication = begun();
    let all = since(&publication, 0);
    assert_eq!(all.len(), 3);
    assert!(since(&publication, publication.last_added_at).is_empty());
    assert_eq!(since(&publication, publication.shown[0].added_at).len(), 2);
    let mut entries = entries_of(&publication);
    entries.insert(1, entry("203.0.113.5", T0, T0 + MINUTE));
    // The clock was set back meanwhile.
    let next = publication
        .renewed(T0 - MINUTE, entries, &HashSet::new())
        .unwrap();
    let news = since(&next, publication.last_added_at);
    assert_eq!(news, [("203.0.113.5".to_owned(), false)]);
    assert_ne!(next.tag(), publication.tag());
}

#[test]
fn what_is_taken_back_is_told_until_it_would_have_ended() {
    let publication = begun();
    let left = vec![publication.shown[2].entry.clone()];
    let now = T0 + 2 * MINUTE; // the first has ended by itself
    let next = publication.renewed(now, left, &HashSet::new()).unwrap();
    let news = since(&next, publication.last_added_at);
    assert_eq!(news, [("203.0.113.7".to_owned(), true)]);
    assert_eq!(next.withdrawn[0].modified_at, now);
    assert_eq!(next.withdrawn[0].id, publication.shown[1].id);
    let later = next
        .renewed(T0 + 11 * MINUTE, Vec::new(), &HashSet::new())
        .unwrap();
    assert!(since(&later, 0).is_empty());
}

#[test]
fn what_is_hidden_is_not_taken_back() {
    let publication = begun();
    let entries = vec![publication.shown[0].entry.clone()];
    let hidden = HashSet::from(["203.0.113.7".parse().unwrap()]);
    let next = publication.renewed(T0, entries, &hidden).unwrap();
    let news = since(&next, publication.last_added_at);
    assert_eq!(news, [("2001:db8::/64".to_owned(), true)]);
}

#[test]
fn a_decision_that_ends_later_is_another_version_and_another_decision_another_object() {
    let publication = begun();
    let mut entries = entries_of(&publication);
    entries[0].expires_at = T0 + 5 * MINUTE;
    entries[1].decided_at = T0 + MINUTE;
    let now = T0 + MINUTE;
    let next = publication.renewed(now, entries, &HashSet::new()).unwrap();
    let ids = |it: &Publication| it.shown.iter().map(|it| it.id).collect::<Vec<_>>();
    let (old, new) = (ids(&publication), ids(&next));
    assert_eq!((old[0], old[2]), (new[0], new[2]));
    assert_ne!(old[1], new[1]);
    assert_eq!(next.shown[0].modified_at, now);
    let news = since(&next, publication.last_added_at);
    assert_eq!(news.len(), 2);
    assert!(news.iter().all(|it| !it.1));
}

#[test]
fn no_more_is_remembered_than_there_is_room_for() {
    let count = u32::try_from(WITHDRAWN_MAX).unwrap() + 5;
    let entries = (0..count).map(|it| {
        let address = std::net::Ipv4Addr::from(0x0b00_0000 + it).to_string();
        entry(&address, T0, T0 + MINUTE)
    });
    let before = Publication::new(T0, b"secret");
    let full = before
        .renewed(T0, entries.collect(), &HashSet::new())
        .unwrap();
    let empty = full.renewed(T0, Vec::new(), &HashSet::new()).unwrap();
    let left = since(&empty, 0);
    assert_eq!(left.len(), WITHDRAWN_MAX);
    assert_eq!(left[0].0, "11.0.0.5");
}

#[test]
fn what_comes_back_is_not_taken_back_any_more() {
    let publication = begun();
    let entries = entries_of(&publication);
    let gone = publication
        .renewed(T0, Vec::new(), &HashSet::new())
        .unwrap();
    assert_eq!(since(&gone, 0).len(), 3);
    let back = gone.renewed(T0, entries, &HashSet::new()).unwrap();
    assert!(since(&back, 0).iter().all(|it| !it.1));
}

#[test]
fn every_version_is_newer_than_the_one_before_although_the_clock_was_set_back() {
    let publication = begun();
    let entries = || entries_of(&publication);
    let last = |it: &Publication| {
        let newest = it.added_after(publication.last_added_at);
        newest.map(|it| it.0.modified_at).max().unwrap()
    };
    let early = T0 - 10 * MINUTE;
    let none = HashSet::new();
    let gone = publication.renewed(early, Vec::new(), &none).unwrap();
    assert!(last(&gone) > T0, "or it is the version that holds");
    let back = gone.renewed(early, entries(), &none).unwrap();
    assert!(last(&back) > last(&gone), "or it is taken back for good");
    let mut later = entries();
    later[0].expires_at = T0 + 9 * MINUTE;
    let longer = back.renewed(early, later, &none).unwrap();
    assert!(last(&longer) > last(&back));
}

#[test]
fn a_decision_that_gives_way_to_a_shorter_one_is_taken_back() {
    let publication = begun();
    let mut entries = entries_of(&publication);
    entries[1] = entry("203.0.113.7", T0 - MINUTE, T0 + 5 * MINUTE);
    let next = publication.renewed(T0, entries, &HashSet::new()).unwrap();
    let news = since(&next, publication.last_added_at);
    let name = "203.0.113.7".to_owned();
    assert_eq!(news, [(name.clone(), true), (name, false)]);
    assert_eq!(next.withdrawn[0].id, publication.shown[1].id);
}
