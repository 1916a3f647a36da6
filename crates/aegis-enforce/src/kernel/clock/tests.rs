//! Tests that no rounding makes a block end early.

use super::*;

const T0: Timestamp = Timestamp::from_secs(1_800_000_000);

fn ticks(hz: u64) -> Ticks {
    Ticks {
        jiffies: 4_294_900_000,
        now: T0,
        hz,
    }
}

#[test]
fn a_block_never_ends_early_nor_two_ticks_late() {
    for hz in [100, 250, 300, 1000] {
        let ticks = ticks(hz);
        for millis in [1, 3, 4, 5, 999, 1000, 1001, 86_400_000] {
            let deadline = ticks.deadline(T0 + Duration::from_millis(millis));
            // The current tick may have begun a whole tick ago: that one does not count.
            let whole = (deadline - ticks.jiffies - 1) * 1_000_000 / hz;
            assert!(whole >= millis * 1000, "{hz} Hz, {millis} ms: early");
            assert!(
                whole < millis * 1000 + 1_000_000 / hz,
                "{hz} Hz, {millis} ms: late"
            );
        }
    }
}

#[test]
fn what_is_over_has_no_deadline() {
    assert_eq!(ticks(250).deadline(T0), 0);
    assert_eq!(ticks(250).deadline(T0 - Duration::from_secs(1)), 0);
}

#[test]
fn the_end_of_time_does_not_overflow() {
    let deadline = ticks(1000).deadline(Timestamp::from_millis(u64::MAX));
    assert!(deadline > ticks(1000).jiffies);
}

#[test]
fn a_jiffy_is_a_moment_before_and_after_now() {
    let ticks = ticks(250);
    assert_eq!(ticks.timestamp(ticks.jiffies), T0);
    assert_eq!(
        ticks.timestamp(ticks.jiffies + 250),
        T0 + Duration::from_secs(1)
    );
    assert_eq!(
        ticks.timestamp(ticks.jiffies - 250),
        T0 - Duration::from_secs(1)
    );
}

#[test]
fn the_tick_rate_is_one_that_kernels_have() {
    assert!((24..=10_000).contains(&ticks_per_second()));
}
