//! The commands: what to play, and where the results go.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::SystemTime;

use aegis_sim::run::Checking;
use aegis_sim::table::Row;
use aegis_sim::tournament::{Plan, TARGETS, committed};
use aegis_sim::{anchors, attack, model, plot, recheck, table};
use anyhow::{Context, Result};
use clap::builder::PossibleValuesParser;

use crate::talk;

/// The hostile shares that are played unless said.
const SHARES: &str = "0,0.1,0.25,0.5,0.75,0.9,0.99";

/// What `aegis-sim trust` may be told. Lists are separated by commas.
#[derive(clap::Args)]
pub(crate) struct TrustArgs {
    /// Attacks to play; all unless said.
    #[arg(long, value_delimiter = ',', value_parser = attacks())]
    attack: Vec<String>,
    /// Models to play; all unless said.
    #[arg(long, value_delimiter = ',', value_parser = models())]
    model: Vec<String>,
    /// Numbers of peers.
    #[arg(long, value_delimiter = ',', default_value = "50,200", value_parser = peers)]
    peers: Vec<usize>,
    /// Hostile shares of them, 0…1.
    #[arg(long, value_delimiter = ',', default_value = SHARES, value_parser = share)]
    hostile: Vec<f64>,
    /// The first seed. A table has no column for it, so `--csv` is always from 1.
    #[arg(long, default_value_t = 1, conflicts_with = "csv", value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    first_seed: u64,
    /// How many seeds, one after another.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    seeds: u64,
    /// Share of targets that the node verifies, 0…1.
    #[arg(long, default_value_t = 0.05, value_parser = share)]
    verify: f64,
    /// Verifies by lot only: the model steers nothing.
    #[arg(long)]
    passive: bool,
    /// Targets of each run.
    #[arg(long, default_value_t = TARGETS, value_parser = targets)]
    targets: usize,
    /// Threads; as many as there are cores unless said.
    #[arg(long)]
    threads: Option<usize>,
    /// Writes the table to this file as CSV.
    #[arg(long)]
    csv: Option<PathBuf>,
    /// Writes plots into this folder as SVG.
    #[arg(long)]
    plots: Option<PathBuf>,
    /// Prints JSON instead of a table.
    #[arg(long)]
    json: bool,
}

/// Plays and writes what came of it.
pub(crate) fn trust(args: &TrustArgs) -> Result<()> {
    let rows = play(&plan(args), args.threads.unwrap_or_else(cores));
    if let Some(path) = &args.csv {
        fs::write(path, table::csv(&rows)).context("write the table")?;
    }
    if let Some(folder) = &args.plots {
        write_plots(folder, &rows)?;
    }
    if args.json {
        let mut text = serde_json::to_string_pretty(&rows).context("write JSON")?;
        text.push('\n');
        return talk::say(&text);
    }
    talk::say(&table::text(&rows))
}

/// Plays `plan` and says how far it is.
fn play(plan: &Plan, threads: usize) -> Vec<Row> {
    let jobs = plan.jobs().len();
    let played = plan.play(threads, &|done| {
        // Twenty lines of progress, however much there is to do.
        if done % jobs.div_ceil(20) == 0 || done == jobs {
            talk::note(format_args!("{done} of {jobs}"));
        }
    });
    table::rows(plan, &played)
}

fn write_plots(folder: &Path, rows: &[Row]) -> Result<()> {
    fs::create_dir_all(folder).context("make the folder of plots")?;
    for plot in plot::plots(rows) {
        fs::write(folder.join(plot.file), plot.svg).context("write a plot")?;
    }
    Ok(())
}

/// What `aegis-sim table` may be told.
#[derive(clap::Args)]
pub(crate) struct TableArgs {
    /// The folder that table and plots go to.
    folder: PathBuf,
    /// Threads; as many as there are cores unless said.
    #[arg(long)]
    threads: Option<usize>,
}

/// Plays all that the committed table holds, and writes it with its plots.
pub(crate) fn table(args: &TableArgs) -> Result<()> {
    let threads = args.threads.unwrap_or_else(cores);
    let mut rows = Vec::new();
    for plan in committed() {
        rows.extend(play(&plan, threads));
    }
    write_plots(&args.folder, &rows)?;
    fs::write(args.folder.join("arena.csv"), table::csv(&rows)).context("write the table")?;
    talk::say(&table::text(&rows))
}

/// What `aegis-sim anchors` may be told.
#[derive(clap::Args)]
pub(crate) struct AnchorsArgs {
    /// Whose experiments.
    #[arg(value_enum)]
    original: Original,
    /// How often each experiment is repeated where chance has a part in it.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(2..=1_000))]
    runs: u64,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum Original {
    /// Dovecot (Hollmannová 2020).
    Dovecot,
    /// Fides (Forst 2022), as measured with the original program.
    Fides,
}

/// Repeats experiments of the originals. Returns whether all come out as they did.
pub(crate) fn anchors(args: &AnchorsArgs) -> Result<bool> {
    let anchors = match args.original {
        Original::Dovecot => anchors::dovecot::anchors(),
        Original::Fides => anchors::fides::anchors(args.runs, |_| true),
    };
    talk::say(&anchors::text(&anchors))?;
    let off = anchors.iter().filter(|it| !it.holds()).count();
    talk::say(&format!("{} figures, {off} differ\n", anchors.len()))?;
    Ok(off == 0)
}

/// What `aegis-sim recheck` may be told.
#[derive(clap::Args)]
pub(crate) struct RecheckArgs {
    /// The table, as `trust --csv` wrote it.
    table: PathBuf,
    /// How many rows.
    #[arg(long, default_value_t = 24)]
    rows: usize,
    /// Leaves rows of more peers out.
    #[arg(long, default_value_t = 200)]
    peers_max: usize,
    /// Plays no more than so many seeds of each row.
    #[arg(long, default_value_t = 5)]
    seeds_max: u64,
    /// Decides which rows; the day unless said.
    #[arg(long)]
    lot: Option<u64>,
    /// Threads; as many as there are cores unless said.
    #[arg(long)]
    threads: Option<usize>,
}

/// Computes some rows of a table anew. Returns whether all are as written.
pub(crate) fn recheck(args: &RecheckArgs) -> Result<bool> {
    let text = fs::read_to_string(&args.table).context("read the table")?;
    let lot = args.lot.unwrap_or_else(day);
    let rows = recheck::draw(&text, args.rows, args.peers_max, lot)?;
    talk::note(format_args!("{} rows, by lot {lot}", rows.len()));
    let threads = args.threads.unwrap_or_else(cores);
    let mut differences = 0;
    for row in &rows {
        if let Some(difference) = recheck::recheck(row, args.seeds_max, threads)? {
            talk::say(&format!("{difference}\n"))?;
            differences += 1;
        }
    }
    talk::say(&format!("{} rows, {differences} differ\n", rows.len()))?;
    Ok(differences == 0)
}

/// Returns the number of the day, so that every day looks at other rows.
#[expect(
    clippy::disallowed_methods,
    reason = "decides which rows are looked at, and is printed"
)]
fn day() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.map_or(0, |it| it.as_secs() / 86_400)
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

fn plan(args: &TrustArgs) -> Plan {
    let is_wanted =
        |names: &[String], name: &str| names.is_empty() || names.iter().any(|it| it == name);
    let attacks = attack::ATTACKS.iter().copied();
    let models = model::MODELS.iter().copied();
    Plan {
        peers: args.peers.clone(),
        hostile: args.hostile.clone(),
        attacks: attacks
            .filter(|it| is_wanted(&args.attack, it.name))
            .collect(),
        models: models
            .filter(|it| is_wanted(&args.model, it.name))
            .collect(),
        first_seed: args.first_seed,
        seeds: args.seeds,
        targets: args.targets,
        checking: Checking {
            share: args.verify,
            is_steered: !args.passive,
        },
    }
}

fn attacks() -> PossibleValuesParser {
    attack::ATTACKS
        .iter()
        .map(|it| it.name)
        .collect::<Vec<_>>()
        .into()
}

fn models() -> PossibleValuesParser {
    model::MODELS
        .iter()
        .map(|it| it.name)
        .collect::<Vec<_>>()
        .into()
}

fn share(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    (0.0..=1.0)
        .contains(&value)
        .then_some(value)
        .ok_or_else(|| "not within 0…1".to_owned())
}

fn peers(text: &str) -> Result<usize, String> {
    within(text, 1, 5_000)
}

fn targets(text: &str) -> Result<usize, String> {
    within(text, 10, 1_000_000)
}

fn within(text: &str, least: usize, most: usize) -> Result<usize, String> {
    let value: usize = text.parse().map_err(|_| "not a whole number".to_owned())?;
    (least..=most)
        .contains(&value)
        .then_some(value)
        .ok_or_else(|| format!("not within {least}…{most}"))
}
