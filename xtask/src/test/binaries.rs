//! Test binaries run one by one, for machines without cargo-nextest and for kernel tests.

use std::path::PathBuf;
use std::process::Output;

use anyhow::{Context, Result};
use serde_json::Value;

use super::tally::Tally;
use super::tier::{self, Tier};
use super::{REQUIRE_KERNEL, libtest};
use crate::{shell, talk};

/// The longest that one binary may run, in seconds: a hang must end before CI's patience.
const RUN_SECS_MAX: &str = "900";

/// Which tests to run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Which {
    All,
    /// Those that must have the machine to themselves; they may not skip themselves.
    Alone,
}

struct Binary {
    executable: PathBuf,
    package: String,
    package_folder: PathBuf,
    /// `None` for the tests inside a library or a program.
    name: Option<String>,
}

/// Builds the workspace's tests and runs those asked for.
pub(super) fn run(filter: Option<&str>, which: Which) -> Result<Tally> {
    let mut tally = Tally::default();
    let binaries = build()?;
    for wants_alone in [false, true] {
        if which == Which::Alone && !wants_alone {
            continue;
        }
        for binary in &binaries {
            let names = binary.tests(filter, wants_alone)?;
            binary.run(&names, wants_alone, which, &mut tally)?;
        }
    }
    Ok(tally)
}

/// Runs the examples in the documentation.
pub(super) fn run_doc_tests(filter: Option<&str>, tally: &mut Tally) -> Result<()> {
    talk::note("$ cargo test --workspace --doc");
    let mut command = shell::cargo(&["test", "--workspace", "--doc", "--quiet", "--"]);
    let output = shell::collect(command.args(filter))?;
    report(&output);
    let printed = String::from_utf8_lossy(&output.stdout);
    libtest::count(tally, Tier::Docs, &printed, output.status.success());
    Ok(())
}

impl Binary {
    fn tests(&self, filter: Option<&str>, wants_alone: bool) -> Result<Vec<String>> {
        let mut command = shell::program(&self.executable);
        let printed = shell::capture(command.args(["--list", "--format", "terse"]))?;
        let is_wanted = |test: &&str| {
            let is_alone = tier::is_alone(self.name.as_deref(), test);
            is_alone == wants_alone && filter.is_none_or(|part| test.contains(part))
        };
        let names = libtest::listed(&printed);
        Ok(names
            .into_iter()
            .filter(is_wanted)
            .map(str::to_owned)
            .collect())
    }

    fn run(&self, tests: &[String], alone: bool, which: Which, tally: &mut Tally) -> Result<()> {
        let Some(first) = tests.first() else {
            return Ok(());
        };
        let name = self.name.as_deref();
        talk::note(format_args!(
            "{} {} ({} tests)",
            self.package,
            name.unwrap_or(""),
            tests.len()
        ));
        let mut command = shell::program("timeout");
        command
            .args(["--kill-after=10", RUN_SECS_MAX])
            .arg(&self.executable);
        command.args(["--show-output", "--exact"]).args(tests);
        if alone {
            command.arg("--test-threads=1");
        }
        if which == Which::Alone {
            command.env(REQUIRE_KERNEL, "1");
        }
        // What cargo would set: tests find their files by it.
        command
            .current_dir(&self.package_folder)
            .env("CARGO_MANIFEST_DIR", &self.package_folder);
        let output = shell::collect(&mut command)?;
        report(&output);
        let printed = String::from_utf8_lossy(&output.stdout);
        libtest::count(
            tally,
            Tier::of(name, first),
            &printed,
            output.status.success(),
        );
        Ok(())
    }
}

/// Prints the output of a run that failed.
fn report(output: &Output) {
    if !output.status.success() {
        talk::note(String::from_utf8_lossy(&output.stdout));
        talk::note(String::from_utf8_lossy(&output.stderr));
        talk::note(format_args!("failed: {}", output.status));
    }
}

fn build() -> Result<Vec<Binary>> {
    let format = "--message-format=json-render-diagnostics";
    let mut command = shell::cargo(&["test", "--workspace", "--no-run", "--quiet", format]);
    command
        .args(["--lib", "--bins", "--tests"])
        .stderr(std::process::Stdio::inherit());
    talk::note("$ cargo test --workspace --no-run");
    let messages = shell::capture(&mut command)?;
    messages
        .lines()
        .filter_map(|line| parse(line).transpose())
        .collect()
}

/// Reads one of cargo's messages; `None` when it is not about a test binary.
fn parse(message: &str) -> Result<Option<Binary>> {
    let message: Value = serde_json::from_str(message).context("parse a message of cargo")?;
    let Some(executable) = message["executable"].as_str() else {
        return Ok(None);
    };
    if message["profile"]["test"] != true {
        return Ok(None);
    }
    let manifest = PathBuf::from(
        message["manifest_path"]
            .as_str()
            .context("find a manifest")?,
    );
    let package_folder = manifest.parent().context("find a package")?.to_path_buf();
    let target = &message["target"];
    let is_test = target["kind"]
        .as_array()
        .is_some_and(|kinds| kinds.iter().any(|it| it == "test"));
    Ok(Some(Binary {
        executable: executable.into(),
        package: package_folder
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned(),
        package_folder,
        name: target["name"]
            .as_str()
            .filter(|_| is_test)
            .map(str::to_owned),
    }))
}
