//! Reconciling with peers: what this node holds, and what came of it.

use aegis_core::{NodeId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::encoding::{text_option, time_option};

/// How the live alerts of this node and of its peers become the same.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct SyncState {
    /// A hash of the ids of all live alerts, in 16 hexadecimal digits: nodes that hold the same
    /// alerts show the same.
    pub set_hash: String,
    /// When this node and a peer last reconciled.
    #[serde(with = "time_option")]
    pub last_at: Option<Timestamp>,
    /// With whom.
    #[serde(with = "text_option")]
    pub last_peer: Option<NodeId>,
    /// Sessions that this node began.
    pub begun: u64,
    /// Those of them in which nothing differed.
    pub equal: u64,
    /// Those that ended before all was compared.
    pub failed: u64,
    /// Alerts that came in that way.
    pub heard: u64,
    /// Alerts that were given to peers.
    pub given: u64,
    /// Requests of peers that were answered.
    pub answered: u64,
    /// Requests of peers that were too many.
    pub refused: u64,
}
