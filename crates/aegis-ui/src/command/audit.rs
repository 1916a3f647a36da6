//! What `audit` takes.

use clap::Subcommand;

/// What can be done with the audit log.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Subcommand)]
pub enum AuditCommand {
    /// Recompute its chain and say whether it is what the node wrote (exit code 0: yes, 1: no)
    Verify,
}
