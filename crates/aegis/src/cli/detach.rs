//! `aegis detach`: take everything of a node out of the kernel.

use std::path::PathBuf;

use aegis_enforce::{DEFAULT_BPFFS, DetachReport, InstanceName, detach, detach_all};
use aegis_ui::{Outcome, count};
use clap::Args;
use serde::Serialize;

use super::print;

/// What to take out.
#[derive(Args, Debug)]
pub(super) struct DetachArgs {
    /// Take out every node's programs, maps and nftables tables
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
    tables: usize,
}

/// Runs `aegis detach`.
pub(super) fn run(
    args: DetachArgs,
    instance: Option<InstanceName>,
    is_json: bool,
) -> anyhow::Result<Outcome> {
    let reports = if args.all {
        detach_all(&args.bpffs)?
    } else {
        let instance = match instance {
            Some(instance) => instance,
            None => "default".parse()?,
        };
        let report = detach(&instance, &args.bpffs)?;
        vec![(instance, report)]
    };
    let detached: Vec<Detached> = reports.iter().map(|(name, it)| summary(name, it)).collect();
    if is_json {
        return print(&(serde_json::to_string(&detached)? + "\n"));
    }
    let mut text: String = detached.iter().map(line).collect();
    if detached.is_empty() {
        text.push_str("Nothing of AEGIS is in the kernel\n");
    }
    print(&text)
}

fn line(detached: &Detached) -> String {
    let Detached {
        instance,
        interfaces,
        pins,
        tables,
    } = detached;
    if (*interfaces, *pins, *tables) == (0, 0, 0) {
        return format!("Nothing of {instance} is in the kernel\n");
    }
    let passing = match interfaces {
        1 => "1 interface passes everything".to_owned(),
        count => format!("{count} interfaces pass everything"),
    };
    let pins_text = count(*pins as u64, "pin");
    let tables_text = count(*tables as u64, "nftables table");
    match (*interfaces, *pins, *tables) {
        (_, _, 0) => format!("Detached {instance}: {passing}, {pins_text} removed\n"),
        (0, 0, _) => format!("Detached {instance}: {tables_text} removed\n"),
        (_, _, _) => {
            format!("Detached {instance}: {passing}, {pins_text} and {tables_text} removed\n")
        }
    }
}

fn summary(instance: &InstanceName, report: &DetachReport) -> Detached {
    Detached {
        instance: instance.to_string(),
        interfaces: report.links.len() + report.filters.len(),
        pins: report.links.len() + report.pins.len(),
        tables: report.tables.len(),
    }
}

#[cfg(test)]
mod tests;
