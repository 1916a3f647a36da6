//! Figures of whole nodes: real daemons in network namespaces, on the kernel that runs this.
//!
//! `cargo xtask bench node`, as root. `AEGIS_BENCH_QUICK=1` shows that everything runs, and
//! measures little. `AEGIS_BENCH_PROGRAM` names another build of `aegis` to measure. Arguments
//! name the parts to run: latency, flood, hostile, traffic, memory.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

#[path = "node/measure.rs"]
mod measure;

use std::path::PathBuf;

use measure::Size;

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
};

/// The nice value of what measures: before nodes (-10 unless configured otherwise) and bad peers (0).
const NICE: i8 = -15;

fn main() -> anyhow::Result<()> {
    if measure::play_bad_peer()? {
        return Ok(());
    }
    if !measure::is_root() {
        println!("SKIPPED: network namespaces and kernel programs need root");
        return Ok(());
    }
    // Whoever measures comes before everybody who is measured, or it measures its own waiting.
    aegis_enforce::privileges::set_nice(NICE)?;
    let size = match std::env::var_os("AEGIS_BENCH_QUICK") {
        Some(_) => Size::TINY,
        None => FULL,
    };
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let parts = asked.iter().filter(|it| !it.starts_with('-')).cloned();
    let program = match std::env::var_os("AEGIS_BENCH_PROGRAM") {
        Some(program) => program.into(),
        None => PathBuf::from(env!("CARGO_BIN_EXE_aegis")),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    for part in measure::chosen(&parts.collect::<Vec<_>>()) {
        for table in runtime.block_on(measure::run(part, size, &program))? {
            println!("{table}");
        }
    }
    Ok(())
}
