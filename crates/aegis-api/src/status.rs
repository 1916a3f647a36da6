//! Status: what the node is, where it stands, and whether the kernel does what it wants.

use std::path::PathBuf;

use aegis_core::{NodeId, Severity, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    around::{LapiState, LogSource},
    encoding::{severity, text, time},
    feed::FeedLine,
    place::Place,
    safety::Confirmation,
    sync::SyncState,
    word::{AttachMode, NodeMode},
};

/// What `status` tells.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Status {
    /// The program's version.
    pub version: String,
    /// Who the node is.
    #[serde(with = "text")]
    pub node_id: NodeId,
    /// The name that tells nodes on one host apart.
    pub instance: String,
    /// Whether packets are dropped.
    pub mode: NodeMode,
    /// What is awaited where enforcing is on trial; absent where nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmation: Option<Confirmation>,
    /// When the daemon started.
    #[serde(with = "time")]
    pub started_at: Timestamp,
    /// For how many seconds it has run.
    pub uptime_secs: u64,
    /// The interfaces and how the kernel program hangs on each.
    pub interfaces: Vec<Interface>,
    /// What the node wants the kernel to hold, and what it holds.
    pub ruleset: RulesetState,
    /// How many peers there are.
    pub peers: PeerCounts,
    /// The addresses the node listens on, as multiaddr texts.
    pub listen: Vec<String>,
    /// Alerts that are still true.
    pub alerts_live: u64,
    /// How those of this node and of its peers become the same.
    pub sync: SyncState,
    /// Indicators that are blocked.
    pub blocks_active: u64,
    /// Whether detections are published without being asked.
    pub auto_publish: bool,
    /// The severity below which alerts do not block, 1…10.
    #[serde(with = "severity")]
    pub severity_min: Severity,
    /// The kernel's ids of this node's maps.
    pub kernel_map_ids: Vec<u32>,
    /// Where the node keeps what it must know after a restart.
    pub state_dir: PathBuf,
    /// Resident memory of the daemon.
    pub memory_bytes: u64,
    /// What does not work as it should, in words for a person.
    pub problems: Vec<String>,
    /// How the node is placed in the network; `None` where it has none, or nothing is known yet.
    #[serde(default)]
    pub place: Option<Place>,
    /// The mirror of the blocklist; absent where none is configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mirror: Option<Mirror>,
    /// Where the HTTP API is, as the beginning of a URL; absent where it is not served over TCP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api: Option<String>,
    /// The Local API for CrowdSec's programs; absent where it is not served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lapi: Option<LapiState>,
    /// The logs that are read; absent where none are asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logs: Option<Vec<LogSource>>,
    /// The feeds that are subscribed to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub feeds: Vec<FeedLine>,
}

/// How the mirror of the blocklist stands.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Mirror {
    /// Whether it shows all that is blocked.
    pub current: bool,
    /// How many blocks it shows, as counted within the last seconds.
    pub entries: u64,
    /// Why it is not current.
    pub problem: Option<String>,
}

/// One interface.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// How the kernel program hangs on it.
    pub mode: AttachMode,
    /// Why that way.
    pub reason: String,
}

/// The desired and the actual kernel state, as it was read back.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct RulesetState {
    /// Blocks the kernel is to hold.
    pub intended: u64,
    /// Blocks it held when last read back.
    pub actual: u64,
    /// Blocks that it is to hold and did not.
    pub missing: u64,
    /// Blocks that it held and is not to.
    pub surplus: u64,
    /// Blocks that were to end at another time than they are to.
    pub misdated: u64,
    /// When it was read back.
    #[serde(with = "time")]
    pub checked_at: Timestamp,
    /// A number that grows with every change.
    pub generation: u64,
    /// Whether the two agree: blocks, exemptions, and a program on each interface.
    pub in_agreement: bool,
}

/// How many peers there are.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct PeerCounts {
    /// Connected now.
    pub connected: u64,
    /// Known, connected or not.
    pub known: u64,
}
