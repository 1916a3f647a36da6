//! What `aegis doctor` asks about this host: can the kernel program run here, how well, and if
//! not, which command mends it.
//!
//! Nothing is changed, and nothing but reading is tried. Facts are gathered first and judged by
//! pure functions after.

use std::path::Path;

mod interface;
mod kernel;
mod link;
mod privileges;

/// One finding about this host.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Check {
    /// What was looked at.
    pub name: &'static str,
    /// How it stands.
    pub state: State,
    /// What was found, in a sentence for the operator.
    pub detail: String,
    /// The command that mends it: always there unless the state is `Ok`, then at most a hint.
    pub fix: Option<String>,
}

/// How a checked thing stands.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum State {
    /// As it should be.
    Ok,
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
            fix: None,
        }
    }

    fn warn(name: &'static str, detail: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            name,
            state: State::Warn,
            detail: detail.into(),
            fix: Some(fix.into()),
        }
    }

    fn fail(name: &'static str, detail: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            name,
            state: State::Fail,
            detail: detail.into(),
            fix: Some(fix.into()),
        }
    }
}

/// Checks the kernel, the privileges, the BPF file system at `bpffs`, and each interface.
pub fn checks(interfaces: &[String], bpffs: &Path) -> Vec<Check> {
    let mut checks = kernel::checks();
    checks.extend(privileges::checks(bpffs));
    checks.extend(interface::checks(interfaces));
    checks
}
