//! Who is not let in, and until when: single nodes, and prefixes that many banned nodes came from.

use std::{collections::BTreeSet, net::IpAddr, time::Duration};

use aegis_core::{Indicator, NodeId, Timestamp};

use super::Table;

/// Banned nodes of one prefix that get the prefix banned.
pub const PREFIX_BANS_MIN: usize = 5;

/// Banned nodes remembered at a time; the one banned longest ago is let in again beyond it.
const BANS_MAX: usize = 4096;

/// Prefixes with banned nodes remembered at a time.
const PREFIXES_MAX: usize = 1024;

/// How long a peer that was cut off stays out.
const BAN_LONG: Duration = Duration::from_secs(12 * 3600);

/// How long a peer that was throttled stays out, the first times.
const BAN_SHORT: Duration = Duration::from_secs(60);

/// Short bans within [`STRIKES_WINDOW`] that make the next one long.
const STRIKES_MAX: usize = 2;

/// How long a short ban is remembered.
const STRIKES_WINDOW: Duration = Duration::from_secs(3600);

/// The bans that hold.
#[derive(Debug)]
pub struct BanList {
    nodes: Table<NodeId, Timestamp>,
    strikes: Table<NodeId, Vec<Timestamp>>,
    prefixes: Table<Indicator, PrefixBans>,
}

#[derive(Debug, Default)]
struct PrefixBans {
    nodes: BTreeSet<NodeId>, // at most PREFIX_BANS_MIN
    until: Timestamp,
}

impl BanList {
    /// Returns a list with no bans.
    pub fn new() -> Self {
        Self {
            nodes: Table::new(BANS_MAX),
            strikes: Table::new(BANS_MAX),
            prefixes: Table::new(PREFIXES_MAX),
        }
    }

    /// Bans a peer that was throttled: shortly, and long the third time within an hour.
    pub fn strike(&mut self, now: Timestamp, peer: NodeId, ip: Option<IpAddr>) -> Timestamp {
        let strikes = self.strikes.entry(peer, Vec::new);
        strikes.retain(|it| now.since(*it) < STRIKES_WINDOW);
        if strikes.len() >= STRIKES_MAX {
            return self.cut_off(now, peer, ip);
        }
        strikes.push(now);
        let until = now + BAN_SHORT;
        self.ban(peer, until);
        self.count_in_prefix(now, peer, ip);
        until
    }

    /// Bans a peer that was cut off, and its prefix where it is one of many.
    pub fn cut_off(&mut self, now: Timestamp, peer: NodeId, ip: Option<IpAddr>) -> Timestamp {
        let until = now + BAN_LONG;
        self.ban(peer, until);
        self.count_in_prefix(now, peer, ip);
        until
    }

    /// Bans a node until then, whatever it did.
    pub fn ban(&mut self, peer: NodeId, until: Timestamp) {
        self.nodes.insert(peer, until);
    }

    /// Lets a node in again; returns whether it was banned.
    pub fn unban(&mut self, peer: &NodeId) -> bool {
        self.strikes.remove(peer);
        self.nodes.remove(peer).is_some()
    }

    /// Returns whether the node is banned at `now`.
    pub fn is_banned(&self, now: Timestamp, peer: &NodeId) -> bool {
        self.nodes.peek(peer).is_some_and(|until| now < *until)
    }

    /// Returns whether the prefix of `ip` is banned at `now`.
    pub fn is_prefix_banned(&self, now: Timestamp, ip: IpAddr) -> bool {
        bannable_prefix(ip)
            .and_then(|prefix| self.prefixes.peek(&prefix))
            .is_some_and(|it| now < it.until)
    }

    /// Bans the prefix of `ip` where `peer` is one of many: fresh keys cost nothing.
    fn count_in_prefix(&mut self, now: Timestamp, peer: NodeId, ip: Option<IpAddr>) {
        let Some(prefix) = ip.and_then(bannable_prefix) else {
            return;
        };
        let bans = self.prefixes.entry(prefix, PrefixBans::default);
        if bans.until <= now && bans.nodes.len() >= PREFIX_BANS_MIN {
            bans.nodes.clear();
        }
        bans.nodes.insert(peer);
        if bans.nodes.len() >= PREFIX_BANS_MIN {
            bans.until = now + BAN_LONG;
        }
    }

    /// Removes the bans that are over; returns whose they were.
    pub fn expire(&mut self, now: Timestamp) -> Vec<NodeId> {
        let due = self.nodes.iter().filter(|(_, until)| **until <= now);
        let due: Vec<NodeId> = due.map(|(peer, _)| *peer).collect();
        for peer in &due {
            self.nodes.remove(peer);
        }
        due
    }
}

impl Default for BanList {
    fn default() -> Self {
        Self::new()
    }
}

/// Returns the /24 or /48 of a public address, and a private address by itself.
///
/// A private network is often one prefix whole: one bad host on it must not shut out the rest. All
/// nodes of this host share the loopback address, so that it is never banned.
fn bannable_prefix(ip: IpAddr) -> Option<Indicator> {
    let ip = ip.to_canonical();
    let is_private = match ip {
        IpAddr::V4(v4) => v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_unicast_link_local(),
    };
    let length = match (is_private, ip.is_ipv4()) {
        (true, _) => return Some(Indicator::host(ip)),
        (false, true) => 24,
        (false, false) => 48,
    };
    Indicator::prefix(ip, length).filter(|_| !ip.is_loopback())
}

#[cfg(test)]
mod tests;
