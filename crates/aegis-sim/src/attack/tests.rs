//! Attacks do what they say, and only that.

use aegis_core::Truth;
use aegis_core::trust::model::{Stance, Verdict};

use super::{ATTACKS, Attack, Insight, Moment, Words};
use crate::world::{Claim, Setting, World};

const TARGETS: usize = 600;
const HOSTILE: usize = 30;

/// A model that believes whatever is said, and weighs peers as told.
struct Gullible {
    influence: f64,
}

impl Insight for Gullible {
    fn verdict_on(&self, words: &Words) -> Verdict {
        let malicious = words.iter().filter(|it| **it == Some(Claim::Malicious));
        let stance = if 2 * malicious.count() > words.iter().flatten().count() {
            Stance::Malicious
        } else {
            Stance::Benign
        };
        Verdict {
            stance,
            ..Verdict::UNKNOWN
        }
    }

    fn influence_of(&self, _slot: usize) -> f64 {
        self.influence
    }
}

fn world() -> World {
    World::new(Setting {
        peers: 40,
        hostile: 0.75,
        seed: 1,
        targets: TARGETS,
    })
}

fn start(name: &str) -> Box<dyn Attack> {
    let entry = ATTACKS.iter().find(|it| it.name == name);
    (entry.expect("an attack of this name").start)()
}

/// Lets an attack speak of every target. Returns for each how many of its words are true, false and
/// empty.
fn speak(name: &str, influence: impl Fn(usize) -> f64) -> Vec<[usize; 3]> {
    let world = world();
    let mut attack = start(name);
    let accuracies = world.hostile_accuracies(HOSTILE);
    let mut words = Vec::new();
    let mut told = Vec::new();
    for (index, target) in world.targets.iter().enumerate() {
        let insight = Gullible {
            influence: influence(index),
        };
        let moment = Moment {
            world: &world,
            index,
            target,
            honest: world.honest_words(index),
            insight: &insight,
        };
        world.hostile_words(index, &accuracies, &mut words);
        attack.speak(&moment, &mut world.attack_chance(index), &mut words);
        attack.observe(&moment, &insight.verdict_on(&words));
        let count = |claim| words.iter().filter(|it| **it == Some(claim)).count();
        told.push([
            count(Claim::of(target.truth)),
            count(Claim::against(target.truth)),
            count(Claim::Nothing),
        ]);
    }
    told
}

/// Checks that an attack lies where `lies` says so, and is sincere elsewhere: mostly right.
#[track_caller]
fn check(name: &str, lies: impl Fn(&World, usize) -> bool) {
    let world = world();
    for (index, [right, wrong, nothing]) in speak(name, |_| 1.0).into_iter().enumerate() {
        if lies(&world, index) {
            assert_eq!((right, nothing), (0, 0), "{name} {index}");
            assert!(wrong > HOSTILE / 2, "{name} {index}: {wrong}");
        } else {
            assert!(right > wrong, "{name} {index}: {right} {wrong}");
        }
    }
}

#[test]
fn lies_are_where_they_should_be() {
    let is = |world: &World, index: usize, truth| world.targets[index].truth == truth;
    check("always-lie", |_, _| true);
    check("whitewash", |_, _| true);
    check("sybil-join", |_, _| true);
    check("recommendation-ring", |_, _| true);
    check("betray", |_, index| index >= TARGETS / 3);
    check("late-betray", |_, index| index >= TARGETS * 7 / 10);
    check("reformed-liar", |_, index| index < TARGETS / 3);
    check("on-off", |_, index| index / 50 % 2 == 1);
    check("own-targets", |world, index| world.targets[index].is_owned);
    check("hide-malicious", |world, index| {
        is(world, index, Truth::Malicious)
    });
    check("slander", |world, index| is(world, index, Truth::Benign));
    check("surgical", |_, _| true);
    check("just-trusted", |_, _| true);
}

#[test]
fn lies_are_as_many_as_stated() {
    for (name, least, most) in [
        ("oscillate", 0.25, 0.35),
        ("slow-drift", 0.45, 0.55),
        ("verification-aware", 0.15, 0.4),
        ("feedback", 0.9, 1.0), // all of its lies succeed here
        ("parrot", 0.04, 0.12),
    ] {
        let told = speak(name, |_| 1.0);
        let lies = told.iter().filter(|it| it[0] == 0 && it[1] > 0).count();
        let share = lies as f64 / TARGETS as f64;
        assert!((least..=most).contains(&share), "{name}: {share}");
    }
}

#[test]
fn parrots_repeat_honest_peers() {
    let world = world();
    for (index, told) in speak("parrot", |_| 1.0).into_iter().enumerate() {
        let target = &world.targets[index];
        if !target.is_owned {
            let honest = world.honest_words(index).iter();
            let right = honest.filter(|it| **it == Some(Claim::of(target.truth)));
            // Thirty parrots share ten honest peers.
            assert_eq!(told[0], 3 * right.count(), "{index}");
        }
    }
}

#[test]
fn mirrors_err_as_honest_peers_do() {
    let world = world();
    for (name, is_turned) in [
        ("mirror-betray", &|index: usize| index >= TARGETS / 3),
        ("mirror-own-targets", &|index: usize| {
            world.targets[index].is_owned
        }),
    ] as [(&str, &dyn Fn(usize) -> bool); 2]
    {
        let told = speak(name, |_| 1.0);
        let (turned, sincere): (Vec<_>, Vec<_>) = (0..TARGETS).partition(|it| is_turned(*it));
        let right = |indices: &[usize]| {
            let [right, wrong] = [0, 1].map(|it| indices.iter().map(|at| told[*at][it]).sum());
            let right: usize = right;
            right as f64 / (right + wrong) as f64
        };
        // Hostile peers are right as often as honest ones, 0.85 on average, when they mean to be.
        assert!((right(&sincere) - 0.85).abs() < 0.03, "{name}");
        assert!((right(&turned) - 0.15).abs() < 0.04, "{name}");
    }
}

#[test]
fn abstainers_say_nothing_except_of_what_they_own() {
    let world = world();
    for (index, told) in speak("abstain-flood", |_| 1.0).into_iter().enumerate() {
        let expected = if world.targets[index].is_owned {
            [0, HOSTILE, 0]
        } else {
            [0, 0, HOSTILE]
        };
        assert_eq!(told, expected);
    }
}

#[test]
fn launderers_are_silent_first_and_busy_always() {
    let told = speak("laundering", |_| 1.0);
    let (silent, lying) = told.split_at(TARGETS / 4);
    assert!(silent.iter().all(|it| it.iter().sum::<usize>() == 0));
    assert!(lying.iter().all(|it| it[0] == 0 && it[1] > 0));
    assert!(!start("laundering").deeds().is_empty());
}

#[test]
fn whoever_watches_its_weight_is_honest_without_it() {
    let told = speak("just-trusted", |index| if index < 300 { 1.0 } else { 0.4 });
    assert!(told[..300].iter().all(|it| it[0] == 0));
    assert!(told[300..].iter().all(|it| it[0] > it[1]));
}

#[test]
fn identities_change_and_multiply_where_that_is_the_attack() {
    assert_eq!(start("whitewash").generation(49), 0);
    assert_eq!(start("whitewash").generation(50), 1);
    assert_eq!(start("sybil-flood").identities(15), 150);
    assert_eq!(start("sybil-join").identities(15), 15);
    assert_eq!(start("sybil-join").joins_at(), 0.5);
    assert!(start("recommendation-ring").is_about_recommendations());
}

#[test]
fn names_are_unique() {
    let mut names: Vec<_> = ATTACKS.iter().map(|it| it.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), ATTACKS.len());
}
