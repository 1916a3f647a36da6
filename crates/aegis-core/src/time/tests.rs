//! Tests of `time`.

use super::*;

#[test]
fn writes_rfc_3339() {
    check(0, "1970-01-01T00:00:00Z");
    check(951_782_399, "2000-02-28T23:59:59Z");
    check(951_782_400, "2000-02-29T00:00:00Z");
    check(1_709_164_800, "2024-02-29T00:00:00Z");
    check(1_795_132_800, "2026-11-20T00:00:00Z");
    check(4_107_542_400, "2100-03-01T00:00:00Z");
}

#[test]
fn saturates_at_both_ends() {
    assert_eq!(Timestamp::EPOCH - Duration::from_secs(1), Timestamp::EPOCH);
    let end = Timestamp::from_millis(u64::MAX);
    assert_eq!(end + Duration::MAX, end);
    assert_eq!(Timestamp::from_secs(u64::MAX), end);
    assert_eq!(Timestamp::EPOCH.since(end), Duration::ZERO);
}

#[track_caller]
fn check(secs: u64, expected: &str) {
    assert_eq!(Timestamp::from_secs(secs).to_string(), expected);
}
