//! Points in time are read as people write them.

use std::time::Duration;

use aegis_core::Timestamp;

use super::{Moment, RawHistoryQuery};

const NOW: Timestamp = Timestamp::from_secs(1_795_176_000); // 2026-11-20T12:00:00Z

#[test]
fn a_moment_is_so_long_ago_or_a_time_or_a_day() {
    check("90s", Moment::Ago(90));
    check("15m", Moment::Ago(900));
    check("2h", Moment::Ago(7200));
    check("7d", Moment::Ago(7 * 86_400));
    check("4w", Moment::Ago(28 * 86_400));
    check("2026-11-20T12:00:00Z", Moment::At(NOW));
    check(
        "2026-11-20",
        Moment::At(NOW - Duration::from_secs(12 * 3600)),
    );
    for text in [
        "",
        "7",
        "d",
        "-7d",
        "7y",
        "2026-13-01",
        "yesterday",
        "é",
        "99999999999999999999d",
        "9999999999999999999w",
    ] {
        assert!(text.parse::<Moment>().is_err(), "{text}");
    }
}

#[track_caller]
fn check(text: &str, expected: Moment) {
    let moment: Moment = text.parse().expect("a moment");
    assert_eq!(moment, expected, "{text}");
    assert_eq!(moment.to_string().parse(), Ok(moment), "it reads back");
}

#[test]
fn the_longest_ago_is_the_beginning_of_time() {
    assert_eq!(Moment::Ago(u64::MAX).at(NOW), Timestamp::EPOCH);
    assert_eq!(Moment::Ago(60).at(NOW), NOW - Duration::from_secs(60));
}

#[test]
fn a_limit_over_the_most_is_brought_down_and_none_is_refused() {
    let query = |limit| RawHistoryQuery {
        limit: Some(limit),
        ..RawHistoryQuery::default()
    };
    for (limit, kept) in [(1, 1), (5000, 5000), (5001, 5000), (u32::MAX, 5000)] {
        let page = query(limit).entries().expect("a query").page;
        assert_eq!(page.limit(), kept, "{limit}");
    }
    assert_eq!(query(0).entries().map_err(|it| it.0), Err("limit"));
    assert_eq!(query(1).groups().map_err(|it| it.0), Err("by"));
}
