//! Threads change nothing, and nobody beats the oracle where it knows all there is to know.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::Plan;
use crate::run::Checking;
use crate::table;
use crate::{attack, model};

fn plan() -> Plan {
    Plan {
        peers: vec![12],
        hostile: vec![0.25, 0.75],
        attacks: attack::ATTACKS.to_vec(),
        models: model::MODELS.to_vec(),
        first_seed: 1,
        seeds: 2,
        targets: 100,
        checking: Checking {
            share: 0.05,
            is_steered: true,
        },
    }
}

#[test]
fn threads_do_not_matter() {
    let plan = plan();
    let done = AtomicUsize::new(0);
    let table_of = |threads| {
        let played = plan.play(threads, &|_| {
            done.fetch_add(1, Ordering::Relaxed);
        });
        table::csv(&table::rows(&plan, &played))
    };
    let one = table_of(1);
    assert_eq!(done.load(Ordering::Relaxed), plan.jobs().len());
    assert_eq!(one, table_of(3));
    assert_eq!(
        one.lines().count(),
        1 + 2 * plan.attacks.len() * plan.models.len()
    );
}

/// Attacks that never say anything true: where others do, a model may learn from them, too.
const PURE_LIES: [&str; 5] = [
    "always-lie",
    "whitewash",
    "sybil-join",
    "laundering",
    "recommendation-ring",
];

#[test]
fn where_all_is_lies_nobody_beats_the_oracle_by_more_than_luck() {
    let all = plan();
    let attacks = all.attacks.iter().filter(|it| PURE_LIES.contains(&it.name));
    // Naive Bayes turns the words of liars round, and so hears more than the oracle.
    let models = all.models.iter().filter(|it| it.name != "naive-bayes");
    let plan = Plan {
        peers: vec![20],
        first_seed: 1,
        seeds: 3,
        targets: 400,
        attacks: attacks.copied().collect(),
        models: models.copied().collect(),
        ..plan()
    };
    assert_eq!(plan.attacks.len(), PURE_LIES.len());
    for row in table::rows(&plan, &plan.play(2, &|_| {})) {
        assert!(
            row.accuracy.mean <= row.oracle + 0.02,
            "{} {}: {} above {}",
            row.model,
            row.attack,
            row.accuracy.mean,
            row.oracle
        );
    }
}

#[test]
fn seeds_may_start_later() {
    let attacks = attack::ATTACKS.iter().filter(|it| it.name == "on-off");
    let first = Plan {
        attacks: attacks.copied().collect(),
        ..plan()
    };
    let later = Plan {
        first_seed: 2,
        seeds: 1,
        ..first.clone()
    };
    let of_first = table::rows(&first, &first.play(1, &|_| {}));
    let of_later = table::rows(&later, &later.play(1, &|_| {}));
    assert_eq!(of_first.len(), of_later.len());
    for (first, later) in of_first.iter().zip(&of_later) {
        assert_eq!(first.seeds[1..], later.seeds);
    }
}
