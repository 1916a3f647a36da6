//! What was written: the configuration file, key by key.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::config::{
    ConfigError,
    api::RawApi,
    detect::RawDetect,
    feeds::RawFeeds,
    files::RawFiles,
    history::RawHistory,
    lapi::RawLapi,
    location::RawPlace,
    logs::RawLogs,
    metrics::RawMetrics,
    mirror::RawMirror,
    notify::RawNotify,
    page::RawPage,
    place::{RawPeerExchange, RawRelay},
    policy::RawPolicy,
    secret::RawSecret,
    trust::{RawAsk, RawTrust},
};

/// The configuration as a file writes it. Every key may be left out.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawConfig {
    pub interface: OneOrMany,
    pub mode: RawMode,
    pub observe: bool,
    pub auto_publish: bool,
    pub min_severity: MinSeverity,
    pub clear_on_exit: bool,
    pub nice: Nice,
    pub instance: Option<String>,
    pub state_dir: Option<PathBuf>,
    pub runtime_dir: Option<PathBuf>,
    pub ebpf_program_path: Option<PathBuf>,
    pub bpffs: Option<PathBuf>,
    pub p2p: RawP2p,
    pub trust: RawTrust,
    pub ask: RawAsk,
    pub policy: RawPolicy,
    pub place: RawPlace,
    pub detect: RawDetect,
    pub limits: RawLimits,
    pub history: RawHistory,
    pub metrics: RawMetrics,
    pub mirror: RawMirror,
    pub feeds: RawFeeds,
    pub files: RawFiles,
    pub lapi: RawLapi,
    pub logs: RawLogs,
    pub api: RawApi,
    pub page: RawPage,
    pub notify: RawNotify,
    pub log: RawLog,
}

/// One text or a list of them.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(untagged)]
pub enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl Default for OneOrMany {
    fn default() -> Self {
        Self::One("auto".to_owned())
    }
}

/// How to attach.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum RawMode {
    /// The fastest that each interface has
    #[default]
    Auto,
    /// XDP in the driver
    Native,
    /// XDP in the stack
    Generic,
    /// The traffic-control hook (tcx)
    Tc,
    /// Sets of nftables instead of a kernel program; no detectors
    Nft,
}

/// A severity as written; checked when the configuration is resolved.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct MinSeverity(pub u8);

impl Default for MinSeverity {
    fn default() -> Self {
        Self(5)
    }
}

/// A share of the processors as written; checked when the configuration is resolved.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Nice(pub i8);

impl Default for Nice {
    fn default() -> Self {
        // Nine times the weight of an ordinary process: under attack is when a node must get on.
        Self(-10)
    }
}

/// The network.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawP2p {
    pub enabled: bool,
    pub port: u16,
    pub listen: Vec<String>,
    pub peers: Vec<String>,
    pub bootstrap: Vec<String>,
    pub secret: Option<RawSecret>,
    pub secret_file: Option<PathBuf>,
    pub mdns: bool,
    pub kad: bool,
    pub connections_max: u32,
    pub connections_low: Option<u32>,
    pub connections_target: Option<u32>,
    pub connections_high: Option<u32>,
    pub memory_mib_max: u32,
    pub peer_exchange: RawPeerExchange,
    pub relay: RawRelay,
}

impl Default for RawP2p {
    fn default() -> Self {
        Self {
            enabled: true,
            port: aegis_net::PORT_DEFAULT,
            listen: Vec::new(),
            peers: Vec::new(),
            bootstrap: Vec::new(),
            secret: None,
            secret_file: None,
            mdns: true,
            kad: true,
            connections_max: 100,
            connections_low: None,
            connections_target: None,
            connections_high: None,
            memory_mib_max: 512,
            peer_exchange: RawPeerExchange::default(),
            relay: RawRelay::default(),
        }
    }
}

/// How much is kept.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawLimits {
    pub blocks_max: u32,
    pub kernel_ipv4_max: u32,
    pub kernel_ipv6_max: u32,
    pub kernel_prefixes_max: u32,
}

impl Default for RawLimits {
    fn default() -> Self {
        let capacity = aegis_enforce::Capacity::default();
        Self {
            blocks_max: aegis_core::BLOCKS_MAX as u32,
            kernel_ipv4_max: capacity.hosts_v4,
            kernel_ipv6_max: capacity.hosts_v6,
            kernel_prefixes_max: capacity.prefixes,
        }
    }
}

/// The log.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawLog {
    pub filter: String,
    pub json: bool,
    pub create_p2p_logfile: bool,
    pub p2p_dir: Option<PathBuf>,
    pub p2p_keep_days: u32,
}

impl Default for RawLog {
    fn default() -> Self {
        Self {
            filter: "info".to_owned(),
            json: false,
            create_p2p_logfile: false,
            p2p_dir: None,
            p2p_keep_days: 1,
        }
    }
}

impl RawConfig {
    /// Reads the file at `path`.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read {
            path: path.to_owned(),
            source,
        })?;
        toml::from_str(&text).map_err(|source| ConfigError::Parse {
            path: path.to_owned(),
            source: Box::new(source),
        })
    }
}
