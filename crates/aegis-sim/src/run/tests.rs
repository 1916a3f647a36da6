//! Runs repeat themselves, and tell a model what the contract says, when it says so.

use std::cell::RefCell;
use std::rc::Rc;

use aegis_core::trust::model::{Case, Introduction, Stance, Verdict};
use aegis_core::{NodeId, Timestamp, Truth};

use super::{Checking, Outcome, Run, run};
use crate::attack::ATTACKS;
use crate::model::{Contender, MODELS};
use crate::verification::DELAY;
use crate::world::{Claim, Setting, World};

const CHECKING: Checking = Checking {
    share: 0.05,
    is_steered: true,
};

fn world(seed: u64) -> World {
    World::new(Setting {
        peers: 20,
        hostile: 0.5,
        seed,
        targets: 200,
    })
}

fn outcomes(model: &str, attack: &str, seed: u64) -> Vec<Outcome> {
    let model = MODELS.iter().find(|it| it.name == model);
    let attack = ATTACKS.iter().find(|it| it.name == attack);
    let mut attack = (attack.expect("an attack").start)();
    run(
        &world(seed),
        attack.as_mut(),
        model.expect("a model"),
        CHECKING,
    )
    .outcomes
}

#[test]
fn equal_seeds_give_equal_runs() {
    let every_attack = ATTACKS.iter().map(|it| ("aegis", it.name));
    let every_model = MODELS.iter().map(|it| (it.name, "whitewash"));
    for (model, attack) in every_attack.chain(every_model) {
        let first = outcomes(model, attack, 1);
        let again = outcomes(model, attack, 1);
        assert_eq!(first, again, "{model} {attack}");
    }
    assert_ne!(
        outcomes("aegis", "betray", 1),
        outcomes("aegis", "betray", 2)
    );
}

#[test]
fn no_attack_reaches_a_node_without_a_network() {
    let stances = |attack| outcomes("none", attack, 1).into_iter().map(|it| it.stance);
    for attack in ATTACKS {
        assert!(
            stances(attack.name).eq(stances("always-lie")),
            "{}",
            attack.name
        );
    }
}

#[test]
fn what_always_lies_makes_up_the_stated_share_of_voices() {
    let outcomes = outcomes("none", "always-lie", 1);
    let voices: usize = outcomes.iter().map(|it| it.voices).sum();
    let hostile: usize = outcomes.iter().map(|it| it.hostile_voices).sum();
    let share = hostile as f64 / voices as f64;
    // Half of the peers with 90 % coverage against half with 40 %.
    assert!((share - 0.9 / 1.3).abs() < 0.02, "{share}");
    assert!(outcomes.iter().all(|it| it.is_lie));
}

/// Writes down what it is told.
#[derive(Default)]
struct Diary {
    met: Vec<NodeId>,
    judged: Vec<usize>,
    learnt: Vec<(Timestamp, usize, Truth)>,
}

struct Listener(Rc<RefCell<Diary>>);

impl Contender for Listener {
    fn meet(&mut self, _now: Timestamp, peer: NodeId, _introduction: Introduction) {
        self.0.borrow_mut().met.push(peer);
    }

    fn judge(&self, _now: Timestamp, case: &Case<'_>) -> Verdict {
        let mut diary = self.0.borrow_mut();
        assert!(case.voices.iter().all(|it| diary.met.contains(&it.peer)));
        diary.judged.push(case.voices.len());
        Verdict::UNKNOWN
    }

    fn learn(&mut self, now: Timestamp, case: &Case<'_>, truth: Truth) {
        let mut diary = self.0.borrow_mut();
        diary.learnt.push((now, case.voices.len(), truth));
    }
}

#[test]
fn truths_arrive_late_with_the_voices_that_were_judged() {
    let world = world(1);
    let diary = Rc::new(RefCell::new(Diary::default()));
    let mut attack = (ATTACKS[0].start)();
    let mut run = Run::new(&world, attack.as_ref(), &MODELS[0], CHECKING);
    run.model = Box::new(Listener(Rc::clone(&diary)));
    for (peer, _) in &world.honest {
        run.model
            .meet(world.time_of(0), *peer, Introduction::default());
    }
    let outcomes: Vec<_> = (0..world.targets.len())
        .map(|index| run.step(attack.as_mut(), index))
        .collect();
    let verified = (0..world.targets.len()).filter(|it| outcomes[*it].is_verified);
    let due = verified.filter(|it| it + DELAY < world.targets.len());
    let expected: Vec<_> = due
        .map(|it| {
            let voices = diary.borrow().judged[it];
            (world.time_of(it + DELAY), voices, world.targets[it].truth)
        })
        .collect();
    assert!(!expected.is_empty());
    assert_eq!(diary.borrow().learnt, expected);
    assert!(outcomes.iter().all(|it| it.stance == Stance::Unknown));
}

#[test]
fn a_truth_is_what_the_honest_say_more_often_than_not() {
    let world = world(1);
    let right = (0..world.targets.len()).filter(|index| {
        let truth = Claim::of(world.targets[*index].truth);
        let words = world.honest_words(*index).iter().flatten();
        2 * words.clone().filter(|it| **it == truth).count() > words.count()
    });
    assert!(right.count() > world.targets.len() * 3 / 4);
}
