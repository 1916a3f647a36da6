//! Joining by tickets: what is asked and replied, and whom the operator took in meanwhile.

use aegis_core::{NodeId, PeerClass};
use libp2p::request_response::{OutboundRequestId, ResponseChannel};

use super::{Node, peer_of};
use crate::{
    JoinCommand, JoinEvent, NetEvent, PeerAddress, Via,
    counters::Counted,
    gate::{Conduct, Misbehaviour},
    join::{JoinQuery, JoinReply},
    service::inquire::{self, Heard, InquireEvent},
};

impl Node {
    /// Does what the daemon says about joining.
    pub(super) fn handle_join_command(&mut self, command: JoinCommand) {
        match command {
            JoinCommand::Ask { peer, query } => self.ask_to_join(peer, query),
            JoinCommand::Reply { request, reply } => {
                if let Some(channel) = self.joins.close(request) {
                    let bytes = reply.as_ref().map_or_else(Vec::new, JoinReply::to_bytes);
                    // An error means that the peer waits no more.
                    let _ = self
                        .swarm
                        .behaviour_mut()
                        .join
                        .send_response(channel, bytes);
                }
            }
            JoinCommand::Adopt(at) => self.adopt(&at),
            JoinCommand::Disown(peer) => self.disown(peer),
            JoinCommand::Enter(secret) => self.enters = Some(secret),
        }
    }

    pub(super) fn handle_join_event(&mut self, event: InquireEvent) {
        match inquire::heard(event) {
            Some(Heard::Asked(peer, query, channel)) => {
                self.handle_join_query(peer, &query, channel);
            }
            Some(Heard::Answered(_, stream, reply)) => self.handle_join_reply(stream, &reply),
            Some(Heard::Unanswered(stream, error)) => {
                if let Some(peer) = self.joins.asked.remove(&stream) {
                    tracing::debug!(%peer, %error, "Peer did not reply about joining");
                    self.emit(NetEvent::Join(JoinEvent::Failed { peer }));
                }
            }
            None => {}
        }
    }

    fn ask_to_join(&mut self, peer: NodeId, query: JoinQuery) {
        // Unconnected, it would be dialled.
        if !self.peers.connected.contains_key(&peer) || !self.joins.may_ask() {
            return self.emit(NetEvent::Join(JoinEvent::Failed { peer }));
        }
        let join = &mut self.swarm.behaviour_mut().join;
        let stream = join.send_request(&peer_of(peer), query.to_bytes());
        self.joins.asked.insert(stream, peer);
    }

    /// Hands a peer's query to the daemon. Where the channel is dropped it is refused.
    fn handle_join_query(&mut self, peer: NodeId, bytes: &[u8], channel: ResponseChannel<Vec<u8>>) {
        let now = self.now();
        let is_good = self.gate.conduct(now, peer) == Conduct::Good;
        if !is_good || !self.joins.admit(now, peer) {
            return self.counters.count(Counted::Refusal);
        }
        let Some(query) = JoinQuery::from_bytes(bytes) else {
            let blame = self.gate.charge(now, peer, Misbehaviour::Malformed);
            return self.handle_blame(blame);
        };
        let request = self.joins.open(now, peer, channel);
        let from = peer;
        self.emit(NetEvent::Join(JoinEvent::Asked {
            request,
            from,
            query,
        }));
    }

    fn handle_join_reply(&mut self, stream: OutboundRequestId, bytes: &[u8]) {
        let Some(from) = self.joins.asked.remove(&stream) else {
            return;
        };
        let Some(reply) = JoinReply::from_bytes(bytes) else {
            self.emit(NetEvent::Join(JoinEvent::Failed { peer: from }));
            return self.blame_for_reply(from, bytes);
        };
        self.emit(NetEvent::Join(JoinEvent::Replied { from, reply }));
    }

    /// Blames a peer for a reply that is none; one without a byte refuses.
    fn blame_for_reply(&mut self, from: NodeId, bytes: &[u8]) {
        if !bytes.is_empty() {
            let blame = self.gate.charge(self.now(), from, Misbehaviour::Malformed);
            self.handle_blame(blame);
        }
    }

    /// Tells that this node is in a closed network now, where nobody knows what it was told before.
    pub(in crate::service) fn tell_entered(&mut self) {
        self.emit(NetEvent::Join(JoinEvent::Entered));
    }

    /// Deals with a peer as if the configuration named it.
    fn adopt(&mut self, at: &[PeerAddress]) {
        let now = self.now();
        for it in at {
            let limits = &mut self.swarm.behaviour_mut().limits;
            limits.bypass_peer_id(&peer_of(it.peer()));
            self.set_class(it.peer(), PeerClass::Configured);
            self.dialer.put_off(&it.peer(), now);
            self.learn(now, it.peer(), it.address().clone(), Via::Configured);
        }
        self.dial_due();
    }

    fn disown(&mut self, peer: NodeId) {
        let now = self.now();
        let limits = &mut self.swarm.behaviour_mut().limits;
        limits.remove_peer_id(&peer_of(peer));
        self.dialer.forget(now, &peer, Via::Configured);
        self.peers.take_class(&peer);
        self.reclassify(peer);
    }
}
