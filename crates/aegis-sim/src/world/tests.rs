//! Worlds have the shares that they are said to have, and are alike where runs are paired.

use super::{
    Claim, HONEST_COVERAGE, HOSTILE_COVERAGE, LOCAL_ACCURACY, LOCAL_COVERAGE, MALICIOUS_SHARE,
    OWNED_SHARE, Setting, World,
};
use aegis_core::Truth;

const TARGETS: usize = 4_000;

fn setting(peers: usize, hostile: f64, seed: u64) -> Setting {
    Setting {
        peers,
        hostile,
        seed,
        targets: TARGETS,
    }
}

#[test]
fn shares_are_as_stated() {
    let world = World::new(setting(40, 0.5, 1));
    let share = |is: &dyn Fn(usize) -> bool| {
        (0..TARGETS).filter(|it| is(*it)).count() as f64 / TARGETS as f64
    };
    let target = |index: usize| &world.targets[index];
    check(
        MALICIOUS_SHARE,
        share(&|it| target(it).truth == Truth::Malicious),
    );
    check(OWNED_SHARE, share(&|it| target(it).is_owned));
    check(LOCAL_COVERAGE, share(&|it| target(it).local.is_some()));
    let right = |it: usize| target(it).local == Some(Claim::of(target(it).truth));
    check(LOCAL_ACCURACY * LOCAL_COVERAGE, share(&right));
    check(
        HONEST_COVERAGE,
        share(&|it| world.honest_words(it)[3].is_some()),
    );
    let mut words = Vec::new();
    let accuracies = world.hostile_accuracies(world.hostile);
    let spoken = (0..TARGETS).filter(|it| {
        world.hostile_words(*it, &accuracies, &mut words);
        words[3].is_some()
    });
    check(HOSTILE_COVERAGE, spoken.count() as f64 / TARGETS as f64);
}

#[test]
fn what_attackers_own_is_malicious() {
    let world = World::new(setting(4, 0.5, 2));
    let owned = world.targets.iter().filter(|it| it.is_owned);
    assert!(owned.clone().count() > 0);
    assert!(owned.clone().all(|it| it.truth == Truth::Malicious));
}

#[test]
fn honest_peers_are_right_as_often_as_their_accuracy_says() {
    let world = World::new(setting(100, 0.0, 3));
    let accuracies = world.honest.iter().map(|it| it.1);
    check(0.85, accuracies.sum::<f64>() / world.honest.len() as f64);
    for place in [0, 50, 99] {
        let spoken = (0..TARGETS).filter_map(|it| Some((it, world.honest_words(it)[place]?)));
        let right = |it: &(usize, Claim)| it.1 == Claim::of(world.targets[it.0].truth);
        let all = spoken.clone().count() as f64;
        check(
            world.honest[place].1,
            spoken.filter(right).count() as f64 / all,
        );
    }
}

#[test]
fn targets_and_own_detectors_depend_on_the_seed_alone() {
    let world = World::new(setting(50, 0.75, 4));
    assert_eq!(world.targets, World::new(setting(10, 0.1, 4)).targets);
    assert_ne!(world.targets, World::new(setting(50, 0.75, 5)).targets);
}

#[test]
fn as_many_are_hostile_as_stated_and_one_is_honest_always() {
    for (peers, hostile, expected) in [
        (50, 0.0, 0),
        (50, 0.1, 5),
        (50, 0.25, 13),
        (200, 0.99, 198),
        (50, 0.99, 49),
        (1, 1.0, 0),
    ] {
        let world = World::new(Setting {
            targets: 10,
            ..setting(peers, hostile, 1)
        });
        assert_eq!(world.hostile, expected, "{peers} {hostile}");
        assert_eq!(world.honest.len(), peers - expected);
    }
}

#[test]
fn identities_are_new_with_every_generation_and_mixed() {
    let world = World::new(setting(50, 0.5, 6));
    assert_ne!(world.hostile_identity(0, 0), world.hostile_identity(0, 1));
    assert_ne!(world.hostile_identity(0, 0), world.hostile_identity(1, 0));
    let before = (0..25).filter(|it| world.hostile_identity(*it, 0) < world.honest[*it].0);
    assert!((3..=22).contains(&before.count()));
}

#[track_caller]
fn check(expected: f64, found: f64) {
    // Three standard deviations of the smallest sample above.
    assert!((found - expected).abs() < 0.035, "{found}, not {expected}");
}
