//! Tests of `product`.

use super::*;

#[test]
fn the_product_decides_on_either_side() {
    let check = |score, confidence, stance, probability| {
        let verdict = verdict(Score::clamped(score), Confidence::clamped(confidence), 3);
        assert_eq!(verdict.stance, stance, "{verdict:?}");
        assert_eq!(verdict.probability.value(), probability, "{verdict:?}");
    };
    check(0.5, 0.5, Stance::Malicious, 0.625);
    check(-0.5, 0.5, Stance::Benign, 0.375);
    check(0.5, 0.498, Stance::Unknown, 0.6245);
    check(1.0, 0.0, Stance::Unknown, 0.5);
}

#[test]
fn nobody_moves_more_than_can_be_told() {
    assert_eq!(influence(0.0), 0.0);
    assert_eq!(influence(-1.0), 0.0);
    assert!((influence(0.5) - 3.0_f64.ln()).abs() < 1e-12);
    assert_eq!(influence(1.0), INFLUENCE_MAX);
}
