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
fn an_empty_bucket_stays_empty_when_the_clock_jumps_back() {
    let mut bucket = TokenBucket::new(1, 1);
    assert!(bucket.take(NOW));
    assert!(!bucket.take(NOW - Duration::from_secs(100)));
    assert!(!bucket.is_full(NOW) && bucket.is_full(NOW + Duration::from_secs(1)));
}
