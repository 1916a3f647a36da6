//! Which crate may depend on which: the table of `ARCHITECTURE.md`, checked against cargo.
//!
//! Development dependencies count like others: a wall that is open in tests is open.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use super::Finding;
use crate::shell;

/// Each crate with the crates of ours that it may depend on. The walls never meet but in
/// `aegis`; nobody but the fuzzer depends on `aegis`, nobody on `xtask`.
const ARROWS: [(&str, &[&str]); 16] = [
    ("aegis-core", &[]),
    ("aegis-abi", &[]),
    ("aegis-ebpf", &["aegis-abi"]),
    ("aegis-bench-ebpf", &[]),
    ("aegis-enforce", &["aegis-core", "aegis-abi"]),
    ("aegis-net", &["aegis-core"]),
    ("aegis-store", &["aegis-core"]),
    ("aegis-intel", &["aegis-core"]),
    ("aegis-api", &["aegis-core"]),
    ("aegis-bridge", &["aegis-core"]),
    ("aegis-fetch", &[]),
    ("aegis-ui", &["aegis-api"]),
    ("aegis-sim", &["aegis-core"]),
    ("aegis", &EVERY_LIBRARY),
    ("aegis-fuzz", &EVERY_PARSER),
    ("xtask", &[]),
];

const EVERY_LIBRARY: [&str; 10] = [
    "aegis-core",
    "aegis-abi",
    "aegis-enforce",
    "aegis-net",
    "aegis-store",
    "aegis-intel",
    "aegis-api",
    "aegis-bridge",
    "aegis-fetch",
    "aegis-ui",
];

/// What the fuzzer feeds: the libraries, and what `aegis` parses itself.
const EVERY_PARSER: [&str; 10] = [
    "aegis-core",
    "aegis-abi",
    "aegis-enforce",
    "aegis-net",
    "aegis-store",
    "aegis-intel",
    "aegis-api",
    "aegis-bridge",
    "aegis-ui",
    "aegis",
];

/// Libraries that only the crates named beside them may depend on: the wall round each.
const WALLS: [(&str, &str); 18] = [
    ("libp2p", "aegis-net"),
    ("aya", "aegis-enforce"),
    ("aya-obj", "aegis-enforce"),
    ("aya-ebpf", "aegis-ebpf"),
    ("aya-ebpf", "aegis-bench-ebpf"),
    ("rtnetlink", "aegis-enforce"),
    ("netlink-sys", "aegis-enforce"),
    ("netlink-packet-route", "aegis-enforce"),
    ("rusqlite", "aegis-store"),
    ("maxminddb", "aegis-intel"),
    ("redis", "aegis-bridge"),
    ("axum", "aegis-api"),
    ("hyper", "aegis-api"),
    ("hyper-util", "aegis-api"),
    ("hyper", "aegis-fetch"),
    ("hyper-util", "aegis-fetch"),
    ("rustyline", "aegis-ui"),
    ("libfuzzer-sys", "aegis-fuzz"),
];

/// What the core must not reach, not even through another library: it does no I/O, has no
/// clock and is no wire format.
const NEVER_IN_CORE: [&str; 12] = [
    "tokio",
    "libp2p",
    "aya",
    "rusqlite",
    "redis",
    "serde",
    "serde_json",
    "axum",
    "hyper",
    "futures",
    "mio",
    "socket2",
];

/// A crate of ours, as far as the arrows need it.
#[derive(Debug, Default)]
struct Package {
    name: String,
    /// The text of its `Cargo.toml`.
    manifest: String,
    /// Every direct dependency, of any kind.
    dependencies: Vec<String>,
    is_member: bool,
}

/// Checks the workspace as cargo sees it, and the workspaces beside it.
pub(super) fn check_workspace() -> Result<Vec<Finding>> {
    let mut packages = packages("Cargo.toml", true)?;
    for beside in [
        "crates/aegis-ebpf/Cargo.toml",
        "crates/aegis-bench-ebpf/Cargo.toml",
        "fuzz/Cargo.toml",
    ] {
        if shell::root().join(beside).is_file() {
            packages.extend(self::packages(beside, false)?);
        }
    }
    let mut findings: Vec<_> = packages.iter().flat_map(check).collect();
    let arguments = [
        "tree",
        "--package",
        "aegis-core",
        "--edges",
        "normal,build",
        "--prefix",
        "none",
    ];
    findings.extend(check_core(&shell::capture(&mut shell::cargo(&arguments))?));
    Ok(findings)
}

/// Checks one crate's direct dependencies and its lints.
fn check(package: &Package) -> Vec<Finding> {
    let file = format!("{}/Cargo.toml", package.name);
    let mut problems = Vec::new();
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == package.name) else {
        return vec![Finding::in_file(
            &file,
            "is not in xtask's table of crates: add it there",
        )];
    };
    for dependency in &package.dependencies {
        let is_ours = ARROWS.iter().any(|(name, _)| name == dependency);
        if is_ours && !allowed.contains(&dependency.as_str()) {
            problems.push(format!("may not depend on {dependency}"));
        }
        let walls = WALLS.iter().filter(|(library, _)| library == dependency);
        let owners: Vec<_> = walls.map(|(_, owner)| *owner).collect();
        if !owners.is_empty() && !owners.contains(&package.name.as_str()) {
            let owners = owners.join(" and ");
            problems.push(format!("may not depend on {dependency}: only {owners} may"));
        }
    }
    if package.is_member && !inherits_lints(&package.manifest) {
        problems.push("lacks `[lints] workspace = true`".to_owned());
    }
    problems
        .into_iter()
        .map(|problem| Finding::in_file(&file, problem))
        .collect()
}

/// Checks the list of all that the core is built from.
fn check_core(tree: &str) -> Vec<Finding> {
    let names = tree
        .lines()
        .filter_map(|line| line.split_whitespace().next());
    let mut reached: Vec<_> = names.filter(|name| NEVER_IN_CORE.contains(name)).collect();
    reached.sort_unstable();
    reached.dedup();
    let findings = reached
        .into_iter()
        .map(|name| format!("reaches {name}, which it never may"));
    findings
        .map(|problem| Finding::in_file("aegis-core/Cargo.toml", problem))
        .collect()
}

fn inherits_lints(manifest: &str) -> bool {
    let Some((_, section)) = manifest.split_once("[lints]") else {
        return false;
    };
    let section = section.split("\n[").next().unwrap_or(section);
    section
        .lines()
        .any(|line| line.replace(' ', "") == "workspace=true")
}

fn packages(manifest: &str, is_member: bool) -> Result<Vec<Package>> {
    let metadata = shell::metadata(&shell::root().join(manifest))?;
    let packages = metadata["packages"]
        .as_array()
        .context("find the packages")?;
    packages
        .iter()
        .map(|package| read_package(package, is_member))
        .collect()
}

fn read_package(package: &Value, is_member: bool) -> Result<Package> {
    let manifest = package["manifest_path"]
        .as_str()
        .context("find a manifest")?;
    let dependencies = package["dependencies"].as_array().into_iter().flatten();
    let names = dependencies.filter_map(|dependency| dependency["name"].as_str());
    Ok(Package {
        name: package["name"]
            .as_str()
            .context("find a package's name")?
            .to_owned(),
        manifest: fs::read_to_string(Path::new(manifest)).context("read a manifest")?,
        dependencies: names.map(str::to_owned).collect(),
        is_member,
    })
}

#[cfg(test)]
mod tests;
