//! The wall around the kernel: loads and attaches the program, keeps its tables, reads it back.
//!
//! [`Enforcer`] is the whole of it for the daemon: it takes [`aegis_core::Change`]s, makes the
//! kernel agree, and says what the kernel really holds. Everything is pinned per instance, so
//! blocks outlive the process and the next one takes over without a packet let through. Where the
//! kernel cannot be had, an observe-only twin with the same methods keeps the tables in memory.
//!
//! [`probe`] says what this host allows, [`privileges`] gives up what is not needed; [`host`] watches which addresses must never be blocked.
//! Nothing here decides who is to be blocked, and no time is read here: `now` is given in.

pub mod connections;
pub mod cookie;
pub mod host;
pub mod memory;
pub mod privileges;
pub mod probe;

mod config;
mod counters;
mod detach;
mod detectors;
mod enforcer;
mod error;
mod event;
mod kernel;
mod nft;
mod report;
mod sys;
mod twin;

pub use config::{
    Capacity, DEFAULT_BPFFS, EnforceConfig, InstanceName, InvalidInstanceName, ModeRequest,
};
pub use cookie::{CookieMode, CookieState, SynCookies, VerifiedStream};
pub use counters::Counters;
pub use detach::{DetachReport, detach, detach_all};
pub use detectors::{DestinationDetector, Detectors, PORTS_MAX, SOURCES_MAX, SourceDetector};
pub use enforcer::Enforcer;
pub use error::EnforceError;
pub use event::{EventStream, Finding, KernelEvent};
pub use kernel::mount_bpffs_if_missing;
pub use report::{Blocked, Enforcement, InterfaceState, Mode, Reconciled};

pub use aegis_abi::Counter;
