//! The measurement itself, which a test runs with tiny numbers.
//!
//! A mutator draws the source of every packet from a counter and jumps to the candidate; what is
//! told is nanoseconds above a candidate that only drops. Verdicts are checked before time is
//! taken: a candidate that is fast and wrong fails the run.

mod bpf;
mod cable;
mod cost;
mod detector;
mod figure;
mod flood;
mod goal;
mod instance;
pub(crate) mod leftover;
mod list;
mod machine;
mod netfilter;
pub(crate) mod packet;
mod prefix;
#[path = "../../../aegis-bench-ebpf/src/source.rs"]
pub(crate) mod source;
pub(crate) mod stage;
mod table;
mod xdp_filter;

use std::path::PathBuf;

use anyhow::Result;

pub(crate) use figure::{Report, number};
pub(crate) use goal::{Goal, Outcome, goals};
pub(crate) use machine::describe;

/// What is to be measured, and how hard.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Sizes of lists.
    pub(crate) entries: Vec<u32>,
    pub(crate) parts: Vec<Part>,
    /// The benchmark's kernel programs.
    pub(crate) object: PathBuf,
    pub(crate) effort: Effort,
}

/// How much work goes into a figure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    /// Rounds of each figure.
    pub(crate) rounds: usize,
    /// Packets of a run: of several slices, and of [`source::SLICES_MAX`] at most.
    pub(crate) packets: u32,
    /// Packets of a sample over a cable.
    pub(crate) flood_packets: u32,
    /// Single additions that are timed.
    pub(crate) singles: u32,
    /// Entries of a mixed list whose packets are tried one by one.
    pub(crate) listed_checks: usize,
}

impl Effort {
    /// Enough for figures that hold still.
    pub(crate) const FULL: Self = Self {
        rounds: 9,
        packets: 500_000,
        flood_packets: 300_000,
        singles: 300,
        listed_checks: 1000,
    };

    /// Returns how often something is loaded anew whose place is chance, where that is `places`
    /// times for figures that hold still.
    pub(crate) const fn places(&self, places: usize) -> usize {
        if self.rounds > 1 { places } else { 1 }
    }

    /// Enough to see that everything runs.
    pub(crate) const TINY: Self = Self {
        rounds: 1,
        packets: 3 * source::SLICE_PACKETS as u32,
        flood_packets: 2000,
        singles: 3,
        listed_checks: 20,
    };
}

/// One part of the benchmark.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Part {
    /// What a packet costs where nothing is listed.
    Empty,
    /// What a packet costs.
    Packet,
    /// What the detectors add.
    Detector,
    /// A list with prefixes in it.
    Prefix,
    /// Memory, loading, changing.
    Table,
    /// Floods over a cable.
    Flood,
}

impl Part {
    pub(crate) const ALL: [Self; 6] = [
        Self::Empty,
        Self::Packet,
        Self::Detector,
        Self::Prefix,
        Self::Table,
        Self::Flood,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Packet => "packet",
            Self::Detector => "detector",
            Self::Prefix => "prefix",
            Self::Table => "table",
            Self::Flood => "flood",
        }
    }
}

/// Measures what was asked for.
pub(crate) fn run(options: &Options) -> Result<Report> {
    leftover::clear();
    let mut report = Report::default();
    for part in &options.parts {
        match part {
            Part::Empty => cost::measure_empty(options, &mut report)?,
            Part::Packet => cost::measure(options, &mut report)?,
            Part::Detector => detector::measure(options, &mut report)?,
            Part::Prefix => prefix::measure(options, &mut report)?,
            Part::Table => table::measure(options, &mut report)?,
            Part::Flood => flood::measure(options, &mut report)?,
        }
    }
    Ok(report)
}

/// Returns the heading of a list's column.
fn column(entries: u32) -> String {
    figure::grouped(i64::from(entries))
}

/// Returns whether a list finds room in memory; notes where it does not.
fn fits(report: &mut Report, entries: u32, bytes_per_entry: u64) -> Result<bool> {
    let wanted = u64::from(entries) * bytes_per_entry;
    let available = instance::available_bytes()?;
    let does_fit = wanted < available / 4 * 3;
    if !does_fit {
        let [wanted, available] = [wanted, available].map(|it| it >> 20);
        report.note(format!(
            "{} entries: they want {wanted} MiB for all who list them, of {available} MiB",
            column(entries)
        ));
    }
    Ok(does_fit)
}
