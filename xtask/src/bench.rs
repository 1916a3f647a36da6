//! `cargo xtask bench`: runs the workspace's benchmarks, in release mode, one after another.
//!
//! It writes nothing: figures worth keeping go to `docs/benchmarks.md` by hand, together with
//! the machine and the preset that they were taken on.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::{build_ebpf, shell, talk};

/// Tells a benchmark of ours to take a few samples only, enough to see that it runs.
const QUICK: &str = "AEGIS_BENCH_QUICK";
/// The benchmark that loads kernel programs of its own.
const KERNEL: &str = "kernel";

/// What `cargo xtask bench` may be told.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Runs only benchmarks whose name or crate contains this.
    name: Option<String>,
    /// Takes a few samples only: shows that everything runs, measures little.
    #[arg(long)]
    quick: bool,
    /// Names the benchmarks and runs none.
    #[arg(long)]
    list: bool,
    /// Sizes of the lists that `kernel` measures, for instance 5000,100000,1000000,10000000.
    #[arg(long)]
    entries: Option<String>,
    /// Parts of `kernel` to run: packet, detector, prefix, table, flood.
    #[arg(long)]
    only: Option<String>,
    /// Writes the figures of `kernel` to this file, too.
    #[arg(long)]
    json: Option<PathBuf>,
}

impl Args {
    /// Returns what only `kernel` understands.
    fn for_kernel(&self) -> Result<Vec<OsString>> {
        let json = self.json.as_ref().map(std::path::absolute).transpose()?;
        let options = [
            ("--entries", self.entries.as_ref().map(OsString::from)),
            ("--only", self.only.as_ref().map(OsString::from)),
            ("--json", json.map(OsString::from)),
        ];
        let given = options
            .into_iter()
            .filter_map(|(name, value)| Some([OsString::from(name), value?]));
        Ok(given.flatten().collect())
    }
}

/// Runs the benchmarks that were asked for.
pub(crate) fn run(args: &Args) -> Result<()> {
    let metadata = shell::metadata(&shell::root().join("Cargo.toml"))?;
    let wanted = args.name.as_deref().unwrap_or_default();
    let benches: Vec<_> = find(&metadata)
        .into_iter()
        .filter(|(package, bench)| package.contains(wanted) || bench.contains(wanted))
        .collect();
    ensure!(
        !benches.is_empty(),
        "no benchmark of the workspace is called like `{wanted}`"
    );
    for (package, bench) in &benches {
        talk::say(format_args!("{package}: {bench}"));
    }
    if args.list {
        return Ok(());
    }
    let for_kernel = args.for_kernel()?;
    let has_kernel = benches.iter().any(|(_, bench)| bench == KERNEL);
    ensure!(
        for_kernel.is_empty() || (has_kernel && benches.len() == 1),
        "--entries, --only and --json are for `cargo xtask bench {KERNEL}`"
    );
    // One call for all, so that every dependency is built once, with one set of features.
    let mut command = shell::cargo(&["bench", "--workspace"]);
    for (_, bench) in &benches {
        command.args(["--bench", bench.as_str()]);
    }
    if args.quick {
        command
            .env(QUICK, "1")
            .env("DIVAN_SAMPLE_COUNT", "3")
            .env("DIVAN_MAX_TIME", "1");
    }
    if has_kernel {
        match build_ebpf::build_bench() {
            Ok(object) => command.env(build_ebpf::BENCH_OBJECT, object),
            Err(error) if benches.len() == 1 => return Err(error),
            Err(error) => {
                talk::warn(format_args!("`{KERNEL}` will skip itself: {error:#}"));
                &mut command
            }
        };
    }
    if !for_kernel.is_empty() {
        command.arg("--").args(for_kernel);
    }
    shell::run(&mut command)
}

/// Returns the package and the name of every benchmark.
fn find(metadata: &Value) -> Vec<(String, String)> {
    let mut benches = Vec::new();
    for package in metadata["packages"].as_array().into_iter().flatten() {
        for target in package["targets"].as_array().into_iter().flatten() {
            let kinds = target["kind"].as_array();
            if kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind == "bench")) {
                benches.push((text(&package["name"]), text(&target["name"])));
            }
        }
    }
    benches
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
