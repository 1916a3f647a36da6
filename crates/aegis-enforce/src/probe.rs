//! What `aegis doctor` asks about this host: can the kernel program run here, how well, and if
//! not, which command mends it.
//!
//! Nothing is changed, and nothing but reading is tried. Facts are gathered first and judged by
//! pure functions after.

use std::path::Path;

mod bpffs;
mod ethtool;
mod hardware;
mod ingress;
mod interface;
mod kernel;
mod link;
mod nftables;
mod privileges;
mod switches;

/// One finding about this host.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Check {
    /// What was looked at.
    pub name: &'static str,
    /// How it stands.
    pub state: State,
    /// What was found, in a sentence for the operator.
    pub detail: String,
    /// Why it matters; there unless the state is `Ok`.
    pub why: Option<String>,
    /// The command that mends it; always there for `Warn` and `Fail`.
    pub fix: Option<String>,
}

/// How a checked thing stands.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum State {
    /// As it should be.
    Ok,
    /// Good to know; nothing need be done.
    Note,
    /// AEGIS works, but less well than it could.
    Warn,
    /// AEGIS cannot enforce here.
    Fail,
}

impl Check {
    fn ok(name: &'static str, detail: impl Into<String>) -> Self {
        Self {
            name,
            state: State::Ok,
            detail: detail.into(),
            why: None,
            fix: None,
        }
    }

    fn note(name: &'static str, detail: impl Into<String>, why: impl Into<String>) -> Self {
        Self {
            state: State::Note,
            why: Some(why.into()),
            ..Self::ok(name, detail)
        }
    }

    fn warn(name: &'static str, detail: impl Into<String>, mend: Mend<'_>) -> Self {
        Self {
            state: State::Warn,
            ..Self::fail(name, detail, mend)
        }
    }

    fn fail(name: &'static str, detail: impl Into<String>, mend: Mend<'_>) -> Self {
        Self {
            state: State::Fail,
            why: Some(mend.why.to_owned()),
            fix: Some(mend.fix),
            ..Self::ok(name, detail)
        }
    }

    /// Adds a command to a note.
    fn with_fix(self, fix: impl Into<String>) -> Self {
        Self {
            fix: Some(fix.into()),
            ..self
        }
    }
}

/// Why something matters and the command that mends it.
struct Mend<'a> {
    why: &'a str,
    fix: String,
}

/// Puts a reason and a command together.
fn mend(why: &str, fix: impl Into<String>) -> Mend<'_> {
    Mend {
        why,
        fix: fix.into(),
    }
}

/// Writes a word for a shell: names of interfaces may hold what a shell would take for a command.
fn shell(word: &str) -> String {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || "._-/".contains(it);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// Checks the kernel, the privileges, the BPF file system at `bpffs`, what stands in where XDP
/// cannot be had, and each interface.
pub fn checks(interfaces: &[String], bpffs: &Path) -> Vec<Check> {
    let mut checks = kernel::checks();
    checks.extend(switches::checks());
    checks.extend(privileges::checks());
    checks.extend(bpffs::checks(bpffs));
    checks.extend(nftables::checks());
    checks.extend(interface::checks(interfaces));
    checks
}

#[cfg(test)]
mod tests;
