//! `cargo xtask fuzz`: random input for the decoders, with cargo-fuzz on the nightly compiler.
//!
//! The corpora that it starts from are committed, and ordinary tests replay them.

use anyhow::{Result, bail, ensure};
use serde_json::Value;

use crate::{shell, talk};

/// What `cargo xtask fuzz` may be told.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The target to feed; every one in turn if none is named.
    target: Option<String>,
    /// How long to feed each target.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
}

/// Feeds the targets that were asked for.
pub(crate) fn run(args: &Args) -> Result<()> {
    let manifest = shell::root().join("fuzz/Cargo.toml");
    ensure!(
        manifest.is_file(),
        "there are no fuzz targets: {} is missing",
        manifest.display()
    );
    let targets = targets(&shell::metadata(&manifest)?);
    let wanted: Vec<_> = match &args.target {
        Some(name) => targets.iter().filter(|target| *target == name).collect(),
        None => targets.iter().collect(),
    };
    ensure!(
        !wanted.is_empty(),
        "no such target; there are: {}",
        targets.join(", ")
    );
    if !shell::succeeds(&mut shell::cargo_of("nightly", &["fuzz", "--version"])) {
        bail!(
            "fuzzing needs cargo-fuzz and a nightly compiler: `cargo install cargo-fuzz --locked` \
             and `rustup toolchain install nightly`"
        );
    }
    for target in wanted {
        talk::say(format_args!("{target}: {} s", args.seconds));
        let time = format!("-max_total_time={}", args.seconds);
        let arguments = ["fuzz", "run", target, "--", &time];
        shell::run(&mut shell::cargo_of("nightly", &arguments))?;
    }
    Ok(())
}

fn targets(metadata: &Value) -> Vec<String> {
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let targets = packages.flat_map(|package| package["targets"].as_array().into_iter().flatten());
    let programs = targets.filter(|target| {
        target["kind"]
            .as_array()
            .is_some_and(|kinds| kinds.contains(&"bin".into()))
    });
    programs
        .filter_map(|target| target["name"].as_str().map(str::to_owned))
        .collect()
}
