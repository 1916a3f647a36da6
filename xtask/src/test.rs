//! `cargo xtask test` and `kernel-test`: every tier in one go, counted in one table.
//!
//! cargo-nextest runs the tests where it is installed, else their binaries are run one by
//! one. Either way tests that touch the kernel run alone, and a test that found a privilege
//! missing counts as skipped, with its reason, and not as passed.

mod binaries;
mod junit;
mod libtest;
mod tally;
mod tier;

use anyhow::{Result, bail};

use crate::{build_ebpf, shell, talk};
use tally::Tally;

/// Turns a skip into a failure in every test that needs the kernel.
const REQUIRE_KERNEL: &str = "AEGIS_REQUIRE_KERNEL";

/// Programs that tests use and a fresh Debian has not, and the packages that they are in. Every test
/// that lacks one says so, in the end; this says it before the minutes that the tests take.
const PROGRAMS: [(&str, &str); 4] = [
    ("chromium", "chromium"),
    ("nft", "nftables"),
    ("python3", "python3"),
    ("redis-server", "redis-server"),
];

/// What `cargo xtask test` may be told.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Runs only tests whose name contains this.
    filter: Option<String>,
    /// Runs without cargo-nextest, even where it is installed.
    #[arg(long)]
    no_nextest: bool,
}

/// What `cargo xtask kernel-test` may be told.
#[derive(clap::Args)]
pub(crate) struct KernelArgs {
    /// Runs only tests whose name contains this.
    filter: Option<String>,
}

/// Runs every tier and says at the end what passed, failed and was skipped.
pub(crate) fn run(args: &Args) -> Result<()> {
    say_what_is_missing();
    build_bench_object();
    let filter = args.filter.as_deref();
    let watch = talk::Stopwatch::start();
    let mut tally = if !args.no_nextest && shell::has_cargo_command("nextest") {
        nextest(filter)?
    } else {
        talk::note("cargo-nextest is not used: the test binaries run one by one");
        binaries::run(filter, binaries::Which::All)?
    };
    binaries::run_doc_tests(filter, &mut tally)?;
    conclude(&tally, &watch)
}

/// Runs the tests that need the kernel; a skip counts as a failure.
pub(crate) fn run_kernel(args: &KernelArgs) -> Result<()> {
    if !shell::is_root() {
        bail!("kernel tests need root: try `sudo -E env PATH=\"$PATH\" cargo xtask kernel-test`");
    }
    build_bench_object();
    let watch = talk::Stopwatch::start();
    let tally = binaries::run(args.filter.as_deref(), binaries::Which::Alone)?;
    conclude(&tally, &watch)
}

fn nextest(filter: Option<&str>) -> Result<Tally> {
    let report = shell::target_folder()?.join("nextest/default/junit.xml");
    junit::forget(&report)?;
    let mut command = shell::cargo(&["nextest", "run", "--workspace", "--no-tests", "pass"]);
    let result = shell::run(command.args(filter));
    // Without a report nothing ran: the build failed, and cargo has said why.
    let Some(tally) = junit::read(&report)? else {
        return result.map(|()| Tally::default());
    };
    if tally.failed() == 0 {
        result?;
    }
    Ok(tally)
}

fn say_what_is_missing() {
    let is_required = std::env::var_os(REQUIRE_KERNEL).is_some_and(|value| value == "1");
    if !shell::is_root() && !is_required {
        talk::warn("not root: tests of the kernel and of namespaces will skip themselves");
    }
    let is_there = |name: &str| shell::succeeds(shell::program(name).arg("--version"));
    let missing = PROGRAMS.iter().filter(|(program, _)| !is_there(program));
    let packages: Vec<_> = missing.map(|(_, package)| *package).collect();
    if !packages.is_empty() {
        let packages = packages.join(" ");
        talk::warn(format_args!(
            "tests will skip themselves that need what this mends: apt install {packages}"
        ));
    }
}

/// Builds the kernel programs of the benchmark, where the pinned compiler is: its test finds them
/// in the target folder, and skips itself where they are not.
fn build_bench_object() {
    if let Err(error) = build_ebpf::build_bench() {
        talk::warn(format_args!(
            "the kernel benchmark is not tested: {error:#}"
        ));
    }
}

fn conclude(tally: &Tally, watch: &talk::Stopwatch) -> Result<()> {
    for line in tally.lines() {
        talk::say(line);
    }
    talk::note(format_args!("({:.1} s)", watch.elapsed().as_secs_f64()));
    talk::say(tally.last_line());
    match tally.failed() {
        0 => Ok(()),
        failed => bail!("{failed} tests failed"),
    }
}
