//! What can fail between the daemon and the kernel.

use std::{error::Error, io, path::PathBuf};

use aegis_core::Indicator;

/// A failure at the kernel's door. Its text says what failed, its source why.
#[derive(Debug, thiserror::Error)]
pub enum EnforceError {
    /// The kernel object cannot be read, or the kernel refuses it.
    #[error("cannot load the kernel program from {origin}")]
    Load {
        /// `the embedded object` or a path.
        origin: String,
        /// Why, with the verifier's words where it was the verifier.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The BPF file system is missing or refuses us.
    #[error("cannot use the BPF file system at {path}")]
    Bpffs {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// This process may not do what enforcing takes.
    #[error("not permitted without {missing}: {remedy}")]
    Privileges {
        /// The capabilities that it lacks.
        missing: String,
        /// What gives them to it.
        remedy: String,
    },
    /// Another process runs this instance.
    #[error("instance {instance} is already running on this host")]
    AlreadyRunning {
        /// Which.
        instance: String,
    },
    /// There is no way to attach to an interface.
    #[error("cannot attach to interface {interface}: {reasons}")]
    Attach {
        /// Which.
        interface: String,
        /// Each mode that was tried with what the kernel said.
        reasons: String,
    },
    /// A table is full. Everything else that was asked for was done.
    #[error("{table} is full with {capacity} entries, {refused} refused")]
    TableFull {
        /// What it holds.
        table: &'static str,
        /// How many entries fit.
        capacity: u32,
        /// How many found no place.
        refused: usize,
    },
    /// A prefix is wider than the tables hold.
    #[error("{indicator} is too wide to be blocked: at least /8 for IPv4 and /16 for IPv6")]
    TooWide {
        /// Which.
        indicator: Indicator,
    },
    /// What was just written is not what is read back.
    #[error(
        "the kernel holds {actual} of {intended} entries as they are to be, {surplus} that are not \
         to be, and lacks {rules_missing} rules"
    )]
    Mismatch {
        /// How many entries there are to be.
        intended: usize,
        /// How many of them there are.
        actual: usize,
        /// Entries and rules that nobody asked for.
        surplus: usize,
        /// Rules of nftables that are not there.
        rules_missing: usize,
    },
    /// Somebody else changed or removed the nftables table. It stands again as it is to be.
    #[error("another program changed the nftables table {table} ({found}); it is put back")]
    Mended {
        /// Which, with its family.
        table: String,
        /// What was found.
        found: String,
    },
    /// A call into the kernel failed.
    #[error("cannot {action}")]
    Kernel {
        /// What was to be done.
        action: &'static str,
        /// What the kernel said.
        #[source]
        source: io::Error,
    },
}

impl EnforceError {
    /// Returns a function that wraps what the kernel said while `action` was done.
    pub(crate) fn kernel(action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Kernel { action, source }
    }
}
