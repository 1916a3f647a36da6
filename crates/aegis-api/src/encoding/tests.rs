//! Times and checked values survive JSON, and wrong ones do not get in.

use aegis_core::{Confidence, Score, Timestamp};
use serde::{Deserialize, Serialize};

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

/// The numbers of reports.
#[derive(Debug, Deserialize, PartialEq, Serialize)]
struct Numbers {
    #[serde(with = "super::score")]
    score: Score,
    #[serde(with = "super::confidence")]
    confidence: Confidence,
    #[serde(with = "super::number")]
    number: f64,
}

#[test]
fn a_number_that_json_does_not_have_is_one_that_it_has() {
    for (number, expected) in [
        (1.5, 1.5),
        (-0.25, -0.25),
        (f64::INFINITY, f64::MAX),
        (f64::NEG_INFINITY, f64::MIN),
        (f64::NAN, 0.0),
        (-0.0, 0.0),
    ] {
        let numbers = Numbers {
            score: Score::BENIGN,
            confidence: Confidence::FULL,
            number,
        };
        let json = serde_json::to_string(&numbers).expect("serialises");
        let read: Numbers = serde_json::from_str(&json).expect("is read back");
        assert_eq!(read.number, expected, "{json}");
        assert!(!json.contains("-0.0"), "{json}");
        assert_eq!(
            (read.score, read.confidence),
            (Score::BENIGN, Confidence::FULL)
        );
    }
}

#[test]
fn a_number_outside_its_limits_does_not_get_in() {
    let json = |score: &str, confidence: &str, number: &str| {
        format!(r#"{{"score":{score},"confidence":{confidence},"number":{number}}}"#)
    };
    for (text, says) in [
        (json("-1", "0", "0"), None),
        (json("1", "1", "-1e308"), None),
        (json("1.0001", "0", "0"), Some("from -1 to 1")),
        (json("-1.0001", "0", "0"), Some("from -1 to 1")),
        (json("0", "1.0001", "0"), Some("from 0 to 1")),
        (json("0", "-0.0001", "0"), Some("from 0 to 1")),
        (json("0", "0", "1e999"), Some("out of range")),
        (json("NaN", "0", "0"), Some("expected value")),
        (json("0", "0", "null"), Some("invalid type")),
    ] {
        let read = serde_json::from_str::<Numbers>(&text);
        match says {
            None => assert!(read.is_ok(), "{text}: {read:?}"),
            Some(says) => {
                let error = read.expect_err(&text).to_string();
                assert!(error.contains(says), "{text}: {error}");
            }
        }
    }
}

#[track_caller]
fn check(text: &str, millis: Option<u64>) {
    assert_eq!(parse(text), millis.map(Timestamp::from_millis), "{text}");
}
