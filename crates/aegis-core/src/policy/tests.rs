//! Tests of `policy`.

use super::*;

#[test]
fn severity_grows_with_the_rate() {
    let policy = Policy::default();
    let check = |rate, expected| assert_eq!(policy.severity_of(rate).value(), expected, "{rate}");
    check(0, 5);
    check(199, 5);
    check(200, 6);
    check(4_999, 7);
    check(100_000, 10);
    check(u32::MAX, 10);
}

#[test]
fn each_violation_doubles_the_block_up_to_a_day() {
    let policy = Policy::default();
    let check = |severity, violation, secs| {
        let severity = Severity::new(severity).unwrap();
        assert_eq!(
            policy.block_time(severity, violation).as_secs(),
            secs,
            "{severity} {violation}"
        );
    };
    check(1, 1, 60);
    check(5, 1, 300);
    check(5, 2, 600);
    check(5, 9, 76_800);
    check(5, 10, 86_400);
    check(10, u32::MAX, 86_400);
}
