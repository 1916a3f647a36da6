//! Peers as they come and go: what is noted of each, and who is told.

use std::collections::{BTreeMap, VecDeque};

use aegis_core::NodeId;
use libp2p::{core::ConnectedPoint, swarm::ConnectionId};

use super::{Link, Node};
use crate::{
    FileEvent, NetEvent,
    service::peers::{Peer, Speaks},
};

impl Node {
    pub(super) fn handle_connected(
        &mut self,
        peer: NodeId,
        connection: ConnectionId,
        endpoint: &ConnectedPoint,
    ) {
        let now = self.now();
        let way = self.way(endpoint, false);
        let ip = way.address.ip();
        if ip.is_some_and(|it| it.is_loopback()) {
            // It may have come before we looked into the directory.
            self.look_into_runtime_dir();
        }
        let class = self.peers.class_of(&peer, ip);
        self.gate.set_class(peer, class);
        let new = Peer {
            address: way.address.clone(),
            dialled: way.is_dialled,
            ways: BTreeMap::from([(connection, way)]),
            speaks: Speaks::default(),
            class,
            is_subscribed: false,
            takes_batches: false,
            connected_at: now,
            called_again_at: None,
            throttled_at: None,
            outbox: VecDeque::new(),
            is_pushing: false,
            pinged_at: None,
            said_goodbye: false,
            link: Link::default(),
        };
        self.peers.connected.insert(peer, new);
        self.has_other_neighbours = true;
        self.dialer.connected(now, &peer);
        self.throttle_again(now, peer);
    }

    pub(super) fn handle_disconnected(&mut self, peer: NodeId, connection: ConnectionId) {
        let Some(known) = self.peers.connected.get_mut(&peer) else {
            return;
        };
        known.ways.remove(&connection);
        if !known.ways.is_empty() {
            known.called_again_at = None;
            known.settle();
            return;
        }
        self.has_left(peer);
    }

    /// Ends all that there was with a peer which has no connection any more.
    pub(super) fn has_left(&mut self, peer: NodeId) {
        let Some(known) = self.peers.connected.get_mut(&peer) else {
            return;
        };
        let connected_at = known.connected_at;
        let (was_subscribed, said_goodbye) = (known.is_subscribed, known.said_goodbye);
        let link = std::mem::take(&mut known.link);
        self.peers.connected.remove(&peer);
        self.has_other_neighbours = true;
        self.pass_on_after(link);
        self.end_with(peer);
        self.dialer.connected(self.now(), &peer);
        self.note_end(peer, connected_at);
        self.hurry_back_to(peer);
        if was_subscribed {
            self.show_peers();
            self.emit_of_files(FileEvent::PeerLeft { peer });
            self.emit(NetEvent::PeerLeft { peer, said_goodbye });
        }
    }

    /// Reports a peer as connected once it hears what we publish: what is pushed to it then and
    /// what is published afterwards is everything.
    pub(super) fn handle_subscribed(&mut self, peer: NodeId) {
        let Some(known) = self.peers.connected.get_mut(&peer) else {
            return;
        };
        if std::mem::replace(&mut known.is_subscribed, true) {
            return;
        }
        let event = NetEvent::PeerConnected {
            peer,
            address: known.address.clone(),
            class: known.class,
            dialled: known.dialled,
        };
        self.show_peers();
        self.emit_of_files(FileEvent::PeerConnected { peer });
        self.emit(event);
    }

    /// Works out anew what class a connected peer is.
    pub(super) fn reclassify(&mut self, peer: NodeId) {
        let Some(ip) = self.peers.connected.get(&peer).map(|it| it.address.ip()) else {
            return;
        };
        let class = self.peers.class_of(&peer, ip);
        let Some(known) = self.peers.connected.get_mut(&peer) else {
            return;
        };
        if known.class == class {
            return;
        }
        known.class = class;
        self.has_other_neighbours = true; // to be told to this peer, or not any more
        let is_reported = known.is_subscribed;
        self.gate.set_class(peer, class);
        if is_reported {
            self.emit(NetEvent::PeerClassChanged { peer, class });
        }
    }
}
