//! Tests of what is recalled of a publication.

use std::time::Duration;

use proptest::prelude::*;

use super::*;

const T0: Timestamp = Timestamp::from_secs(1_800_000_000);
const MINUTE: Duration = Duration::from_secs(60);

fn entry(indicator: &str, expires_at: Timestamp) -> Entry {
    Entry {
        indicator: indicator.parse().unwrap(),
        threat_type: "brute_force".parse().unwrap(),
        severity: Severity::new(5).unwrap(),
        origin: "detector",
        decided_at: T0,
        expires_at,
    }
}

fn recalled<'a>(lines: impl IntoIterator<Item = &'a str>) -> Option<Publication> {
    let mut recall = Recall::default();
    for line in lines {
        if recall.take(line).is_err() {
            break;
        }
    }
    recall.finish(Publication::new(T0, b"secret").event())
}

/// Returns everything that is shown and taken back, as text, with what a client goes on from.
fn state(it: &Publication) -> String {
    format!("{it:?}")
}

#[test]
fn what_was_taken_back_is_still_told_of_after_a_restart() {
    let none = HashSet::new();
    let entries = vec![
        entry("203.0.113.5", T0 + MINUTE),
        entry("203.0.113.7", T0 + MINUTE),
        entry("2001:db8::/64", T0 + MINUTE),
    ];
    let begun = Publication::new(T0, b"secret");
    let begun = begun.renewed(T0, entries.clone(), &none).unwrap();
    let known = begun.last_added_at;
    let gone = begun.renewed(T0, entries[1..].to_vec(), &none).unwrap();
    let mut lines: Vec<String> = begun.kept().collect();
    lines.extend(gone.kept_since(&begun));
    let again = recalled(lines.iter().map(String::as_str)).unwrap();
    assert_eq!(state(&again), state(&gone));
    // While the node was down, another one was taken back.
    let later = again.renewed(T0, entries[2..].to_vec(), &none).unwrap();
    let news: Vec<_> = later
        .added_after(known)
        .map(|(it, is_gone)| (it.entry.indicator.to_string(), is_gone))
        .collect();
    let gone = |text: &str| (text.to_owned(), true);
    assert_eq!(news, [gone("203.0.113.5"), gone("203.0.113.7")]);
}

#[test]
fn what_a_crash_cut_off_or_damaged_counts_for_nothing() {
    let none = HashSet::new();
    let begun = Publication::new(T0, b"secret");
    let one = vec![entry("203.0.113.5", T0 + MINUTE)];
    let begun = begun.renewed(T0, one, &none).unwrap();
    let gone = begun.renewed(T0, Vec::new(), &none).unwrap();
    let first: Vec<String> = begun.kept().collect();
    let mut all = first.clone();
    all.extend(gone.kept_since(&begun));
    for (count, next) in all.iter().enumerate().skip(first.len()) {
        let half = &next[..next.len() / 2];
        let lines = all[..count].iter().map(String::as_str);
        let again = recalled(lines.chain([half])).unwrap();
        assert_eq!(state(&again), state(&begun));
    }
    let head = first[0].as_str();
    let put = first[1].as_str();
    let mark = first[2].as_str();
    assert!(recalled([head, mark]).is_some());
    for lines in [
        vec![],
        vec![""],
        vec![head],
        vec![head, put],
        vec![mark],
        vec!["aegis published 2 1", mark],
        vec!["aegis published 1 18446744073709551615", mark],
        vec![head, "= 18446744073709551615 0 0"],
        vec![head, "= 1 1"],
        vec![head, "= 1 1 1 1"],
        vec![head, "? 1", mark],
        vec![head, "+ 203.0.113.5 x 11 peers 0 0 0 0", mark],
        vec![head, "+ 203.0.113.5 x 5 nobody 0 0 0 0", mark],
        vec![head, "+ 203.0.113.500 x 5 peers 0 0 0 0", mark],
    ] {
        assert!(recalled(lines.iter().copied()).is_none(), "{lines:?}");
    }
}

proptest! {
    /// Whatever is renewed, recalling the lines gives the same, and a client sees no difference.
    #[test]
    fn lines_of_changes_make_the_publication_again(
        lists in proptest::collection::vec(proptest::collection::btree_map(0_u8..8, (0_u64..3, 1_u64..9), 0..6), 1..8)
    ) {
        let mut publication = Publication::new(T0, b"secret");
        let mut lines: Vec<String> = publication.kept().collect();
        for (round, list) in (0_u32..).zip(lists) {
            let entries = list.iter().map(|(host, (decided, ends))| Entry {
                decided_at: T0 + MINUTE * u32::try_from(*decided).unwrap(),
                ..entry(&format!("203.0.113.{host}"), T0 + MINUTE * u32::try_from(*ends).unwrap())
            });
            let hidden = list.keys().filter(|it| *it % 3 == 0);
            let hidden = hidden.map(|it| format!("203.0.113.{it}").parse().unwrap()).collect();
            let now = T0 + MINUTE * (round % 5);
            if let Some(next) = publication.renewed(now, entries.collect(), &hidden) {
                lines.extend(next.kept_since(&publication));
                publication = next;
            }
            let again = recalled(lines.iter().map(String::as_str)).unwrap();
            prop_assert_eq!(state(&again), state(&publication));
            let anew: Vec<String> = publication.kept().collect();
            let anew = recalled(anew.iter().map(String::as_str)).unwrap();
            prop_assert_eq!(state(&anew), state(&publication));
        }
    }

    #[test]
    fn any_lines_are_read_or_refused(lines in proptest::collection::vec("[+x=-] [0-9a-f:. ]{0,60}|.{0,40}", 0..8)) {
        let head = "aegis published 1 7".to_owned();
        let lines = std::iter::once(head).chain(lines).chain(std::iter::once("= 9 9 9".to_owned()));
        let lines: Vec<String> = lines.collect();
        let mut recall = Recall::default();
        for line in &lines {
            let _ = recall.take(line);
        }
        let publication = recall.finish(Publication::new(T0, b"secret").event());
        let none = HashSet::new();
        prop_assert!(publication.is_some_and(|it| it.renewed(T0, Vec::new(), &none).is_some()));
    }
}
