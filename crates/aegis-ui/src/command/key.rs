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
        /// What whoever has it may do
        #[arg(long)]
        scope: ScopeArg,
    },
    /// List the keys that are given out
    List,
    /// Take a key back; it opens nothing any more, and what it holds open is closed
    Revoke {
        /// Which
        name: KeyName,
    },
}

/// What a key may do; each includes those before it.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum ScopeArg {
    /// See what the node knows and does
    Read,
    /// Block, unblock, publish, ask
    Decide,
    /// Everything, also the allowlist, trust, organisations, files and keys
    Admin,
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
