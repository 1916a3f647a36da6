//! Figures of transcripts made by hand.

use std::time::Duration;

use aegis_core::Truth;
use aegis_core::trust::model::Stance;

use super::Figures;
use crate::run::{Outcome, Transcript};
use crate::world::{Setting, World};

const TARGETS: usize = 1_000;

fn world() -> World {
    World::new(Setting {
        peers: 10,
        hostile: 0.5,
        seed: 1,
        targets: TARGETS,
    })
}

const OUTCOME: Outcome = Outcome {
    stance: Stance::Unknown,
    score: 0.0,
    voices: 4,
    hostile_voices: 3,
    is_lie: false,
    is_verified: false,
};

fn figures(turn: Option<f64>, outcome: impl Fn(usize, Truth) -> Outcome) -> Figures {
    let world = world();
    let targets = world.targets.iter().enumerate();
    let transcript = Transcript {
        outcomes: targets
            .map(|(index, it)| outcome(index, it.truth))
            .collect(),
        model_time: Duration::ZERO,
        bytes_max: None,
    };
    Figures::new(&world, &transcript, turn)
}

const fn right(truth: Truth) -> Stance {
    match truth {
        Truth::Malicious => Stance::Malicious,
        Truth::Benign => Stance::Benign,
    }
}

const fn wrong(truth: Truth) -> Stance {
    match truth {
        Truth::Malicious => Stance::Benign,
        Truth::Benign => Stance::Malicious,
    }
}

#[test]
fn unknown_is_half_right_and_never_acted_on() {
    let found = figures(None, |_, _| OUTCOME);
    assert_eq!((found.accuracy, found.sign_accuracy), (0.5, 0.5));
    assert_eq!((found.harm, found.coverage, found.own), (0.0, 0.0, 0.0));
    assert_eq!(found.hostile_voices, 0.75);
    assert_eq!(found.recovery, None);
}

#[test]
fn both_classes_weigh_alike() {
    // Everything is called benign: all of one class and nothing of the other.
    let found = figures(None, |_, _| Outcome {
        stance: Stance::Benign,
        score: 0.5,
        ..OUTCOME
    });
    assert_eq!((found.accuracy, found.sign_accuracy), (0.5, 0.5));
    assert_eq!((found.coverage, found.own), (1.0, 0.0));
    assert!((found.harm - 0.3).abs() < 0.05, "{}", found.harm);
}

#[test]
fn warm_up_does_not_count() {
    let found = figures(None, |index, truth| Outcome {
        stance: if index < TARGETS / 5 {
            wrong(truth)
        } else {
            right(truth)
        },
        ..OUTCOME
    });
    assert_eq!((found.accuracy, found.harm, found.own), (1.0, 0.0, 1.0));
}

#[test]
fn recovery_counts_the_lies_that_were_known() {
    // Attackers turn at 500. From then on all is a lie and every tenth is verified, which is known
    // 20 targets later: at 520, 530 … Until 560 the node is wrong.
    let betrayed = |until: usize| {
        figures(Some(0.5), |index, truth| Outcome {
            stance: if (500..until).contains(&index) {
                wrong(truth)
            } else {
                right(truth)
            },
            is_lie: index >= 500,
            is_verified: index % 10 == 0,
            ..OUTCOME
        })
    };
    // Windows of 50 with 5 % wrong begin two or three targets before 560.
    assert_eq!(betrayed(560).recovery, Some(4.0));
    assert_eq!(betrayed(500).recovery, Some(0.0));
    assert_eq!(betrayed(TARGETS).recovery, Some(f64::INFINITY));
}
