//! Numbers and times look as a person reads them.

use std::time::Duration;

use aegis_api::Timestamp;

use super::{Bytes, Count, Encoded, Short, Span, ago, clock, day, floor, left};

#[test]
fn counts_have_their_thousands_apart() {
    for (number, whole, short) in [
        (0, "0", "0"),
        (999, "999", "999"),
        (1_000, "1,000", "1.0k"),
        (9_949, "9,949", "9.9k"),
        (9_950, "9,950", "10k"),
        (123_456, "123,456", "123k"),
        (999_499, "999,499", "999k"),
        (999_500, "999,500", "1.0M"),
        (u64::MAX, "18,446,744,073,709,551,615", "18E"),
    ] {
        assert_eq!(Count(number).to_string(), whole);
        assert_eq!(Short(number).to_string(), short);
    }
}

#[test]
fn bytes_are_told_in_their_unit() {
    for (number, text) in [
        (0, "0 B"),
        (999, "999 B"),
        (1_024, "1.0 KiB"),
        (20_000_000, "19 MiB"),
    ] {
        assert_eq!(Bytes(number).to_string(), text);
    }
}

#[test]
fn spans_have_two_units_at_most() {
    for (secs, text) in [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (95, "1 min 35 s"),
        (3_599, "59 min"),
        (3_660, "1 h 1 min"),
        (90_000, "1 d 1 h"),
        (900_000, "10 d"),
    ] {
        assert_eq!(Span(secs).to_string(), text);
    }
}

#[test]
fn times_are_told_from_now() {
    let now = Timestamp::from_millis(1_795_176_000_250);
    let then = now - Duration::from_secs(90);
    assert_eq!(
        ago(then, now).into_text(),
        "<time datetime=\"2026-11-20T11:58:30Z\" title=\"2026-11-20T11:58:30Z\">1 min 30 s ago</time>"
    );
    assert!(ago(now, now).into_text().contains(">now<"));
    assert!(
        left(now + Duration::from_millis(1), now)
            .into_text()
            .contains(">1 s<")
    );
    assert_eq!((clock(now), day(now)), ("12:00".into(), "20 Nov".into()));
    let hour = Duration::from_secs(3600);
    assert_eq!(floor(then, hour).to_string(), "2026-11-20T11:00:00Z");
}

#[test]
fn what_stands_in_a_query_cannot_leave_it() {
    assert_eq!(
        Encoded("2001:db8::/32&x=<").to_string(),
        "2001%3Adb8%3A%3A%2F32%26x%3D%3C"
    );
}
