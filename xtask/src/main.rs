//! Developer tasks of AEGIS: `cargo xtask <task>`, and what CI calls.
//!
//! Every task is a thin shell round cargo and the tools beside it. Nothing here is part of
//! the product, and no crate of the workspace depends on it.

mod bench;
mod build_ebpf;
mod ci;
mod deb;
mod deb_test;
mod fuzz;
mod interop;
mod kill_test;
mod node;
mod schemathesis;
mod shell;
mod talk;
mod test;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Builds, tests and checks AEGIS.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Builds the kernel program, or checks that the committed one is what its source gives.
    BuildEbpf(build_ebpf::Args),
    /// Runs the tests of every tier that this machine and these privileges allow.
    Test(test::Args),
    /// Runs only the tests that need the kernel and network namespaces; needs root.
    KernelTest(test::KernelArgs),
    /// Kills a daemon at random moments and checks that nothing it acknowledged is lost.
    KillTest(kill_test::Args),
    /// Runs the benchmarks in release mode.
    Bench(bench::Args),
    /// Builds the Debian package.
    Deb(deb::Args),
    /// Installs, uses, upgrades and purges the package on a fresh Debian.
    DebTest(deb_test::Args),
    /// Feeds random input to a decoder until it breaks or the time is over.
    Fuzz(fuzz::Args),
    /// Sends made-up requests to a node and holds its answers against docs/openapi.json.
    Schemathesis(schemathesis::Args),
    /// Has other programs read what a node hands out, and a node what they write.
    Interop(interop::Args),
    /// Checks the house rules that compilers do not.
    Tidy(tidy::Args),
    /// Runs every check that CI runs beside the tests.
    Ci(ci::Args),
}

fn main() -> ExitCode {
    match run(Cli::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            talk::note(format_args!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> anyhow::Result<()> {
    match task {
        Task::BuildEbpf(args) => build_ebpf::run(args),
        Task::Test(args) => test::run(&args),
        Task::KernelTest(args) => test::run_kernel(&args),
        Task::KillTest(args) => kill_test::run(&args),
        Task::Bench(args) => bench::run(&args),
        Task::Deb(args) => deb::run(&args),
        Task::DebTest(args) => deb_test::run(&args),
        Task::Fuzz(args) => fuzz::run(&args),
        Task::Schemathesis(args) => schemathesis::run(&args),
        Task::Interop(args) => interop::run(&args),
        Task::Tidy(args) => tidy::run(&args),
        Task::Ci(args) => ci::run(&args),
    }
}
