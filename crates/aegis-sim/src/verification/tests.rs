//! The budget is kept, the lot falls everywhere, and the steered part goes where it is worth most.

use super::Verification;
use crate::chance::Chance;
use crate::world::{Setting, World};

const TARGETS: usize = 6_000;

fn world() -> World {
    World::new(Setting {
        peers: 1,
        hostile: 0.0,
        seed: 1,
        targets: TARGETS,
    })
}

#[test]
fn no_more_is_checked_than_the_budget_and_hardly_less() {
    for share in [0.01, 0.02, 0.05, 0.1] {
        check(share, true, |chance| chance.unit());
        check(share, true, |_| 1.0);
        check(share, false, |_| 0.0);
    }
}

#[track_caller]
fn check(share: f64, is_steered: bool, value: impl Fn(&mut Chance) -> f64) {
    let world = world();
    let mut verification = Verification::new(share, is_steered);
    let mut chance = Chance::new(&[2]);
    let checked = (0..TARGETS)
        .filter(|index| verification.picks(&world, *index, value(&mut chance)))
        .count() as f64;
    let budget = share * TARGETS as f64;
    assert!(checked <= budget + 1.0, "{checked} of {budget}");
    assert!(checked >= 0.9 * budget, "{checked} of {budget}");
}

#[test]
fn what_is_worth_nothing_is_checked_by_lot_only() {
    let world = world();
    let mut verification = Verification::new(0.05, true);
    let checked = (0..TARGETS).filter(|index| verification.picks(&world, *index, 0.0));
    assert_eq!(checked.count(), TARGETS / 50);
}

#[test]
fn the_lot_falls_on_every_place_and_on_nobody_without_a_budget() {
    let world = world();
    let mut verification = Verification::new(0.05, false);
    let checked = (0..TARGETS).filter(|index| verification.picks(&world, *index, 0.0));
    let mut places: Vec<_> = checked.map(|it| it % 20).collect();
    places.sort_unstable();
    places.dedup();
    assert_eq!(places.len(), 20);
    let mut nothing = Verification::new(0.0, true);
    assert!((0..TARGETS).all(|index| !nothing.picks(&world, index, 1.0)));
}

#[test]
fn the_steered_part_goes_where_it_is_worth_most() {
    let world = world();
    let mut verification = Verification::new(0.05, true);
    let mut chance = Chance::new(&[3]);
    let mut values = Vec::new();
    for index in 0..TARGETS {
        let value = chance.unit();
        let by_lot = verification.falls_on(&world, index);
        if verification.picks(&world, index, value) && !by_lot {
            values.push(value);
        }
    }
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    assert!(mean > 0.9, "{mean}");
}
