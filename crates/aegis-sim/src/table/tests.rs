//! Tables say what was played, in figures that add up.

use std::time::Duration;

use super::{COLUMNS, Row, csv, rows, text};
use crate::metrics::Figures;
use crate::run::Checking;
use crate::tournament::{Plan, Played};
use crate::{attack, model};

fn plan() -> Plan {
    Plan {
        peers: vec![50],
        hostile: vec![0.5],
        attacks: attack::ATTACKS[..1].to_vec(),
        models: model::MODELS[..1].to_vec(),
        first_seed: 1,
        seeds: 2,
        targets: 100,
        checking: Checking {
            share: 0.05,
            is_steered: true,
        },
    }
}

fn played(accuracy: f64, harm: f64) -> Vec<Played> {
    vec![Played {
        figures: Figures {
            accuracy,
            harm,
            ..Figures::default()
        },
        timeline: vec![accuracy, 1.0],
        alone: 0.6,
        oracle: 1.0,
        time_per_voice: Duration::from_micros(2),
        bytes_max: Some(300),
    }]
}

fn table() -> Vec<Row> {
    rows(&plan(), &[played(0.9, 0.1), played(0.7, 0.2)])
}

#[test]
fn means_and_worst_seeds_are_kept() {
    let table = table();
    let row = &table[0];
    assert_eq!(table.len(), 1);
    check(0.8, row.accuracy.mean);
    check(0.7, row.accuracy.worst);
    check(0.2, row.harm.worst);
    check(0.5, row.gain);
    check(-0.2, row.loss.mean);
    check(-0.1, row.loss.worst);
    assert_eq!(row.seeds, [0.9, 0.7]);
    assert_eq!(row.recovery, None);
    check(0.8, row.timeline[0]);
    check(1.0, row.timeline[1]);
}

#[track_caller]
fn check(expected: f64, found: f64) {
    assert!((found - expected).abs() < 1e-9, "{found}, not {expected}");
}

#[test]
fn a_line_has_as_many_values_as_there_are_columns() {
    let text = csv(&table());
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], COLUMNS);
    assert_eq!(lines[1].split(',').count(), COLUMNS.split(',').count());
    assert!(lines[1].starts_with("50,0.5,0.0000,0.05,steered,100,always-lie,none,0.8000,0.7000"));
    assert!(lines[1].ends_with("0.9000 0.7000"));
}

#[test]
fn a_person_sees_attacks_and_what_they_come_to() {
    let text = text(&table());
    for expected in [
        "50 peers, 50 % hostile",
        "always-lie",
        "worst attack and seed",
    ] {
        assert!(text.contains(expected), "{expected} is not in:\n{text}");
    }
}
