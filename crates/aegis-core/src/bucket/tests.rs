//! Tests of `bucket`.

use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_000_000);

#[test]
fn gives_its_burst_and_then_its_rate() {
    let mut bucket = TokenBucket::new(50, 10);
    let taken = |bucket: &mut TokenBucket, now| (0..1000).filter(|_| bucket.take(now)).count();
    assert_eq!(taken(&mut bucket, NOW), 50);
    assert_eq!(taken(&mut bucket, NOW + Duration::from_millis(99)), 0);
    assert_eq!(taken(&mut bucket, NOW + Duration::from_millis(100)), 1);
    assert_eq!(taken(&mut bucket, NOW + Duration::from_millis(1100)), 10);
    assert_eq!(taken(&mut bucket, NOW + Duration::from_secs(3600)), 50);
}

#[test]
fn a_clock_that_is_set_back_does_not_fill_a_bucket_and_does_not_shut_it_for_longer_than_it_takes_to_fill()
 {
    let mut bucket = TokenBucket::new(2, 1);
    assert!(bucket.take(NOW) && bucket.take(NOW));
    let back = NOW - Duration::from_secs(86_400);
    assert!(!bucket.take(back));
    assert!(!bucket.take(back + Duration::from_millis(999)));
    assert!(bucket.take(back + Duration::from_secs(1)));
    assert!(!bucket.take(back + Duration::from_secs(1)));
    assert!(bucket.is_full(back + Duration::from_secs(3)));
}
