//! The benchmarks of whole nodes and of their views run, with tiny numbers.

#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]
#![expect(clippy::print_stderr, reason = "a skipped test says so")]
#![expect(
    clippy::print_stdout,
    reason = "a bad peer says to whoever measures what it saw"
)]

#[path = "../benches/node/measure.rs"]
mod measure;

use std::path::Path;

use measure::{Part, Size, Table};

/// Runs one part; `None` where this process may not.
fn tables(part: Part) -> Option<Vec<Table>> {
    if !measure::is_root() {
        let is_required = std::env::var_os("AEGIS_REQUIRE_KERNEL").is_some_and(|it| it == "1");
        assert!(!is_required, "this test needs root");
        eprintln!("SKIPPED: network namespaces and kernel programs need root");
        return None;
    }
    let program = Path::new(env!("CARGO_BIN_EXE_aegis"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    Some(
        runtime
            .block_on(measure::run(part, Size::TINY, program))
            .unwrap(),
    )
}

#[track_caller]
fn check(part: Part, rows: &[usize]) {
    let Some(tables) = tables(part) else { return };
    let found: Vec<usize> = tables.iter().map(|it| it.rows.len()).collect();
    assert_eq!(found, rows);
    for table in &tables {
        for row in &table.rows {
            assert_eq!(row.figures.len(), table.columns.len(), "{}", row.name);
            let is_sound = |it: &f64| it.is_nan() || *it >= 0.0;
            assert!(row.figures.iter().all(is_sound), "{table}");
            assert!(row.figures.iter().any(|it| *it > 0.0), "{table}");
            assert!(table.to_string().contains(&row.name));
        }
    }
}

#[test]
fn netns_the_benchmark_measures_latency() {
    check(Part::Latency, &[7, 1]);
}

#[test]
fn netns_the_benchmark_measures_floods() {
    check(Part::Flood, &[8]);
}

#[test]
fn netns_the_benchmark_measures_bad_peers() {
    if !measure::play_role().unwrap() {
        check(Part::Hostile, &[13, 2]);
    }
}

#[test]
fn netns_the_benchmark_measures_traffic() {
    check(Part::Traffic, &[4, 4]);
}

#[test]
fn netns_the_benchmark_measures_memory() {
    check(Part::Memory, &[3, 2]);
}

#[test]
fn netns_the_benchmark_measures_views_in_a_terminal() {
    check(Part::Top, &[9, 9]);
}

#[test]
fn netns_the_benchmark_measures_views_while_alerts_come_in() {
    check(Part::Live, &[9]);
}

#[test]
fn netns_the_benchmark_measures_the_page() {
    check(Part::Page, &[5]);
}

#[test]
fn parts_are_chosen_by_name() {
    let all = [measure::chosen("node", &[]), measure::chosen("views", &[])].concat();
    assert_eq!(all, Part::ALL);
    assert_eq!(
        measure::chosen("node", &["flood".to_owned()]),
        [Part::Flood]
    );
    assert_eq!(measure::chosen("views", &["flood".to_owned()]), []);
}
