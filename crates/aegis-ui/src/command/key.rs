//! What `key` takes.

use aegis_api::{KeyName, Scope};
use clap::{Subcommand, ValueEnum};

/// What can be done with keys.
#[derive(Clone, Debug, PartialEq, Subcommand)]
pub enum KeyCommand {
    /// Give out a key; the secret that is printed is shown this once
    Create {
        /// What it is called: letters, digits, `.`, `_`, `-` and `@`, 64 at most
        name: KeyName,
        /// What whoever has it may do, each with what those before it may; needed unless --for is given
        #[arg(long, required_unless_present = "user")]
        scope: Option<ScopeArg>,
        /// Whom of CrowdSec it is for: prints the lines of its configuration, ready to paste
        #[arg(long = "for", value_name = "USER")]
        user: Option<KeyUserArg>,
        /// Where they find this node's Local API
        #[arg(long, requires = "user", default_value = "http://127.0.0.1:8080/")]
        url: String,
    },
    /// List the keys that are given out
    List,
    /// Take a key back; it opens nothing any more, and what it holds open is closed
    Revoke {
        /// What it is called, as `aegis key list` shows it
        name: KeyName,
    },
}

/// What a key may do; each includes those before it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum ScopeArg {
    /// See what the node knows and does
    Read,
    /// Block, unblock, publish, report, import, ask
    Decide,
    /// Everything, also the allowlist, trust, organisations, files and keys
    Admin,
}

/// Who of CrowdSec uses a key.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum KeyUserArg {
    /// Enforces what the node blocks; `read` unless a scope is given
    Bouncer,
    /// An agent or cscli; `decide` unless a scope is given
    Machine,
}

impl KeyUserArg {
    /// Returns what it needs.
    pub fn scope(self) -> ScopeArg {
        match self {
            Self::Bouncer => ScopeArg::Read,
            Self::Machine => ScopeArg::Decide,
        }
    }
}

impl From<ScopeArg> for Scope {
    fn from(scope: ScopeArg) -> Self {
        match scope {
            ScopeArg::Read => Self::Read,
            ScopeArg::Decide => Self::Decide,
            ScopeArg::Admin => Self::Admin,
        }
    }
}
