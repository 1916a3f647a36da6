//! Nothing of the machine that a file was made on: no folder, no other registry.
//!
//! Whole files are searched, programs and objects too, since compilers like to leave paths in
//! them.

use std::env;
use std::path::{Component, Path};

use super::Finding;
use crate::shell;

/// Folders in which machines build, spelled in two parts so that this file passes its own check.
/// A person's home is not among these: the one of whoever runs this is found by itself.
const FOLDERS: [(&str, &str); 4] = [
    ("/ro", "ot/"),
    ("/wo", "rk/"),
    ("/bui", "lds/"),
    ("/Us", "ers/"),
];

/// The only registry that a lock file may name.
const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Settings of cargo that send it to another registry.
const REDIRECTS: [&str; 4] = ["[source.", "replace-with", "[registries", "registry = "];

/// Texts that point to a build machine.
#[derive(Debug, Default)]
pub(super) struct Places(Vec<String>);

impl Places {
    /// Returns those that are known, and the folders of the machine that this runs on.
    pub(super) fn here() -> Self {
        let mut places: Vec<_> = FOLDERS.iter().map(|(a, b)| format!("{a}{b}")).collect();
        let folders = ["CARGO_HOME", "RUSTUP_HOME", "HOME"]
            .iter()
            .filter_map(env::var_os);
        for folder in folders.chain([shell::root().into()]) {
            let folder = Path::new(&folder);
            // A folder right below the root, like `/src`, says nothing and is said often.
            if folder
                .components()
                .filter(|it| matches!(it, Component::Normal(_)))
                .count()
                > 1
            {
                places.push(folder.to_string_lossy().into_owned());
            }
        }
        Self(places)
    }
}

/// Checks one file of any kind.
pub(super) fn check(places: &Places, file: &str, bytes: &[u8]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for place in &places.0 {
        if let Some(start) = find_path(bytes, place.as_bytes()) {
            let line = bytes[..start].iter().filter(|byte| **byte == b'\n').count();
            findings.push(Finding::at(
                file,
                line,
                format!("holds `{place}`, of some machine"),
            ));
        }
    }
    let text = String::from_utf8_lossy(bytes);
    if file.ends_with("Cargo.lock") {
        findings.extend(check_lock(file, &text));
    } else if file.ends_with(".toml") && !file.ends_with("deny.toml") {
        findings.extend(check_settings(file, &text));
    }
    findings
}

/// Returns where a path begins that starts with `place`: not in the middle of a longer one.
fn find_path(bytes: &[u8], place: &[u8]) -> Option<usize> {
    let starts = bytes
        .windows(place.len())
        .enumerate()
        .filter(|(_, window)| *window == place);
    let mut starts = starts.map(|(start, _)| start);
    starts.find(|start| {
        let before = start.checked_sub(1).and_then(|index| bytes.get(index));
        !before.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"/._-}".contains(byte))
    })
}

fn check_lock(file: &str, text: &str) -> Vec<Finding> {
    let sources = text
        .lines()
        .enumerate()
        .filter(|(_, line)| line.starts_with("source = "));
    let odd = sources.filter(|(_, line)| *line != format!("source = \"{REGISTRY}\""));
    odd.map(|(index, line)| Finding::at(file, index, format!("another registry: {line}")))
        .collect()
}

fn check_settings(file: &str, text: &str) -> Vec<Finding> {
    let lines = text.lines().enumerate().filter(|(_, line)| {
        REDIRECTS
            .iter()
            .any(|redirect| line.trim_start().starts_with(redirect))
    });
    lines
        .map(|(index, line)| Finding::at(file, index, format!("another registry: {line}")))
        .collect()
}

#[cfg(test)]
mod tests;
