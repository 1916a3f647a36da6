//! What a packet costs in the kernel program, and what an entry costs to write.
//!
//! Packets run through `BPF_PROG_TEST_RUN` beside an empty program in the same run: compare the
//! differences and ratios, not the nanoseconds. Needs root. `AEGIS_BENCH_QUICK` takes a few
//! samples only.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

#[path = "packet/measure.rs"]
mod measure;

use measure::Scale;

/// Enough for figures that hold still.
const FULL: Scale = Scale {
    entries: 100_000,
    repeat: 50_000,
    rounds: 5,
};

fn main() {
    let is_quick = std::env::var_os("AEGIS_BENCH_QUICK").is_some();
    let is_test = std::env::args().any(|it| it == "--test");
    let scale = if is_quick || is_test {
        Scale::TINY
    } else {
        FULL
    };
    match measure::run(scale) {
        Ok(table) => println!("{table}"),
        Err(reason) => println!("SKIPPED: {reason}"),
    }
}
