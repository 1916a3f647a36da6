//! Tests of the keys' spread.

use std::hash::{BuildHasherDefault, DefaultHasher};

use super::*;

#[test]
fn addresses_a_step_apart_spread_evenly_by_every_key() {
    // The same keys each time: of thirty thousand drawn at random three had thirteen in a bucket.
    let mut draws = (0_u64..).map(|it| BuildHasherDefault::<DefaultHasher>::default().hash_one(it));
    for _ in 0..100 {
        let key = spreading_key(|| draws.next().unwrap_or_default());
        for step in STEPS {
            let most = most_in_a_bucket(&key, step);
            // Six lie in a bucket on average.
            assert!(most <= 12, "{most} by {key:?} with step {step}");
        }
    }
}

#[test]
fn multipliers_close_to_a_fraction_are_not_taken() {
    let third = u64::MAX / 3;
    let golden = 0x9e37_79b9_7f4a_7c15;
    for (multiply, expected) in [
        (golden, true),
        (1, false),
        (u64::MAX, false),
        (third, false),
        (third + (1 << 50), false),
        (u64::MAX / 1000 * 7, false),
    ] {
        assert_eq!(has_small_terms(multiply), expected, "{multiply:#x}");
    }
    // A third crowds indeed.
    let key = HashKey::new(1, third);
    assert!(most_in_a_bucket(&key, 0) > 1000);
}

fn most_in_a_bucket(key: &HashKey, step: u32) -> usize {
    let mut counts = [0; 1000];
    for it in 0..6000_u32 {
        let address = 0x0a00_0000_u32.wrapping_add(it << step);
        counts[key.hash32(address).bucket(1000) as usize] += 1;
    }
    counts.into_iter().max().unwrap_or(0)
}
