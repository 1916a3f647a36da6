//! Figures of whole nodes: real daemons in network namespaces, on the kernel that runs this.
//!
//! `cargo xtask bench node`, as root. `AEGIS_BENCH_QUICK=1` shows that everything runs, and
//! measures little. `AEGIS_BENCH_PROGRAM` names another build of `aegis` to measure. Arguments
//! name the parts to run: latency, flood, hostile, traffic, memory.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

#[path = "node/begin.rs"]
mod begin;
#[path = "node/measure.rs"]
mod measure;

/// The nice value of what measures: before nodes (-10 unless configured otherwise) and bad peers (0).
const NICE: i8 = -15;

fn main() -> anyhow::Result<()> {
    // Whoever measures comes before everybody who is measured, or it measures its own waiting.
    begin::begin("node", || Ok(aegis_enforce::privileges::set_nice(NICE)?))
}
