//! Stats: what was counted since the daemon, or the kernel program, started.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What `stats` tells.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Stats {
    /// Everything that arrived.
    pub total: Traffic,
    /// What was let through.
    pub passed: Traffic,
    /// What was dropped.
    pub dropped: Traffic,
    /// Packets of those that were dropped before TCP was parsed.
    pub early_drops: u64,
    /// Packets by what the kernel program found them to be.
    pub packets_by_reason: BTreeMap<String, u64>,
    /// Hits of each detector.
    pub detectors: BTreeMap<String, u64>,
    /// Kernel events that came faster than they could be read.
    pub events_lost: u64,
    /// Alerts.
    pub alerts: AlertStats,
    /// What the network counted, by kind.
    pub net: BTreeMap<String, u64>,
}

impl Stats {
    /// Returns how many packets the kernel program found to be so.
    pub(crate) fn reason(&self, name: &str) -> u64 {
        self.packets_by_reason.get(name).copied().unwrap_or(0)
    }
}

/// Packets and bytes.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Traffic {
    /// Packets.
    pub packets: u64,
    /// Bytes.
    pub bytes: u64,
}

/// What became of alerts.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct AlertStats {
    /// Received from peers.
    pub received: u64,
    /// Received and counted.
    pub accepted: u64,
    /// Published by this node.
    pub published: u64,
    /// Refused, by the code of the reason.
    pub refused: BTreeMap<String, u64>,
}
