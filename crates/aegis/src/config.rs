//! Configuration: what the file, the environment and the flags say, and what that means.
//!
//! Flags win over the environment, that over the file, that over the defaults. What was written is
//! a [`RawConfig`]; what it means is a [`Config`] of checked types, without anything left open.

mod api;
mod compare;
mod cookies;
mod default_file;
mod detect;
mod feeds;
mod files;
mod history;
mod lapi;
mod location;
mod logs;
mod metrics;
mod mirror;
mod notify;
mod page;
mod place;
mod policy;
mod raw;
mod resolve;
mod secret;
mod trust;

use std::path::PathBuf;

use aegis_api::LapiConfig;
use aegis_bridge::MirrorConfig;
use aegis_core::{AskPolicy, Policy};
use aegis_enforce::{Capacity, Detectors, InstanceName, ModeRequest, SynCookies};
use aegis_net::P2pConfig;
use aegis_store::HistoryBounds;

pub use api::ApiConfig;
pub use compare::{Difference, differences};
pub use default_file::default_file;
pub use location::PlaceConfig;
pub(crate) use logs::{RawLogs, detector_config};
pub use metrics::MetricsConfig;
pub(crate) use notify::notify;
pub use page::PageConfig;
pub use raw::{MinSeverity, OneOrMany, RawConfig, RawMode};
pub(crate) use resolve::default_runtime_dir;
pub use resolve::{Surroundings, configured_addresses, resolve};
pub use trust::Trust;

use crate::daemon::{FeedsConfig, FilesConfig, LogsConfig, NotifyConfig, P2pLogConfig};

/// Where the configuration file is looked for unless a flag names one.
pub const FILE_DEFAULT: &str = "/etc/aegis/aegis.toml";

/// Where the sockets of a node are that runs for the whole host.
pub(crate) const RUNTIME_DIR_OF_HOST: &str = "/run/aegis";

/// Everything a daemon is told at start.
#[derive(Clone, Debug)]
pub struct Config {
    /// The name that tells nodes on one host apart.
    pub instance: InstanceName,
    /// Where the identity and the store are.
    pub state_dir: PathBuf,
    /// Where the sockets are and nodes of this host find each other.
    pub runtime_dir: PathBuf,
    /// The control socket.
    pub socket: PathBuf,
    /// What to defend.
    pub interfaces: Interfaces,
    /// How to attach.
    pub mode: ModeRequest,
    /// Count, never drop.
    pub observe: bool,
    /// A kernel object instead of the embedded one.
    pub object: Option<PathBuf>,
    /// Where the BPF file system is.
    pub bpffs: PathBuf,
    /// How much the kernel's tables hold.
    pub capacity: Capacity,
    /// Blocks the node keeps at most.
    pub blocks_max: usize,
    /// Whether the blocks end with the daemon.
    pub clear_on_exit: bool,
    /// The daemon's nice value, −20 (much) to 19 (little of the processors), where it may.
    pub nice: i8,
    /// The kernel's detectors.
    pub detectors: Detectors,
    /// SYN cookies.
    pub syn_cookies: SynCookies,
    /// The operator's choices.
    pub policy: Policy,
    /// What peers start from, and which model weighs them.
    pub trust: Trust,
    /// How others are asked and answered.
    pub ask: AskPolicy,
    /// What is told to who monitors.
    pub metrics: MetricsConfig,
    /// Where addresses are looked up, and what is blocked by that.
    pub place: PlaceConfig,
    /// Where others read what is blocked; `None` for nowhere.
    pub mirror: Option<MirrorConfig>,
    /// How much history is kept.
    pub history: HistoryBounds,
    /// The logs of what peers say and do.
    pub p2p_log: P2pLogConfig,
    /// Which logs are read; `None` for none.
    pub logs: Option<LogsConfig>,
    /// Who is told what; `None` for nobody.
    pub notify: Option<NotifyConfig>,
    /// The network; `None` for a node that detects and drops alone.
    pub p2p: Option<P2pConfig>,
    /// How feeds are fetched that are subscribed to.
    pub feeds: FeedsConfig,
    /// Shared files; `None` for a node that shares none.
    pub files: Option<FilesConfig>,
    /// The Local API of CrowdSec; `None` for none.
    pub lapi: Option<LapiConfig>,
    /// The HTTP API over TCP; `None` where it is served on the control socket alone.
    pub api: Option<ApiConfig>,
    /// The page that browsers see; `None` for none.
    pub page: Option<PageConfig>,
    /// What is logged, as a `tracing` filter.
    pub log_filter: String,
    /// Whether the log is JSON lines.
    pub log_json: bool,
}

/// Which interfaces to defend.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Interfaces {
    /// Those that carry a default route.
    Auto,
    /// These.
    Named(Vec<String>),
}

/// Why a configuration is not taken.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration file {path}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file is not TOML, or has a key that there is not.
    #[error("cannot parse the configuration file {path}")]
    Parse {
        /// Which.
        path: PathBuf,
        /// Where and what.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// A value is outside its limits.
    #[error("{field}: {problem}")]
    Field {
        /// The key with its section.
        field: String,
        /// What is wrong and what would be right.
        problem: String,
    },
}

#[cfg(test)]
mod tests;
