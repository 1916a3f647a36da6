//! The committed table is what the code computes: a few of its rows, other ones every day.
//!
//! `cargo xtask ci arena` looks at more of them, in a build that is quick.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use aegis_sim::recheck::{draw, recheck};

/// Rows, the most peers of each, and the seeds that are played: what takes seconds without
/// optimisation.
const ROWS: usize = 4;
const PEERS_MAX: usize = 50;
const SEEDS_MAX: u64 = 1;

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "the day decides which rows are looked at, and is said where one differs"
)]
fn some_rows_of_the_committed_table_repeat_themselves() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/trust/arena.csv");
    let text = fs::read_to_string(path).expect("the committed table");
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let lot = now.expect("a day after 1970").as_secs() / 86_400;
    let rows = draw(&text, ROWS, PEERS_MAX, lot).expect("a table of this build");
    assert_eq!(rows.len(), ROWS);
    for row in rows {
        if let Some(difference) = recheck(row, SEEDS_MAX, 1).expect("a row of this build") {
            panic!("lot {lot}: run `aegis-sim table docs/trust` where that is right\n{difference}");
        }
    }
}
