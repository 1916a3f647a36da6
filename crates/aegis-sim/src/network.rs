//! The commands that play networks.

use std::{fs, path::PathBuf, thread};

use aegis_core::sync::Opening;
use aegis_sim::net::{
    heal::{self, Healed},
    play, sets,
    spread::{self, Spread},
    table,
};
use anyhow::{Context, Result};
use clap::Subcommand;

use crate::talk;

/// Failing seeds that are told in full.
const TOLD_MAX: usize = 10;

/// What `aegis-sim net` can play.
#[derive(Subcommand)]
pub(crate) enum NetCommand {
    /// Partitions, loss, restarts, skewed clocks and hostile nodes: whether all agree afterwards.
    Heal(HealArgs),
    /// One alert among thousands: how fast it reaches everybody.
    Spread(SpreadArgs),
    /// Two nodes that differ: what it costs them to become equal.
    Sets(SetsArgs),
}

/// What `aegis-sim net sets` may be told.
#[derive(clap::Args)]
pub(crate) struct SetsArgs {
    /// Alerts of each node.
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    size: u32,
    /// How many differ, half of them at each node. A list, separated by commas.
    #[arg(long, value_delimiter = ',', default_value = "0,10,100,1000,10000")]
    difference: Vec<usize>,
}

/// What `aegis-sim net heal` may be told.
#[derive(clap::Args)]
pub(crate) struct HealArgs {
    /// How many seeds.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    seeds: u64,
    /// The first of them.
    #[arg(long, default_value_t = 1)]
    first: u64,
    /// Nodes of a network at least.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(4..=200))]
    nodes_min: u16,
    /// Nodes of a network at most.
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u16).range(4..=200))]
    nodes_max: u16,
    /// Tells all that happens; for one seed.
    #[arg(long)]
    trace: bool,
    /// Threads; as many as there are cores unless said.
    #[arg(long)]
    threads: Option<usize>,
}

/// What `aegis-sim net spread` may be told. Lists are separated by commas.
#[derive(clap::Args)]
pub(crate) struct SpreadArgs {
    /// Numbers of nodes.
    #[arg(long, value_delimiter = ',', default_value = "1000,10000")]
    nodes: Vec<usize>,
    /// Percent of them that take and say nothing.
    #[arg(long, value_delimiter = ',', default_value = "0,50,80")]
    mute: Vec<usize>,
    /// Alerts in each setting.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=200))]
    alerts: u16,
    /// Alerts of which sync is played where most are mute.
    #[arg(long, default_value_t = 3)]
    synced: usize,
    /// Decides everything.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Writes table and plot into this folder.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Threads; as many as there are cores unless said.
    #[arg(long)]
    threads: Option<usize>,
}

/// Plays; returns whether everything held.
pub(crate) fn run(command: &NetCommand) -> Result<bool> {
    match command {
        NetCommand::Heal(args) => heal(args),
        NetCommand::Spread(args) => spread(args),
        NetCommand::Sets(args) => sets(args),
    }
}

fn heal(args: &HealArgs) -> Result<bool> {
    let count = usize::try_from(args.seeds).context("count the seeds")?;
    let job = |place: usize| {
        heal::play(&heal::Setting {
            seed: args.first + place as u64,
            nodes_min: usize::from(args.nodes_min),
            nodes_max: usize::from(args.nodes_max),
            is_traced: args.trace && count == 1,
        })
    };
    let progress = |done: usize| {
        if done.is_multiple_of(count.div_ceil(20)) || done == count {
            talk::note(format_args!("{done} of {count}"));
        }
    };
    let threads = args.threads.unwrap_or_else(cores);
    let all: Vec<Healed> = play(count, threads, &job, &progress);
    for healed in &all {
        for line in &healed.trace {
            talk::say(&format!("{line}\n"))?;
        }
    }
    let failed = all.iter().filter(|it| !it.violations.is_empty());
    for healed in failed.clone().take(TOLD_MAX) {
        talk::say(&format!(
            "seed {} with {} nodes: {}\n  replay: aegis-sim net heal --seeds 1 --first {} \
             --nodes-min {} --nodes-max {} --trace\n",
            healed.seed,
            healed.nodes,
            healed.violations.join("; "),
            healed.seed,
            args.nodes_min,
            args.nodes_max,
        ))?;
    }
    talk::say(&table::healed(&all))?;
    Ok(failed.count() == 0)
}

fn spread(args: &SpreadArgs) -> Result<bool> {
    let mut settings = Vec::new();
    for nodes in &args.nodes {
        for mute in &args.mute {
            for is_lazy in [true, false] {
                settings.push(spread::Setting {
                    nodes: (*nodes).clamp(100, 20_000),
                    mute: (*mute).min(95),
                    is_lazy,
                    alerts: usize::from(args.alerts),
                    synced: if *mute > 50 { args.synced } else { 0 },
                    seed: args.seed,
                });
            }
        }
    }
    let job = |place: usize| spread::play(&settings[place]);
    let progress = |done: usize| talk::note(format_args!("{done} of {}", settings.len()));
    let threads = args.threads.unwrap_or_else(cores);
    let rows: Vec<Spread> = play(settings.len(), threads, &job, &progress);
    if let Some(folder) = &args.folder {
        fs::create_dir_all(folder).context("make the folder of tables")?;
        fs::write(folder.join("spread.csv"), table::csv(&rows)).context("write the table")?;
        let plot = table::plot(&rows);
        fs::write(folder.join(plot.file), plot.svg).context("write the plot")?;
    }
    talk::say(&table::csv(&rows))?;
    Ok(table::all_hold(&rows))
}

fn sets(args: &SetsArgs) -> Result<bool> {
    let size = usize::try_from(args.size).context("count the alerts")?;
    let mut costs = Vec::new();
    for difference in &args.difference {
        let difference = (*difference).min(size);
        costs.push(sets::cost(size, difference, Opening::Cells(256))?);
    }
    talk::say(&sets::table(&costs))?;
    let (insertion, removal) = sets::upkeep(size)?;
    talk::say(&format!(
        "an insertion takes {} ns, a removal {} ns\n",
        insertion.as_nanos(),
        removal.as_nanos()
    ))?;
    Ok(costs.iter().all(|it| it.is_equal))
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}
