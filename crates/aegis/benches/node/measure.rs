//! What is measured of whole nodes, and the tables that come of it.

mod flood;
mod hostile;
mod latency;
mod memory;
mod player;
mod processor;
mod stage;
mod traffic;
mod views;
mod watch;

use std::{fmt, os::unix::fs::MetadataExt as _, path::Path};

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Size {
    /// Alerts of each latency run.
    pub(crate) alerts: u32,
    /// The steady pace of alerts.
    pub(crate) alerts_per_second: u32,
    /// Packets a second of the floods.
    pub(crate) flood_rates: &'static [u32],
    /// Floods at each rate.
    pub(crate) floods: u8,
    /// How long nodes that have just met are left alone before their traffic is counted.
    pub(crate) settle_secs: u64,
    /// How long traffic is counted.
    pub(crate) window_secs: u64,
    /// Peers of the node whose memory is measured, fewest first.
    pub(crate) peers: &'static [u8],
    /// Blocks of the node whose memory is measured.
    pub(crate) blocks: &'static [u32],
    /// How often the flood of bad peers is measured, each time with nodes that are new.
    pub(crate) hostile_rounds: u32,
    /// Honest alerts of each of its windows, and how long bad peers send meanwhile.
    pub(crate) hostile_alerts: u32,
    pub(crate) hostile_secs: u64,
    /// Blocks and peers of the node whose views are looked at.
    pub(crate) watched_blocks: u32,
    pub(crate) known_peers: u32,
    /// How long each view is looked at.
    pub(crate) view_secs: u64,
    /// Alerts that come in meanwhile, where any do.
    pub(crate) live_per_second: u32,
}

impl Size {
    /// Enough to see that every part runs.
    pub(crate) const TINY: Self = Self {
        alerts: 10,
        alerts_per_second: 20,
        flood_rates: &[2_000],
        floods: 2,
        settle_secs: 1,
        window_secs: 3,
        peers: &[0, 2],
        blocks: &[100],
        hostile_rounds: 1,
        hostile_alerts: 20,
        hostile_secs: 1,
        watched_blocks: 500,
        known_peers: 50,
        view_secs: 1,
        live_per_second: 20,
    };
}

/// One part of the benchmark.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Part {
    /// Publish → in the other node's kernel.
    Latency,
    /// Flood → first drop → dropped elsewhere.
    Flood,
    /// Honest alerts under a flood of bad peers.
    Hostile,
    /// Bytes and processor time, idle and at a steady pace.
    Traffic,
    /// Resident memory by peers and by blocks.
    Memory,
    /// What `aegis top` costs before a large node to which nothing happens.
    Top,
    /// The same while alerts come in.
    Live,
    /// How long the pages of a large node take.
    Page,
}

impl Part {
    pub(crate) const ALL: [Self; 8] = [
        Self::Latency,
        Self::Flood,
        Self::Hostile,
        Self::Traffic,
        Self::Memory,
        Self::Top,
        Self::Live,
        Self::Page,
    ];

    /// Returns the benchmark that the part belongs to.
    const fn bench(self) -> &'static str {
        match self {
            Self::Latency | Self::Flood | Self::Hostile | Self::Traffic | Self::Memory => "node",
            Self::Top | Self::Live | Self::Page => "views",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Latency => "latency",
            Self::Flood => "flood",
            Self::Hostile => "hostile",
            Self::Traffic => "traffic",
            Self::Memory => "memory",
            Self::Top => "top",
            Self::Live => "live",
            Self::Page => "page",
        }
    }
}

/// Plays the role that this process was started for; returns whether there was one.
pub(crate) fn play_role() -> anyhow::Result<bool> {
    Ok(hostile::play_bad_peer()? || views::play_crowd()?)
}

/// Returns the parts of a benchmark that were asked for by name, all where none was.
pub(crate) fn chosen(bench: &str, asked: &[String]) -> Vec<Part> {
    let is_asked = |it: &Part| asked.is_empty() || asked.iter().any(|name| name == it.name());
    let is_chosen = |it: &Part| it.bench() == bench && is_asked(it);
    Part::ALL.into_iter().filter(is_chosen).collect()
}

/// Measures one part with nodes that run `program`.
pub(crate) async fn run(part: Part, size: Size, program: &Path) -> anyhow::Result<Vec<Table>> {
    match part {
        Part::Latency => latency::run(size, program).await,
        Part::Flood => flood::run(size, program).await,
        Part::Hostile => hostile::run(size, program).await,
        Part::Traffic => traffic::run(size, program).await,
        Part::Memory => memory::run(size, program).await,
        Part::Top => views::top(size, program).await,
        Part::Live => views::live(size, program).await,
        Part::Page => views::page(size, program).await,
    }
}

/// Returns whether this process may make namespaces.
pub(crate) fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|it| it.uid() == 0)
}

/// Figures that were taken in one run.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) title: String,
    /// What stands above each column of figures, with its unit.
    pub(crate) columns: &'static [&'static str],
    pub(crate) rows: Vec<Row>,
}

/// One line of a table.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) figures: Vec<f64>,
}

impl Row {
    pub(crate) fn new(name: impl Into<String>, figures: impl Into<Vec<f64>>) -> Self {
        let (name, figures) = (name.into(), figures.into());
        Self { name, figures }
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n", self.title)?;
        writeln!(f, "| | {} |", self.columns.join(" | "))?;
        writeln!(f, "|---|{}", "---:|".repeat(self.columns.len()))?;
        for Row { name, figures } in &self.rows {
            let figures: Vec<String> = figures.iter().map(|it| written(*it)).collect();
            writeln!(f, "| {name} | {} |", figures.join(" | "))?;
        }
        Ok(())
    }
}

/// Returns a figure with about three digits that mean something.
fn written(figure: f64) -> String {
    match figure.abs() {
        it if it.is_nan() => "–".to_owned(), // not measured
        it if it >= 100.0 => format!("{figure:.0}"),
        it if it >= 10.0 => format!("{figure:.1}"),
        _ => format!("{figure:.2}"),
    }
}

/// Returns median, 99th percentile and maximum of `figures`.
fn spread(mut figures: Vec<f64>) -> Vec<f64> {
    figures.sort_by(f64::total_cmp);
    let last = figures.len().saturating_sub(1);
    let at = |share: f64| figures.get((last as f64 * share).round() as usize);
    [0.5, 0.99, 1.0]
        .map(|share| at(share).copied().unwrap_or(f64::NAN))
        .into()
}
