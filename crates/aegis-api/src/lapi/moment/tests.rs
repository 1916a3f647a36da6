//! Tests of reading and showing times.

use super::{GoMoment, parse_moment};

#[test]
fn reads_both_ways_that_agents_write_a_time() {
    let utc = "2026-11-20 17:34:26 +0000 UTC";
    check("2026-11-20T17:34:26Z", utc);
    check("2026-11-20T17:34:26.987654321Z", utc);
    check("2026-11-20T18:34:26+01:00", utc);
    check("2026-11-20T12:04:26-05:30", utc);
    check("2026-11-20 17:34:26 +0000 UTC", utc);
    check("2026-11-20 17:34:26.5 +0000 UTC", utc);
    check("2026-11-20 18:34:26.123456 +0100 CET", utc);
}

#[test]
fn reads_nothing_else() {
    for text in [
        "",
        "2026-11-20",
        "2026-11-20T17:34:26",
        "2026-11-20T17:34:26+1",
        "2026-11-20T17:34:26+01:0x",
        "2026-13-20T17:34:26Z",
        "2026-11-31T17:34:26Z",
        "1970-01-01T00:00:00+01:00",
        "ääääääääääääääääääää",
    ] {
        assert_eq!(parse_moment(text), None, "{text}");
    }
}

#[track_caller]
fn check(text: &str, shown: &str) {
    let moment = parse_moment(text);
    assert_eq!(
        moment.map(|it| GoMoment(it).to_string()).as_deref(),
        Some(shown),
        "{text}"
    );
}
