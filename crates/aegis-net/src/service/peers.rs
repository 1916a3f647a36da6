//! The peers that are connected now, and what class each of them is.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    net::IpAddr,
};

use aegis_core::{Indicator, NodeId, PeerClass, Timestamp};

use libp2p::swarm::ConnectionId;

use super::node::Link;
use crate::{Address, gate::Table};

/// Nodes whose finding on the local network, or class given by the daemon, is remembered.
const NODES_MAX: usize = 4096;

/// One connected peer.
#[derive(Debug)]
pub(super) struct Peer {
    /// The connections there are, at least one.
    pub(super) ways: BTreeMap<ConnectionId, Way>,
    /// Which of the protocols it speaks that not every node does.
    pub(super) speaks: Speaks,
    /// Its end of the connection that counts, or the relay that this leads over.
    pub(super) address: Address,
    /// Whether this node made the connection that counts.
    pub(super) dialled: bool,
    /// What it starts from in being trusted.
    pub(super) class: PeerClass,
    /// Whether it hears what we publish; before that it may be no node of ours at all.
    pub(super) is_subscribed: bool,
    /// Whether it takes batches by gossip.
    pub(super) takes_batches: bool,
    /// Since when it is connected.
    pub(super) connected_at: Timestamp,
    /// When it called once more, though it is connected.
    pub(super) called_again_at: Option<Timestamp>,
    /// Since when it is throttled.
    pub(super) throttled_at: Option<Timestamp>,
    /// Batches that wait for the one before them to be answered.
    pub(super) outbox: VecDeque<Vec<u8>>,
    /// Whether a batch of ours is on its way.
    pub(super) is_pushing: bool,
    /// When a ping of it was last reported.
    pub(super) pinged_at: Option<Timestamp>,
    /// Whether it said that it leaves.
    pub(super) said_goodbye: bool,
    /// What is between us beside the gossip.
    pub(super) link: Link,
}

/// One connection with a peer.
#[derive(Clone, Debug)]
pub(super) struct Way {
    /// Where it leads, or over which relay.
    pub(super) address: Address,
    pub(super) is_relayed: bool,
    pub(super) is_dialled: bool,
    /// Whether it was made only to see whether it can be made.
    pub(super) is_trial: bool,
    pub(super) opened_at: Timestamp,
}

/// What a peer says that it can do for others.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Speaks {
    /// Relay.
    pub(super) relay: bool,
    /// Tell of its peers.
    pub(super) exchange: bool,
}

impl Peer {
    /// Returns whether all that leads to it leads over relays.
    pub(super) fn is_relayed(&self) -> bool {
        let mut ways = self.ways.values().filter(|it| !it.is_trial);
        ways.all(|it| it.is_relayed)
    }

    /// Takes the best connection that is left for the one that counts: a direct one, the eldest.
    pub(super) fn settle(&mut self) {
        let ways = self.ways.values();
        let best = ways.min_by_key(|it| (it.is_trial, it.is_relayed, it.opened_at));
        if let Some(best) = best {
            self.address = best.address.clone();
            self.dialled = best.is_dialled;
        }
    }
}

/// All connected peers; as many as the connection limits let in.
#[derive(Debug)]
pub(super) struct Peers {
    pub(super) connected: BTreeMap<NodeId, Peer>,
    configured: BTreeSet<NodeId>,
    given: Table<NodeId, PeerClass>,
    local: Table<NodeId, ()>,
    own_ips: BTreeSet<IpAddr>,
    looks_around: bool,
}

impl Peers {
    /// Returns no peers; `looks_around` is whether nodes of the local network are looked for.
    pub(super) fn new(configured: BTreeSet<NodeId>, looks_around: bool) -> Self {
        Self {
            connected: BTreeMap::new(),
            configured,
            given: Table::new(NODES_MAX),
            local: Table::new(NODES_MAX),
            own_ips: BTreeSet::new(),
            looks_around,
        }
    }

    /// Notes that a connected peer called once more.
    pub(super) fn note_called_again(&mut self, now: Timestamp, peer: &NodeId) {
        if let Some(known) = self.connected.get_mut(peer) {
            known.called_again_at = Some(now);
        }
    }

    /// Notes an address of this host.
    pub(super) fn add_own_ip(&mut self, ip: IpAddr) {
        self.own_ips.insert(ip);
    }

    /// Returns the addresses of this host.
    pub(super) fn own_ips(&self) -> &BTreeSet<IpAddr> {
        &self.own_ips
    }

    /// Returns whom the operator named.
    pub(super) fn configured(&self) -> &BTreeSet<NodeId> {
        &self.configured
    }

    /// Notes that `node` announced itself on the local network or this host.
    pub(super) fn found_locally(&mut self, node: NodeId) {
        self.local.insert(node, ());
    }

    /// Gives `node` a class, whatever it would be otherwise.
    pub(super) fn give_class(&mut self, node: NodeId, class: PeerClass) {
        self.given.insert(node, class);
    }

    /// Takes a class away that was given.
    pub(super) fn take_class(&mut self, node: &NodeId) {
        self.given.remove(node);
    }

    /// Returns the class of a node that is reached at `ip`.
    pub(super) fn class_of(&mut self, node: &NodeId, ip: Option<IpAddr>) -> PeerClass {
        if let Some(class) = self.given.touch(node) {
            return *class;
        }
        if self.configured.contains(node) {
            return PeerClass::Configured;
        }
        let announced = self.local.touch(node).is_some();
        match ip {
            Some(ip) if announced && self.may_be_local(ip) => PeerClass::Lan,
            Some(ip) if self.looks_around && self.is_near(ip) => PeerClass::Lan,
            Some(_) | None => PeerClass::Dht,
        }
    }

    /// Returns whether a node that announced itself locally may be at `ip`: anything else would
    /// let one host of the local network name a stranger elsewhere.
    pub(super) fn may_be_local(&self, ip: IpAddr) -> bool {
        is_private(ip) || self.shares_prefix(ip)
    }

    /// Returns whether `ip` is surely of this host or its own private network.
    fn is_near(&self, ip: IpAddr) -> bool {
        ip.is_loopback() || self.own_ips.contains(&ip) || (is_private(ip) && self.shares_prefix(ip))
    }

    fn shares_prefix(&self, ip: IpAddr) -> bool {
        let prefix = |it: IpAddr| Indicator::prefix(it, if it.is_ipv4() { 24 } else { 64 });
        let theirs = prefix(ip);
        self.own_ips.iter().any(|own| prefix(*own) == theirs)
    }
}

fn is_private(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(v4) => v4.is_private() || v4.is_loopback() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unique_local() || v6.is_loopback() || v6.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests;
