//! Ends around every place where they wrap.

use super::*;

const HALF: u64 = 1 << 22;
/// Moments of every part of the range that an end wraps in.
const NOWS: [u64; 5] = [3, HALF - 1, HALF, HALF + 70_000, (1 << 23) - 1];

#[test]
fn what_is_over_already_is_over_whenever_it_is_written() {
    for now in NOWS {
        for ago in [0, 1, 3, now] {
            let (end, is_clipped) = end_at(now - ago, now);
            assert!(!end.is_after(Expiry::new(now)), "{ago} before {now}");
            assert!(!is_clipped);
        }
    }
}

#[test]
fn an_end_is_as_asked_for_as_far_as_an_entry_can_say() {
    for now in NOWS {
        for (ahead, said) in [
            (1, 1),
            (HALF - 1, HALF - 1),
            (HALF, HALF - 1),
            (HALF * 5, HALF - 1),
        ] {
            let (end, is_clipped) = end_at(now + ahead, now);
            assert_eq!(u64::from(end.ahead_of(Expiry::new(now))), said);
            assert_eq!(is_clipped, ahead != said);
        }
    }
}

/// Checks how many units are left of `ahead` after a move.
#[track_caller]
fn check(ahead: u64, by: i64, left: u64) {
    for now in NOWS {
        let end = moved(Expiry::new(now + ahead), by, now);
        assert_eq!(u64::from(end.ahead_of(Expiry::new(now))), left, "at {now}");
    }
}

#[test]
fn a_moved_end_never_wraps() {
    check(1800, -900, 900);
    check(1800, 900, 2700);
    check(1800, -1800, 0);
    check(1800, -600_000, 0);
    check(1800, i64::MIN, 0);
    check(HALF - 1, 1, HALF - 1);
    check(HALF - 1, i64::MAX, HALF - 1);
}

#[test]
fn what_is_over_stays_over_when_the_clock_steps_back() {
    check(0, 1800, 0);
}
