//! Latencies have the distribution that they are said to have.

use super::*;

#[test]
fn the_exponential_is_that_of_the_library() {
    for step in -400..=400 {
        let x = f64::from(step) / 100.0;
        let (ours, theirs) = (exp(x), x.exp());
        assert!((ours / theirs - 1.0).abs() < 1e-7, "{x}: {ours} {theirs}");
    }
}

#[test]
fn half_of_the_links_are_below_the_median_and_one_in_six_beyond_a_deviation() {
    let mut chance = Chance::new(&[1]);
    let links: Vec<_> = (0..20_000).map(|_| latency(&mut chance, 40.0)).collect();
    let share = |most: f64| links.iter().filter(|it| **it <= most).count() as f64 / 20_000.0;
    assert!((share(40.0) - 0.5).abs() < 0.02, "{}", share(40.0));
    assert!((share(40.0 * SIGMA.exp()) - 0.841).abs() < 0.02);
}
