//! What follows from misbehaviour: throttled first, then cut off, then not let in for a while.

use std::time::Duration;

use aegis_core::{NodeId, Timestamp};
use libp2p::{PeerId, ping};

use super::{Node, node_of, peer_of};
use crate::{
    NetEvent,
    gate::{Blame, Conduct, Misbehaviour},
    service::{
        behaviour::{GRAYLIST_SCORE, THROTTLED_SCORE},
        members::Stranger,
    },
};

/// How long a throttled peer keeps its connection. The gossip layer drops what it sends unread,
/// so that there is no telling whether it has stopped.
const THROTTLED_FOR: Duration = Duration::from_secs(3);

/// How long a connected peer may take to show that it is a node of ours.
const STRANGER_FOR: Duration = Duration::from_secs(10);

/// How often a peer's pings are reported at most, whoever sends them and on however many
/// connections.
const PINGED_EVERY: Duration = Duration::from_secs(10);

/// How long a peer that is no node of ours is not dialled again.
const FOREIGN_FOR: Duration = Duration::from_secs(600);

impl Node {
    /// Does what a peer's conduct asks for.
    pub(super) fn handle_blame(&mut self, blame: Blame) {
        let Blame {
            culprit: peer,
            misbehaviour,
            conduct,
        } = blame;
        // A flood is reported when it has an effect, not message by message.
        if misbehaviour != Misbehaviour::Flooding || conduct != Conduct::Good {
            tracing::debug!(%peer, %misbehaviour, "Peer broke the protocol");
            self.emit(NetEvent::Misbehaved { peer, misbehaviour });
        }
        match conduct {
            Conduct::Good => {}
            Conduct::Throttled => self.throttle(peer),
            Conduct::CutOff => self.cut_off(peer),
        }
    }

    /// Throttles a peer that comes back with a bad standing.
    pub(super) fn throttle_again(&mut self, now: Timestamp, peer: NodeId) {
        if self.gate.conduct(now, peer) != Conduct::Good {
            self.throttle(peer);
        }
    }

    /// Has everything that a peer sends dropped unread.
    fn throttle(&mut self, peer: NodeId) {
        let now = self.now();
        let Some(known) = self.peers.connected.get_mut(&peer) else {
            return;
        };
        if known.throttled_at.is_none() {
            known.throttled_at = Some(now);
            let gossip = &mut self.swarm.behaviour_mut().gossip;
            gossip.set_application_score(&peer_of(peer), THROTTLED_SCORE);
        }
    }

    /// Disconnects a peer and does not let it in for a long time.
    fn cut_off(&mut self, peer: NodeId) {
        let now = self.now();
        let ip = self.ip_of_peer(&peer);
        let bans = &mut self.swarm.behaviour_mut().wall.bans;
        if !bans.is_banned(now, &peer) {
            let until = bans.cut_off(now, peer, ip);
            self.shut_out(peer, until);
        }
    }

    /// Does not let a node in before `until`, because the daemon says so.
    pub(super) fn ban(&mut self, peer: NodeId, until: Timestamp) {
        self.swarm.behaviour_mut().wall.bans.ban(peer, until);
        self.shut_out(peer, until);
    }

    /// Lets a node in again.
    pub(super) fn unban(&mut self, peer: NodeId) {
        let behaviour = &mut **self.swarm.behaviour_mut();
        behaviour.wall.bans.unban(&peer);
        behaviour.blocked.unblock_peer(peer_of(peer));
    }

    fn shut_out(&mut self, peer: NodeId, until: Timestamp) {
        tracing::info!(%peer, %until, "Banned a peer");
        self.swarm.behaviour_mut().blocked.block_peer(peer_of(peer));
        self.handovers.retain(|it| it.peer != peer);
        self.emit(NetEvent::PeerBanned { peer, until });
    }

    /// Lets in again whose ban is over.
    pub(super) fn end_bans(&mut self) {
        let now = self.now();
        let behaviour = &mut **self.swarm.behaviour_mut();
        behaviour.wall.bans.expire(now);
        let bans = &behaviour.wall.bans;
        let mut over: Vec<PeerId> = Vec::new();
        for peer in behaviour.blocked.blocked_peers() {
            if node_of(peer).is_none_or(|node| !bans.is_banned(now, &node)) {
                over.push(*peer);
            }
        }
        for peer in over {
            behaviour.blocked.unblock_peer(peer);
        }
    }

    /// Disconnects peers that were throttled long enough, and throttles those that the gossip
    /// layer shuns.
    pub(super) fn watch_conduct(&mut self) {
        let now = self.now();
        let is_due = |at: Option<Timestamp>| at.is_some_and(|it| it + THROTTLED_FOR <= now);
        let peers = self.peers.connected.iter();
        let due: Vec<NodeId> = peers
            .filter(|(_, it)| is_due(it.throttled_at))
            .map(|(peer, _)| *peer)
            .collect();
        for peer in due {
            let ip = self.ip_of_peer(&peer);
            let until = self.swarm.behaviour_mut().wall.bans.strike(now, peer, ip);
            self.shut_out(peer, until);
        }
        let gossip = &self.swarm.behaviour().gossip;
        let is_shunned = |peer: NodeId| {
            let score = gossip.peer_score(&peer_of(peer));
            score.is_some_and(|it| it < GRAYLIST_SCORE)
        };
        let peers = self.peers.connected.iter();
        let shunned: Vec<NodeId> = peers
            .filter(|(peer, it)| it.throttled_at.is_none() && is_shunned(**peer))
            .map(|(peer, _)| *peer)
            .collect();
        for peer in shunned {
            let blame = self.gate.charge(now, peer, Misbehaviour::BadGossip);
            self.handle_blame(blame);
        }
    }

    /// Reports whether a peer answered a ping, and parts from one that does not: whoever is there
    /// comes back.
    pub(super) fn handle_ping(&mut self, event: ping::Event) {
        let now = self.now();
        let rtt = match event.result {
            Ok(rtt) => Some(rtt),
            Err(ping::Failure::Unsupported) => return,
            Err(ping::Failure::Timeout | ping::Failure::Other { .. }) => None,
        };
        let Some(peer) = node_of(&event.peer) else {
            return;
        };
        let Some(known) = self.peers.connected.get_mut(&peer) else {
            return;
        };
        let is_due = |at: Timestamp| now.since(at) >= PINGED_EVERY;
        if known.is_subscribed && known.pinged_at.is_none_or(is_due) {
            known.pinged_at = Some(now);
            self.emit(NetEvent::Pinged { peer, rtt });
        }
        if rtt.is_none() {
            tracing::debug!(%peer, "Peer is silent");
            self.swarm.close_connection(event.connection);
        }
    }

    /// Disconnects peers that turned out to be no nodes of ours.
    pub(super) fn part_from_strangers(&mut self) {
        let now = self.now();
        let is_stranger = |at: Timestamp| now.since(at) >= STRANGER_FOR;
        let peers = self.peers.connected.iter();
        let strangers: Vec<NodeId> = peers
            .filter(|(_, it)| !it.is_subscribed && is_stranger(it.connected_at))
            .map(|(peer, _)| *peer)
            .collect();
        for peer in strangers {
            self.part_from(peer);
        }
    }

    /// Tells of a peer that is no member of this closed network, and leaves it alone for a while.
    pub(super) fn handle_stranger(&mut self, peer: &PeerId, why: Stranger) {
        let Some(peer) = node_of(peer) else { return };
        let now = self.now();
        self.dialer.put_off(&peer, now + FOREIGN_FOR);
        let is_told = |it: &Timestamp| (*it..*it + FOREIGN_FOR).contains(&now);
        if self.strangers.peek(&peer).is_some_and(is_told) {
            return; // else whoever calls again and again fills the log
        }
        self.strangers.insert(peer, now);
        let why = why.as_str();
        tracing::warn!(%peer, why, "Disconnected a node that is not of this network");
    }

    /// Disconnects a peer that is no node of ours, and leaves it alone for a while.
    pub(super) fn part_from(&mut self, peer: NodeId) {
        tracing::debug!(%peer, "Peer is no node of ours");
        self.dialer.put_off(&peer, self.now() + FOREIGN_FOR);
        let _ = self.swarm.disconnect_peer_id(peer_of(peer));
    }

    /// Disconnects a peer, which may come back at once: what was asked or answered on the way ends.
    pub(super) fn hang_up(&mut self, peer: NodeId) {
        self.handovers.retain(|it| it.peer != peer);
        let _ = self.swarm.disconnect_peer_id(peer_of(peer)); // an error: it has gone already
    }

    fn ip_of_peer(&self, peer: &NodeId) -> Option<std::net::IpAddr> {
        self.peers.connected.get(peer)?.address.ip()
    }
}
