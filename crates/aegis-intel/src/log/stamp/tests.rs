//! Times of every fashion, and what is none.

use proptest::prelude::*;

use super::*;

const NOON: u64 = 1_795_176_000; // 2026-11-20T12:00:00Z

#[test]
fn every_fashion_means_the_same_moment() {
    let noon = Some(Stamp::At(Timestamp::from_secs(NOON)));
    assert_eq!(Stamp::rfc3339("2026-11-20T12:00:00Z"), noon);
    assert_eq!(Stamp::rfc3339("2026-11-20T13:00:00.000999+01:00"), noon);
    assert_eq!(Stamp::rfc3339("2026-11-20T06:30:00-05:30"), noon);
    assert_eq!(Stamp::access("20/Nov/2026:13:00:00 +0100"), noon);
    let wall = Stamp::traditional("Nov 20 13:00:00").unwrap();
    let now = Timestamp::from_secs(NOON + 5);
    assert_eq!(Some(Stamp::At(wall.resolve(now, 3600))), noon);
    let millis = Stamp::rfc3339("2026-11-20T12:00:00.25Z");
    assert_eq!(
        millis,
        Some(Stamp::At(Timestamp::from_millis(NOON * 1000 + 250)))
    );
    assert_eq!(
        Timestamp::from_secs(NOON).to_string(),
        "2026-11-20T12:00:00Z"
    );
}

#[test]
fn a_year_that_is_not_written_is_the_nearest() {
    let eve = Stamp::traditional("Dec 31 23:59:59").unwrap();
    let new_year = Stamp::rfc3339("2027-01-01T00:00:10Z")
        .unwrap()
        .resolve(Timestamp::EPOCH, 0);
    assert_eq!(eve.resolve(new_year, 0).to_string(), "2026-12-31T23:59:59Z");
    let first = Stamp::traditional("Jan  1 00:00:01").unwrap();
    let before = eve.resolve(new_year, 0);
    assert_eq!(first.resolve(before, 0).to_string(), "2027-01-01T00:00:01Z");
}

#[test]
fn leap_years_are_counted() {
    for (text, shown) in [
        ("2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"),
        ("2000-03-01T00:00:00Z", "2000-03-01T00:00:00Z"),
        ("2100-12-31T23:59:60Z", "2100-12-31T23:59:59Z"),
    ] {
        let at = Stamp::rfc3339(text).unwrap().resolve(Timestamp::EPOCH, 0);
        assert_eq!(at.to_string(), shown);
    }
}

#[test]
fn what_is_no_time_is_none() {
    for text in [
        "",
        "2026-11-20 12:00:00Z",
        "2026-13-20T12:00:00Z",
        "2026-11-20T25:00:00Z",
        "2026-11-20T12:00:00",
        "2026-11-20T12:00:00+0a:00",
    ] {
        assert_eq!(Stamp::rfc3339(text), None, "{text}");
    }
    for text in [
        "Nov 20 1:00:00",
        "Foo 20 01:00:00",
        "Nov 32 01:00:00",
        "Nov 20 01:00:00x",
    ] {
        assert_eq!(Stamp::traditional(text), None, "{text}");
    }
    for text in [
        "",
        "20/Nov/2026:13:00:00",
        "20/Nov/2026:13:00:00 0100x",
        "20-Nov-2026:13:00:00 +0100",
    ] {
        assert_eq!(Stamp::access(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_is_too_strange(text: String) {
        let _ = (Stamp::rfc3339(&text), Stamp::traditional(&text), Stamp::access(&text));
    }
}
