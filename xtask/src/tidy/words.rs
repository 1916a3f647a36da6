//! Words that our own identifiers may not hold, and macros that may not stay.

use super::Finding;

/// Words of names, with what to say instead.
const NAMES: [(&str, &str); 8] = [
    ("blacklist", "say `blocklist`"),
    ("whitelist", "say `allowlist`"),
    ("utils", "name the idea"),
    ("utilities", "name the idea"),
    ("helper", "name what it does"),
    ("helpers", "name what they do"),
    ("manager", "name what it does"),
    ("managers", "name what they do"),
];

/// Names that others gave, and that a struct literal of ours must spell, with their owner.
const FOREIGN: [(&str, &str); 1] = [(
    "ip_colocation_factor_whitelist",
    "gossipsub's peer score parameters",
)];

/// Code that may not stay, with the reason.
const CODE: [(&str, &str); 4] = [
    ("todo!(", "unfinished"),
    ("unimplemented!(", "unfinished"),
    (
        "#[ignore",
        "no test is switched off: move it to the tier that fits",
    ),
    ("#![allow(", "say `expect`, which ends when its reason does"),
];

/// What may stand before a name that is being declared.
const DECLARES: [&str; 13] = [
    "fn",
    "struct",
    "enum",
    "union",
    "trait",
    "type",
    "mod",
    "const",
    "static",
    "let",
    "mut",
    "as",
    "macro_rules",
];

/// Checks one Rust file, given without comments and literals.
///
/// Only declarations count: a foreign name may be used as it is.
pub(super) fn check(file: &str, code: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in code.lines().enumerate() {
        for (text, why) in CODE {
            if line.contains(text) {
                findings.push(Finding::at(file, index, format!("`{text}`: {why}")));
            }
        }
        let names = declared(line).into_iter();
        for name in names.filter(|name| FOREIGN.iter().all(|(foreign, _)| foreign != name)) {
            for (word, instead) in NAMES {
                if parts(name).iter().any(|part| part == word) {
                    findings.push(Finding::at(file, index, format!("`{name}`: {instead}")));
                }
            }
        }
    }
    findings
}

/// Returns the names that a line declares: after a keyword, or before a single colon.
fn declared(line: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut last = "";
    let mut rest = line;
    while let Some(start) = rest.find(is_word) {
        let tail = &rest[start..];
        let end = tail
            .find(|character| !is_word(character))
            .unwrap_or(tail.len());
        let (word, after) = tail.split_at(end);
        let follows = after.trim_start();
        let has_type = follows.starts_with(':') && !follows.starts_with("::");
        if has_type || DECLARES.contains(&last) {
            names.push(word);
        }
        last = word;
        rest = after;
    }
    names
}

/// Returns the words of a name, whether `snake_case` or `CamelCase`, in lower case.
fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut was_lower = false;
    for character in name.chars() {
        if character == '_' || (character.is_uppercase() && was_lower) {
            parts.push(String::new());
        }
        if character != '_' {
            parts
                .last_mut()
                .into_iter()
                .for_each(|part| part.extend(character.to_lowercase()));
        }
        was_lower = character.is_lowercase() || character.is_numeric();
    }
    parts
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

#[cfg(test)]
mod tests;
