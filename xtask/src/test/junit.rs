//! The JUnit file that cargo-nextest leaves, read as far as counting needs it.
//!
//! The file is nextest's own, so a search for its tags is enough: what a test printed is
//! escaped there and cannot be taken for one.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result};

use super::tally::{Outcome, Tally};
use super::tier::Tier;

/// Removes the report of an earlier run, which must not be counted again.
pub(super) fn forget(report: &Path) -> Result<()> {
    match fs::remove_file(report) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("remove {}", report.display()))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Reads the report of a run, if there is one.
pub(super) fn read(report: &Path) -> Result<Option<Tally>> {
    match fs::read_to_string(report) {
        Ok(text) => Ok(Some(count(&text))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("read {}", report.display())),
    }
}

/// Counts the test cases of a report.
fn count(text: &str) -> Tally {
    let mut tally = Tally::default();
    for rest in text.split("<testcase ").skip(1) {
        let case = rest.split("</testcase>").next().unwrap_or(rest);
        let name = attribute(case, "name").unwrap_or_default();
        let binary = attribute(case, "classname").and_then(test_binary);
        let is_failed = case.contains("<failure") || case.contains("<error");
        let printed = case.replace('>', ">\n"); // the first printed line follows its tag
        tally.add(Tier::of(binary, name), Outcome::read(is_failed, &printed));
    }
    tally
}

/// Returns the test binary of nextest's `package::binary`, `None` for a library or program.
fn test_binary(class: &str) -> Option<&str> {
    let (_, binary) = class.split_once("::")?;
    (!binary.contains('/')).then_some(binary) // `package::bin/name` is a program
}

fn attribute<'a>(case: &'a str, name: &str) -> Option<&'a str> {
    let mut words = case.split(' '); // names of tests have no blanks
    let value = words.find_map(|word| word.strip_prefix(name)?.strip_prefix("=\""))?;
    value.split('"').next()
}

#[cfg(test)]
mod tests;
