//! Streams repeat themselves, differ from each other, and have the means they should.

use super::Chance;

const DRAWS: usize = 20_000;

#[test]
fn equal_labels_give_equal_numbers_and_others_do_not() {
    let draw = |labels: &[u64]| {
        let mut chance = Chance::new(labels);
        [chance.unit(), chance.unit(), chance.unit()]
    };
    assert_eq!(draw(&[1, 2]), draw(&[1, 2]));
    assert_ne!(draw(&[1, 2]), draw(&[2, 1]));
    assert_ne!(draw(&[1, 2]), draw(&[1, 3]));
}

#[test]
fn distributions_have_their_means() {
    let mut chance = Chance::new(&[7]);
    check(0.5, mean(|| chance.unit()));
    check(0.3, mean(|| f64::from(u8::from(chance.happens(0.3)))));
    check(4.5, mean(|| chance.below(10) as f64));
    check(0.85, mean(|| chance.beta(17, 3)));
    check(0.9, mean(|| chance.normal(0.9, 0.1)));
    check(4.0, mean(|| chance.normal(0.0, 2.0).powi(2)));
}

fn mean(mut draw: impl FnMut() -> f64) -> f64 {
    (0..DRAWS).map(|_| draw()).sum::<f64>() / DRAWS as f64
}

#[track_caller]
fn check(expected: f64, found: f64) {
    assert!(
        (found - expected).abs() < 0.02 * expected.max(1.0) * 2.0,
        "{found}, not {expected}"
    );
}
