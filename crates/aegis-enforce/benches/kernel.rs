//! AEGIS against what it is to beat, in one run: ns a packet, bytes an entry, time to load.
//!
//! `cargo xtask bench kernel`, as root: it builds the benchmark's kernel programs first. See
//! `docs/benchmarks.md` for the method. Options: `--quick`, `--entries 5000,100000`,
//! `--only packet,flood`, `--json FILE`. Nothing here is a timed test; goals are printed as met or
//! missed, and a candidate with a wrong verdict fails the run.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark prints its figures"
)]

#[path = "kernel/measure.rs"]
mod measure;

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context as _, Result, bail};
use measure::{Effort, Goal, Options, Outcome, Part};
use serde_json::{Value, json};

/// The lists that goals speak of; ten million are measured where they are asked for.
const ENTRIES: [u32; 3] = [5_000, 100_000, 1_000_000];
const QUICK_ENTRIES: [u32; 2] = [64, 1000];

/// What the command line says.
struct Asked {
    options: Options,
    json: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let asked = parse(std::env::args().skip(1))?;
    if !asked.options.object.is_file() {
        println!(
            "SKIPPED: no {}: `cargo xtask build-ebpf --bench` builds it",
            asked.options.object.display()
        );
        return Ok(());
    }
    let machine = measure::describe();
    println!("## Kernel benchmark\n\n{machine}");
    let report = measure::run(&asked.options)?;
    let goals = measure::goals(&report);
    println!("{report}");
    print_goals(&goals);
    if let Some(path) = asked.json {
        let value = json!({
            "machine": machine.to_json(),
            "report": report.to_json(),
            "goals": goals.iter().map(goal_json).collect::<Vec<_>>(),
        });
        fs::write(&path, format!("{value:#}\n")).context("write the figures")?;
        eprintln!("figures written to {}", path.display());
    }
    Ok(())
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Asked> {
    let mut is_quick = std::env::var_os("AEGIS_BENCH_QUICK").is_some();
    let (mut entries, mut parts, mut json) = (None, None, None);
    while let Some(argument) = arguments.next() {
        let mut value = || {
            arguments
                .next()
                .with_context(|| format!("{argument} wants a value"))
        };
        match argument.as_str() {
            // Cargo says `--bench` to every benchmark, and `--test` to one that it only tries.
            "--bench" => {}
            "--quick" | "--test" => is_quick = true,
            "--entries" => entries = Some(each(&value()?, |it| it.parse().ok())?),
            "--only" => parts = Some(each(&value()?, part)?),
            "--json" => json = Some(value()?.into()),
            other => bail!("no option of this benchmark: {other}"),
        }
    }
    let (effort, usual) = match is_quick {
        true => (Effort::TINY, QUICK_ENTRIES.to_vec()),
        false => (Effort::FULL, ENTRIES.to_vec()),
    };
    let object = std::env::var_os("AEGIS_BENCH_OBJECT").map_or_else(usual_object, PathBuf::from);
    let options = Options {
        entries: entries.unwrap_or(usual),
        parts: parts.unwrap_or_else(|| Part::ALL.to_vec()),
        object,
        effort,
    };
    Ok(Asked { options, json })
}

/// Returns each of the values that stand between commas.
fn each<T>(text: &str, parse: impl Fn(&str) -> Option<T>) -> Result<Vec<T>> {
    let one = |it| parse(it).with_context(|| format!("what is `{it}`?"));
    text.split(',').map(one).collect()
}

fn part(name: &str) -> Option<Part> {
    Part::ALL.into_iter().find(|it| it.name() == name)
}

/// Returns where `cargo xtask build-ebpf --bench` writes to.
fn usual_object() -> PathBuf {
    target_folder().join("bpf/bench.bpf.o")
}

/// Returns the folder that cargo builds into: its folder for what benchmarks write lies there.
fn target_folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    folder.parent().unwrap_or(folder).into()
}

fn print_goals(goals: &[Goal]) {
    println!("\n### Goals\n\n| | measured | goal | |\n|---|---:|---:|---|");
    for goal in goals {
        let value = goal.value.map_or_else(|| "–".to_owned(), measure::number);
        let outcome = match goal.outcome() {
            Outcome::Met => "met",
            Outcome::Missed => "MISSED",
            Outcome::NotMeasured => "not measured",
        };
        println!("| {} | {value} | {} | {outcome} |", goal.text, goal.bound);
    }
}

fn goal_json(goal: &Goal) -> Value {
    let outcome = match goal.outcome() {
        Outcome::Met => "met",
        Outcome::Missed => "missed",
        Outcome::NotMeasured => "not measured",
    };
    json!({
        "goal": goal.text, "measured": goal.value, "bound": goal.bound.to_string(),
        "outcome": outcome,
    })
}
