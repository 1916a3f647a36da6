//! What was written repeats itself, and what was not is found.

use super::{Unreadable, draw, recheck};
use crate::run::Checking;
use crate::tournament::Plan;
use crate::{attack, model, table};

fn written() -> String {
    let plan = Plan {
        peers: vec![10, 20],
        hostile: vec![0.1, 0.75],
        attacks: attack::ATTACKS[..2].to_vec(),
        models: model::MODELS.to_vec(),
        first_seed: 1,
        seeds: 2,
        targets: 100,
        checking: Checking {
            share: 0.05,
            is_steered: false,
        },
    };
    table::csv(&table::rows(&plan, &plan.play(1, &|_| {})))
}

#[test]
fn every_row_repeats_itself() {
    let text = written();
    let rows = draw(&text, usize::MAX, 10, 1).expect("a table");
    assert_eq!(rows.len(), (text.lines().count() - 1) / 2);
    for row in rows {
        assert_eq!(recheck(row, 9, 2), Ok(None), "{row}");
    }
}

#[test]
fn a_part_of_the_seeds_is_enough_to_see_a_change() {
    let text = written();
    let row = text.lines().nth(1).expect("a row");
    assert_eq!(recheck(row, 1, 1), Ok(None));
    let (rest, seeds) = row.rsplit_once(',').expect("columns");
    let changed = format!("{rest},{}", seeds.replacen("0.", "0.9", 1));
    assert!(recheck(&changed, 1, 1).expect("a row").is_some());
}

#[test]
fn a_changed_figure_is_found() {
    let text = written();
    let row = text.lines().nth(1).expect("a row");
    let changed = format!("{}1", &row[..row.len() - 1]);
    let changed = changed.replace(" 0.", " 0.9");
    let difference = recheck(&changed, 9, 1)
        .expect("a row")
        .expect("a difference");
    assert_eq!(difference.found, row);
    assert_eq!(difference.written, changed);
}

#[test]
fn the_lot_decides_which_rows() {
    let text = written();
    assert_eq!(draw(&text, 3, 20, 7), draw(&text, 3, 20, 7));
    assert_ne!(draw(&text, 3, 20, 7), draw(&text, 3, 20, 8));
}

#[test]
fn what_is_no_table_of_ours_is_said() {
    assert_eq!(draw("a,b\n1,2\n", 1, 10, 1), Err(Unreadable::Columns));
    let text = written();
    let strange = text.replace("always-lie", "unheard-of");
    let rows = draw(&strange, usize::MAX, 20, 1).expect("a table");
    let row = rows
        .iter()
        .find(|it| it.contains("unheard-of"))
        .expect("a row");
    assert!(matches!(recheck(row, 9, 1), Err(Unreadable::Row(_))));
}
