//! How a benchmark of whole nodes begins: what it was asked for, and how much of it.

use std::path::PathBuf;

use crate::measure::{self, Size};

/// Enough for figures that hold still.
const FULL: Size = Size {
    alerts: 1_000,
    alerts_per_second: 20,
    flood_rates: &[1_000, 10_000, 50_000],
    floods: 10,
    settle_secs: 20,
    window_secs: 60,
    peers: &[0, 10, 50],
    blocks: &[10_000, 100_000],
    hostile_rounds: 5,
    hostile_alerts: 400,
    hostile_secs: 5,
    watched_blocks: 100_000,
    known_peers: 1_000,
    view_secs: 8,
    live_per_second: 50,
};

/// Measures the parts of a benchmark that the arguments name, all where they name none, and prints
/// the tables. `ready` is called before, in the process that measures alone.
pub(crate) fn begin(bench: &str, ready: fn() -> anyhow::Result<()>) -> anyhow::Result<()> {
    if measure::play_role()? {
        return Ok(());
    }
    if !measure::is_root() {
        println!("SKIPPED: network namespaces and kernel programs need root");
        return Ok(());
    }
    ready()?;
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let is_quick =
        std::env::var_os("AEGIS_BENCH_QUICK").is_some() || asked.iter().any(|it| it == "--quick");
    let size = if is_quick { Size::TINY } else { FULL };
    let parts = asked.iter().filter(|it| !it.starts_with('-')).cloned();
    let program = match std::env::var_os("AEGIS_BENCH_PROGRAM") {
        Some(program) => program.into(),
        None => PathBuf::from(env!("CARGO_BIN_EXE_aegis")),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    for part in measure::chosen(bench, &parts.collect::<Vec<_>>()) {
        for table in runtime.block_on(measure::run(part, size, &program))? {
            println!("{table}");
        }
    }
    Ok(())
}
