//! Coming back: peers that call again, and this node when it was cut off.

use std::time::Duration;

use aegis_core::{NodeId, Timestamp};
use libp2p::{core::ConnectedPoint, swarm::ConnectionId};

use super::{Node, peer_of};

/// How long after the first connection with a peer a second is one of two dials that crossed.
const DIALS_CROSS_FOR: Duration = Duration::from_secs(1);

/// How long a peer that calls again has to take it back, before it is believed to have come back.
const CALLED_AGAIN_FOR: Duration = Duration::from_millis(750);

/// How long after it was connected again a node dials at once whoever parts from it: those that
/// had not noticed part when it calls again.
const RECONNECTS_FOR: Duration = Duration::from_secs(10);

impl Node {
    /// Makes all connections anew that lead out of this host. What they stand on may be gone for
    /// good, and TCP would find out after as long as it was gone.
    pub(super) fn reconnect(&mut self) {
        let now = self.now();
        tracing::debug!("Connected again, so all connections are made anew");
        self.reconnects_until = now + RECONNECTS_FOR;
        let peers = self.peers.connected.iter();
        let is_elsewhere = |ip: Option<std::net::IpAddr>| ip.is_none_or(|it| !it.is_loopback());
        let peers: Vec<NodeId> = peers
            .filter(|(_, it)| is_elsewhere(it.address.ip()))
            .map(|(peer, _)| *peer)
            .collect();
        for peer in peers {
            let _ = self.swarm.disconnect_peer_id(peer_of(peer));
        }
        self.dialer.hurry(now);
        self.company.places.check_again(now);
    }

    /// Tells that everybody left, as they have for whom comes after this node in another network.
    pub(super) fn part_from_all(&mut self) {
        let peers: Vec<NodeId> = self.peers.connected.keys().copied().collect();
        for peer in peers {
            self.has_left(peer);
        }
    }

    /// Has a peer that parted dialled at once where this node has just come back.
    pub(super) fn hurry_back_to(&mut self, peer: NodeId) {
        let now = self.now();
        let since = self.reconnects_until - RECONNECTS_FOR;
        if (since..self.reconnects_until).contains(&now) {
            self.dialer.put_off(&peer, now);
        }
    }

    /// Takes a further connection with a peer: one of two dials that crossed, or one too many, or
    /// the call of a peer that has lost the first, such as by a crash.
    pub(super) fn handle_connected_again(
        &mut self,
        peer: NodeId,
        connection: ConnectionId,
        endpoint: &ConnectedPoint,
    ) {
        let now = self.now();
        let (dialled, is_relayed) = (endpoint.is_dialer(), endpoint.is_relayed());
        let is_trial = self.is_trial(peer, connection, dialled);
        let way = self.way(endpoint, is_trial);
        let Some(known) = self.peers.connected.get_mut(&peer) else {
            return;
        };
        let was_relayed = known.is_relayed();
        known.ways.insert(connection, way);
        if is_trial {
            return;
        }
        if was_relayed && !is_relayed {
            return self.go_direct(peer);
        }
        let connected_at = known.connected_at;
        if now.since(connected_at) < DIALS_CROSS_FOR || self.was_punched(peer) {
            return;
        }
        if dialled {
            self.swarm.close_connection(connection);
        } else {
            self.peers.note_called_again(now, &peer);
        }
    }

    /// Parts from peers that called though they are connected, and meant it: they come back at
    /// once, and are greeted as new. The gossip layer greets nobody whom it takes to be there.
    pub(super) fn part_from_returned(&mut self) {
        let now = self.now();
        let is_due = |at: Option<Timestamp>| at.is_some_and(|it| it + CALLED_AGAIN_FOR <= now);
        let peers = self.peers.connected.iter();
        let due: Vec<NodeId> = peers
            .filter(|(_, it)| is_due(it.called_again_at))
            .map(|(peer, _)| *peer)
            .collect();
        for peer in due {
            tracing::debug!(%peer, "Peer has come back");
            let _ = self.swarm.disconnect_peer_id(peer_of(peer));
        }
    }
}
