//! `aegis detach`: take everything of a node out of the kernel.

use std::path::PathBuf;

use aegis_enforce::{DEFAULT_BPFFS, DetachReport, InstanceName, detach, detach_all};
use aegis_ui::Outcome;
use anyhow::Context as _;
use clap::Args;
use serde::Serialize;

use super::print;

/// What to take out.
#[derive(Args, Debug)]
pub(super) struct DetachArgs {
    /// Take out every node's programs and maps
    #[arg(long)]
    all: bool,
    /// BPF file system
    #[arg(long, value_name = "DIR", default_value = DEFAULT_BPFFS)]
    bpffs: PathBuf,
}

#[derive(Serialize)]
struct Detached {
    instance: String,
    interfaces: usize,
    pins: usize,
}

/// Runs `aegis detach`.
pub(super) fn run(
    args: DetachArgs,
    instance: Option<String>,
    is_json: bool,
) -> anyhow::Result<Outcome> {
    let reports = if args.all {
        detach_all(&args.bpffs)?
    } else {
        let instance: InstanceName = instance
            .as_deref()
            .unwrap_or("default")
            .parse()
            .context("--instance")?;
        let report = detach(&instance, &args.bpffs)?;
        vec![(instance, report)]
    };
    let detached: Vec<Detached> = reports.iter().map(|(name, it)| summary(name, it)).collect();
    if is_json {
        return print(&(serde_json::to_string(&detached)? + "\n"));
    }
    let mut text = String::new();
    for Detached {
        instance,
        interfaces,
        pins,
    } in &detached
    {
        text.push_str(&format!(
            "Detached {instance}: {interfaces} interfaces pass everything, {pins} pins removed\n"
        ));
    }
    if detached.is_empty() {
        text.push_str("Nothing of AEGIS is in the kernel\n");
    }
    print(&text)
}

fn summary(instance: &InstanceName, report: &DetachReport) -> Detached {
    Detached {
        instance: instance.to_string(),
        interfaces: report.links.len() + report.filters.len(),
        pins: report.links.len() + report.pins.len(),
    }
}
