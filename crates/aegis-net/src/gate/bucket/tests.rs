//! A bucket gives its burst, then its rate, whatever the clock does.

use proptest::prelude::*;

use super::*;

const QUOTA: Quota = Quota {
    burst: 5,
    per_second: 2,
};

const T0: u64 = 1_000_000;

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(T0 + millis)
}

fn taken(bucket: &mut TokenBucket, millis: u64) -> usize {
    (0..100)
        .filter(|_| bucket.take_one(at(millis), QUOTA))
        .count()
}

#[test]
fn burst_first_then_rate() {
    let mut bucket = TokenBucket::default();
    assert_eq!(taken(&mut bucket, 0), 5);
    assert_eq!(taken(&mut bucket, 499), 0);
    assert_eq!(taken(&mut bucket, 500), 1);
    assert_eq!(taken(&mut bucket, 2500), 4);
    assert_eq!(taken(&mut bucket, 1_000_000), 5);
}

#[test]
fn several_are_taken_together_or_not_at_all() {
    let mut bucket = TokenBucket::default();
    assert!(bucket.take(3, at(0), QUOTA));
    assert!(!bucket.take(3, at(0), QUOTA));
    assert!(!bucket.take(u32::MAX, at(0), QUOTA));
    assert!(bucket.take(2, at(0), QUOTA) && bucket.take(0, at(0), QUOTA));
    assert!(!bucket.take(1, at(0), QUOTA));
}

#[test]
fn looking_takes_nothing() {
    let mut bucket = TokenBucket::default();
    assert!((0..100).all(|_| bucket.has_one(at(0), QUOTA)));
    assert_eq!(taken(&mut bucket, 0), 5);
    assert!(!bucket.has_one(at(0), QUOTA));
}

#[test]
fn a_clock_that_goes_back_gives_nothing() {
    let mut bucket = TokenBucket::default();
    assert_eq!(taken(&mut bucket, 10_000), 5);
    assert_eq!(taken(&mut bucket, 0), 0);
    assert_eq!(taken(&mut bucket, 1000), 2);
}

#[test]
fn another_quota_is_used_as_much_and_comes_back_at_its_own_rate() {
    let small = Quota {
        burst: 2,
        per_second: 1,
    };
    let mut bucket = TokenBucket::default();
    assert!(bucket.take(5, at(0), QUOTA));
    assert!(!bucket.has_one(at(3999), small));
    assert!(bucket.take_one(at(4000), small));
    assert!(!bucket.take_one(at(4000), small));
    assert!(bucket.take(3, at(4000), QUOTA));
    assert!(!bucket.has_one(at(4000), QUOTA));
}

proptest! {
    #[test]
    fn never_more_than_burst_and_rate(steps in proptest::collection::vec(0..3000u64, 1..50)) {
        let mut bucket = TokenBucket::default();
        let (mut millis, mut total) = (0, 0);
        for step in steps {
            millis += step;
            total += taken(&mut bucket, millis) as u64;
        }
        prop_assert!(total <= 5 + millis * 2 / 1000);
    }
}
