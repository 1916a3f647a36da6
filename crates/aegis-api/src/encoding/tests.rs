//! Times and checked values survive JSON, and wrong ones do not get in.

use aegis_core::Timestamp;

use super::rfc3339::{Millis, parse};

#[test]
fn a_time_is_read_back_as_it_was_written() {
    for millis in [
        0,
        1,
        951_782_399_999,   // 2000-02-28T23:59:59.999Z
        951_868_799_000,   // 2000-02-29T23:59:59Z
        4_107_542_400_000, // 2100-03-01T00:00:00Z
        1_795_176_000_250,
    ] {
        let time = Timestamp::from_millis(millis);
        let text = Millis(time).to_string();
        assert_eq!(parse(&text), Some(time), "{text}");
    }
}

#[test]
fn a_time_shows_its_milliseconds() {
    check("2026-11-20T12:00:00.250Z", Some(1_795_176_000_250));
    check("2026-11-20T12:00:00Z", Some(1_795_176_000_000));
    check("1970-01-01T00:00:00.000Z", Some(0));
}

#[test]
fn what_is_no_time_is_refused() {
    for text in [
        "",
        "Z",
        "2026-11-20",
        "2026-11-20T12:00:00",
        "2026-11-20T12:00:00+00:00",
        "2026-11-20T12:00:00.25Z",
        "2026-11-20T24:00:00Z",
        "2026-11-20T12:60:00Z",
        "2026-13-20T12:00:00Z",
        "2026-02-30T12:00:00Z",
        "2025-02-29T12:00:00Z",
        "1969-12-31T23:59:59Z",
        "2026-11-20-01T12:00:00Z",
        "+026-11-20T12:00:00Z",
        "2026-11-20T12:00:00.0é0Z",
        "é026-11-20T12:00:00Z",
    ] {
        check(text, None);
    }
}

#[track_caller]
fn check(text: &str, millis: Option<u64>) {
    assert_eq!(parse(text), millis.map(Timestamp::from_millis), "{text}");
}
