//! The command line of the simulations.

mod command;
mod network;
mod talk;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Seeded worlds in which trust models meet attackers, and nodes a network that fails them.
#[derive(Parser)]
#[command(name = "aegis-sim", version)]
struct Cli {
    #[command(subcommand)]
    simulation: Simulation,
}

#[derive(Subcommand)]
enum Simulation {
    /// Plays trust models against attackers.
    Trust(command::TrustArgs),
    /// Plays all that the committed table holds, and writes it with its plots.
    Table(command::TableArgs),
    /// Compares with what the originals reached in their own experiments.
    Anchors(command::AnchorsArgs),
    /// Lets many nodes agree over a network that fails them.
    #[command(subcommand)]
    Net(network::NetCommand),
    /// Computes some rows of a table anew and fails unless they are as written.
    Recheck(command::RecheckArgs),
}

fn main() -> ExitCode {
    let result = match Cli::parse().simulation {
        Simulation::Trust(args) => command::trust(&args).map(|()| true),
        Simulation::Table(args) => command::table(&args).map(|()| true),
        Simulation::Anchors(args) => command::anchors(&args),
        Simulation::Net(command) => network::run(&command),
        Simulation::Recheck(args) => command::recheck(&args),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            talk::note(format_args!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}
