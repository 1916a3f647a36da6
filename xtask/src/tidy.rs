//! `cargo xtask tidy`: the house rules of `STYLE.md` that compilers do not check.
//!
//! Each rule is a pure function from text to findings, with good and bad samples beside it;
//! this file only gathers the text. The rules also run as a test, drift excepted, which needs
//! the binary built.

mod arrows;
mod drift;
mod files;
mod machine;
mod source;
mod walls;
mod words;

use std::fmt;
use std::fs;

use anyhow::{Context, Result, bail};

use crate::{shell, talk};

/// What `cargo xtask tidy` may be told.
#[derive(clap::Args, Default)]
pub(crate) struct Args {
    /// Writes generated files anew instead of comparing them.
    #[arg(long)]
    bless: bool,
}

/// One place that breaks a rule.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Finding {
    file: String,
    /// Counted from 1; `None` where the file as a whole is at fault.
    line: Option<usize>,
    problem: String,
}

impl Finding {
    fn in_file(file: &str, problem: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            line: None,
            problem: problem.into(),
        }
    }

    /// `index` counts lines from 0, as `enumerate` does.
    fn at(file: &str, index: usize, problem: impl Into<String>) -> Self {
        Self {
            line: Some(index + 1),
            ..Self::in_file(file, problem)
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file, self.problem),
            None => write!(f, "{}: {}", self.file, self.problem),
        }
    }
}

/// Checks every rule and fails, naming each place, when one is broken.
pub(crate) fn run(args: &Args) -> Result<()> {
    let mut findings = check_tree()?;
    findings.extend(drift::check(args.bless)?);
    for finding in &findings {
        talk::say(finding);
    }
    match findings.len() {
        0 => Ok(()),
        count => bail!("{count} places are not tidy"),
    }
}

/// Checks every rule that needs no build.
fn check_tree() -> Result<Vec<Finding>> {
    let mut findings = arrows::check_workspace()?;
    let places = machine::Places::here();
    let tracked = tracked_files()?;
    findings.extend(files::check_names(&tracked));
    for file in &tracked {
        let Ok(bytes) = fs::read(shell::root().join(file)) else {
            continue; // deleted, and not yet committed so
        };
        findings.extend(machine::check(&places, file, &bytes));
        let Ok(text) = String::from_utf8(bytes) else {
            continue;
        };
        if file.ends_with(".rs") {
            findings.extend(check_rust(file, &text));
        }
    }
    findings.sort();
    Ok(findings)
}

/// Checks one Rust file; every rule that reads code sees it without comments and literals.
fn check_rust(file: &str, text: &str) -> Vec<Finding> {
    let code = source::code_only(text);
    let mut findings = files::check(file, text);
    findings.extend(words::check(file, &code));
    findings.extend(walls::check(file, &code));
    findings
}

/// Returns the files that are committed or about to be.
fn tracked_files() -> Result<Vec<String>> {
    // A clone that another user made is read all the same.
    let arguments = ["-c", "safe.directory=*", "ls-files"];
    let which = ["--cached", "--others", "--exclude-standard"];
    let listed = shell::capture(shell::program("git").args(arguments).args(which));
    let listed = listed.context("list the repository's files: tidy needs git")?;
    Ok(listed.lines().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests;
