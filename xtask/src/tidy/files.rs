//! What every file must look like: its head, its length, its name.

use super::Finding;

/// Longer than this, and a file holds more than one idea.
const LINES_MAX: usize = 500;

/// Files that may be longer, each with its reason. Empty is the goal.
const LONG_FILES: &[(&str, &str)] = &[];

/// What no file may be called: a name that says where code was put and not what it is.
const NAMES_FORBIDDEN: [&str; 6] = [
    "mod.rs",
    "utils.rs",
    "util.rs",
    "helper.rs",
    "helpers.rs",
    "manager.rs",
];

/// Checks the text of one Rust file.
pub(super) fn check(file: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !text.starts_with("//! ") {
        findings.push(Finding::at(
            file,
            0,
            "does not begin with `//!`: say what the file is",
        ));
    }
    let lines = text.lines().count();
    if lines > LINES_MAX && !is_listed(file) {
        let problem = format!("{lines} lines, of {LINES_MAX} allowed: one idea to a file");
        findings.push(Finding::in_file(file, problem));
    }
    findings
}

/// Checks what the repository's files are called.
pub(super) fn check_names(files: &[String]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files {
        let name = file.rsplit('/').next().unwrap_or(file);
        if NAMES_FORBIDDEN.contains(&name) {
            findings.push(Finding::in_file(
                file,
                format!("`{name}` says nothing; name its idea"),
            ));
        }
    }
    for (file, _) in LONG_FILES {
        if !files.iter().any(|it| it == file) {
            findings.push(Finding::in_file(
                file,
                "is excused as a long file, and is not there",
            ));
        }
    }
    findings
}

fn is_listed(file: &str) -> bool {
    LONG_FILES.iter().any(|(listed, _)| *listed == file)
}

#[cfg(test)]
mod tests;
