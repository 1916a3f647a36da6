//! The lab: the main job as one command, on real kernels' paths and a network of its own.
//!
//! As root it makes network namespaces, starts `aegis run` in them, lets an attacker flood one
//! node, and shows that every node drops it. Every figure is read from the nodes or measured at the
//! ends; nothing is assumed.

pub mod agent;
mod loopback;
pub mod node;
mod report;
mod scenario;
pub mod testbed;

use aegis_ui::Outcome;
use anyhow::Context as _;
use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::surroundings;

/// The fewest and the most nodes of a lab: with less than two nothing is shared.
const NODES_MIN: u8 = 2;
const NODES_MAX: u8 = 16;

/// How the lab is to be.
#[derive(Args, Clone, Copy, Debug)]
pub struct LabArgs {
    /// How many nodes defend together
    #[arg(long, value_name = "N", default_value_t = 3,
        value_parser = clap::value_parser!(u8).range(i64::from(NODES_MIN)..=i64::from(NODES_MAX)))]
    pub nodes: u8,
    /// Leave everything up, and print how to enter each node
    #[arg(long)]
    pub keep: bool,
    /// Take down every lab that was left up, and do nothing else
    #[arg(long, conflicts_with = "keep")]
    pub clean: bool,
}

/// Runs the lab; it is a negative answer where a node did not do its job.
pub fn run(args: LabArgs, is_json: bool) -> anyhow::Result<Outcome> {
    let is_root = surroundings().is_root;
    if args.clean {
        let removed = testbed::clean("aegis-lab-")?;
        return crate::cli::print(&format!("{removed} namespaces removed\n"));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("start the runtime")?;
    runtime.block_on(async {
        let talk = report::Talk::new(is_json);
        // Before anything is made: a signal that comes while it is made must not leave it behind.
        let mut interrupt = signal(SignalKind::interrupt()).context("listen for SIGINT")?;
        let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
        let scenario = async {
            if is_root {
                scenario::run(args, &talk).await
            } else {
                loopback::run(args, &talk).await
            }
        };
        let report = tokio::select! {
            report = scenario => Some(report?),
            _ = interrupt.recv() => None,
            _ = terminate.recv() => None,
        };
        let report = report.context("interrupted; everything was taken down")?;
        report.print(is_json)
    })
}
