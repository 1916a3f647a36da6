//! Foreign types stay behind the wall of the one crate that speaks their library.

use super::Finding;

/// A library's paths, and the folder of the crate that may name them.
const WALLS: [(&str, &str); 6] = [
    ("libp2p::", "crates/aegis-net/"),
    ("aya::", "crates/aegis-enforce/"),
    ("aya_obj::", "crates/aegis-enforce/"),
    ("rtnetlink::", "crates/aegis-enforce/"),
    ("rusqlite::", "crates/aegis-store/"),
    ("axum::", "crates/aegis-api/"),
];

/// Checks one Rust file, given without comments and literals.
pub(super) fn check(file: &str, code: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in code.lines().enumerate() {
        for (path, wall) in WALLS {
            if !file.starts_with(wall) && names(line, path) {
                let problem = format!("`{path}` belongs behind {wall}");
                findings.push(Finding::at(file, index, problem));
            }
        }
    }
    findings
}

/// Returns whether a line names a path from its root: `libp2p::`, and not `my_libp2p::`.
fn names(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        !before.is_some_and(|character| character.is_alphanumeric() || character == '_')
    })
}

#[cfg(test)]
mod tests;
