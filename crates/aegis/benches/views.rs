//! Figures of what somebody sees of a large node: `aegis top` and the page, before a real daemon with
//! a hundred thousand blocks in its kernel and a thousand peers that it met.
//!
//! `cargo xtask bench views`, as root; needs `curl`, and `chromium` for what a browser shows.
//! `AEGIS_BENCH_QUICK=1` or `--quick` shows that everything runs, and measures little. Arguments
//! name the parts to run: top, live, page.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

#[path = "node/begin.rs"]
mod begin;
#[path = "node/measure.rs"]
mod measure;

fn main() -> anyhow::Result<()> {
    // At the priority of everybody, which what it starts inherits: `aegis top` and browsers.
    begin::begin("views", || Ok(()))
}
