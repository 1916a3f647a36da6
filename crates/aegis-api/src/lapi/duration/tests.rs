//! Tests of Go's durations.

use std::time::Duration;

use super::{GoDuration, parse_duration};

#[test]
fn reads_what_go_writes() {
    check("4h", Some(14_400.0));
    check("4h0m0s", Some(14_400.0));
    check("9m51.760436274s", Some(591.760436274));
    check("1.5h", Some(5_400.0));
    check("300ms", Some(0.3));
    check("15us", Some(0.000_015));
    check("15µs", Some(0.000_015));
    check("0", Some(0.0));
    check("-3h59m", Some(0.0));
    check("+1s", Some(1.0));
}

#[test]
fn reads_nothing_else() {
    for text in [
        "", "-", "4", "h", "4d", "1..5s", ".s", "4h ", "nan", "inf", "9e99h", "½s",
    ] {
        check(text, None);
    }
    check(&"9".repeat(400), None);
    check(&format!("{}h", "9".repeat(60)), None);
}

#[test]
fn writes_what_go_writes() {
    for (secs, text) in [
        (0, "0s"),
        (59, "59s"),
        (60, "1m0s"),
        (3_600, "1h0m0s"),
        (14_399, "3h59m59s"),
        (604_800, "168h0m0s"),
    ] {
        assert_eq!(GoDuration(Duration::from_secs(secs)).to_string(), text);
    }
}

#[track_caller]
fn check(text: &str, secs: Option<f64>) {
    let found = parse_duration(text).map(|it| it.as_secs_f64());
    match (found, secs) {
        (Some(found), Some(secs)) => assert!((found - secs).abs() < 1e-6, "{text}: {found}"),
        (found, secs) => assert_eq!(found, secs, "{text}"),
    }
}
