//! `cargo xtask deb-test`: a new user on a fresh Debian 12, with the package and nothing else.
//!
//! Boots the machine in a container, or with `--qemu` in an emulator with Debian's own kernel, and has it
//! do what `packaging/test/guest.sh` says: install, look, be attacked, enforce, ask why, undo, upgrade
//! under a flood, purge. What was typed and answered must be what `docs/operator.md` shows.

mod document;
mod machine;
mod root;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::deb::{self, Effort};
use crate::{shell, talk};
use machine::Machine;

/// What the version of the newer package has behind that of the older.
const NEWER: &str = "+upgrade";

/// What `cargo xtask deb-test` may be told.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Boots Debian's own kernel in an emulator instead of a container on this kernel.
    #[arg(long)]
    qemu: bool,
    /// Runs these test binaries in there first, as root: those of `aegis-enforce`, say.
    #[arg(long, value_name = "FILE")]
    with_tests: Vec<PathBuf>,
    /// Of those, runs the tests alone whose names hold one of these words.
    #[arg(long, value_name = "WORD", requires = "with_tests")]
    only: Vec<String>,
    /// Takes the programs from this folder instead of building them.
    #[arg(long, value_name = "DIR")]
    programs: Option<PathBuf>,
    /// Writes what was answered into `docs/operator.md` instead of comparing.
    #[arg(long)]
    bless: bool,
}

/// Runs the test and says what held and what did not.
pub(crate) fn run(args: &Args) -> Result<()> {
    ensure!(shell::is_root(), "a machine can be booted by root only");
    let machine = if args.qemu {
        Machine::Emulated
    } else {
        Machine::Container
    };
    let missing = machine.missing();
    ensure!(
        missing.is_empty(),
        "not run, since this lacks: {}",
        missing.join(", ")
    );
    let programs = match &args.programs {
        Some(folder) => std::path::absolute(folder)?,
        None => deb::build_programs()?,
    };
    let folder = shell::target_folder()?.join("debian-12");
    let root = root::make(&folder)?;
    let test = folder.join("test");
    lay_out(&test, &programs, args)?;
    let watch = talk::Stopwatch::start();
    machine.run(&root, &test)?;
    talk::note(format_args!(
        "{} ({:.0} s)",
        machine.name(),
        watch.elapsed().as_secs_f64()
    ));
    report(&test)?;
    let transcript = read(&test.join("transcript"))?;
    if args.bless {
        return document::bless(&transcript);
    }
    document::check(&transcript)
}

/// Puts everything that the machine needs into one folder.
fn lay_out(test: &Path, programs: &Path, args: &Args) -> Result<()> {
    if test.exists() {
        fs::remove_dir_all(test).context("remove the last test")?;
    }
    fs::create_dir_all(test.join("tests")).context("make a folder for the test")?;
    let version = deb::workspace_version()?;
    for version in [version.clone(), version + NEWER] {
        let package = deb::build(programs, &version, Effort::Little)?;
        copy(&package, test)?;
    }
    copy(&shell::root().join("packaging/test/guest.sh"), test)?;
    for binary in &args.with_tests {
        copy(binary, &test.join("tests"))?;
    }
    fs::write(test.join("only"), args.only.join(" ")).context("write which tests to run")
}

/// Says how each check came out.
fn report(test: &Path) -> Result<()> {
    let kernel = read(&test.join("kernel"))?;
    talk::say(format_args!("Linux {}", kernel.trim()));
    let checks = read(&test.join("checks"))?;
    checks.lines().for_each(talk::say);
    let of_tests = fs::read_dir(test.join("tests")).context("look for tests")?;
    for said in of_tests.filter_map(|it| Some(it.ok()?.path())) {
        if said.extension().is_some_and(|it| it == "out") {
            let last = read(&said)?;
            let last = last.lines().rev().find(|it| it.starts_with("test result"));
            talk::say(format_args!(
                "{}: {}",
                said.display(),
                last.unwrap_or("did not end")
            ));
        }
    }
    let Ok(failures) = fs::read_to_string(test.join("ended")) else {
        bail!(
            "the machine did not come to its end: see {}/log",
            test.display()
        );
    };
    match failures.trim() {
        "0" => Ok(()),
        count => bail!("{count} checks failed: see {}/log", test.display()),
    }
}

fn copy(file: &Path, folder: &Path) -> Result<()> {
    let name = file.file_name().context("find the name of a file")?;
    fs::copy(file, folder.join(name)).with_context(|| format!("copy {}", file.display()))?;
    Ok(())
}

fn read(file: &Path) -> Result<String> {
    let bytes = fs::read(file).with_context(|| format!("read {}", file.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
