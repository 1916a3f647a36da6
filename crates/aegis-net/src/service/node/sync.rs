//! Reconciling with peers: requests and answers between the daemon and the peers.

use std::sync::Arc;

use aegis_core::{
    Alert, Channel, Freshness, NodeId, SKEW_MAX,
    sync::{Answer, Request},
};
use libp2p::request_response::{Event, Message, ResponseChannel};

use super::{Node, node_of, peer_of};
use crate::{
    NetEvent, QuestionId, RequestId,
    counters::Counted,
    gate::{Conduct, Misbehaviour},
    service::{
        inquire::InquireEvent,
        sync::{Read, Said, Unread, Which},
    },
    sync::{Unreadable, encode_answer, encode_request},
};

impl Node {
    /// Puts a request to a peer; reports at once where that cannot be.
    pub(super) fn sync_ask(&mut self, id: QuestionId, peer: NodeId, asks: Request<Arc<Alert>>) {
        // Unconnected, it would be dialled.
        if !self.peers.connected.contains_key(&peer) {
            return self.emit(NetEvent::SyncFailed { id, peer });
        }
        let bytes = encode_request(asks);
        self.counters.count(Counted::SyncAsked);
        self.counters.count_sent(bytes.len());
        let sync = &mut self.swarm.behaviour_mut().sync;
        let stream = sync.send_request(&peer_of(peer), bytes);
        self.syncs.ours.insert(stream, (id, peer));
    }

    /// Answers a peer's request, if it still waits.
    pub(super) fn sync_answer(&mut self, request: RequestId, answer: Answer<Arc<Alert>>) {
        match self.syncs.take(request) {
            Some(channel) => self.send_sync_answer(channel, answer),
            None => tracing::debug!(?request, "Answer to a sync request comes too late"),
        }
    }

    fn send_sync_answer(&mut self, channel: ResponseChannel<Vec<u8>>, answer: Answer<Arc<Alert>>) {
        let bytes = encode_answer(answer);
        self.counters.count_sent(bytes.len());
        // An error means that the peer is gone, and with it the wish to know.
        let _ = self
            .swarm
            .behaviour_mut()
            .sync
            .send_response(channel, bytes);
    }

    pub(super) fn handle_sync_event(&mut self, event: InquireEvent) {
        match event {
            Event::Message { peer, message, .. } => {
                let Some(peer) = node_of(&peer) else { return };
                match message {
                    Message::Request {
                        request, channel, ..
                    } => self.handle_sync_request(peer, request, channel),
                    Message::Response {
                        request_id,
                        response,
                    } => {
                        if let Some((id, _)) = self.syncs.ours.remove(&request_id) {
                            self.handle_sync_answer(peer, id, response);
                        }
                    }
                }
            }
            Event::OutboundFailure {
                request_id, error, ..
            } => {
                if let Some((id, peer)) = self.syncs.ours.remove(&request_id) {
                    tracing::debug!(%peer, %error, "Peer does not answer a sync request");
                    self.emit(NetEvent::SyncFailed { id, peer });
                }
            }
            Event::InboundFailure { peer, error, .. } => {
                tracing::debug!(%peer, %error, "Peer has no answer to its sync request");
            }
            Event::ResponseSent { .. } => {}
        }
    }

    /// Has a request read. Where the channel is dropped it is refused.
    fn handle_sync_request(
        &mut self,
        peer: NodeId,
        bytes: Vec<u8>,
        channel: ResponseChannel<Vec<u8>>,
    ) {
        let now = self.now();
        self.counters.count_received(bytes.len());
        if self.gate.conduct(now, peer) != Conduct::Good {
            return;
        }
        let (is_welcome, blame) = self.gate.admit_sync(now, peer);
        if let Some(blame) = blame {
            self.handle_blame(blame);
        }
        if !is_welcome || !self.syncs.has_room_for(peer) {
            self.counters.count(Counted::SyncRefused);
            return self.send_sync_answer(channel, Answer::Busy);
        }
        let request = self.syncs.open(now, peer, channel);
        let unread = Unread {
            from: peer,
            which: Which::Theirs(request),
            bytes,
        };
        if !self.syncs.read(unread) {
            self.counters.count(Counted::SyncRefused);
            self.sync_answer(request, Answer::Busy);
        }
    }

    fn handle_sync_answer(&mut self, peer: NodeId, id: QuestionId, bytes: Vec<u8>) {
        self.counters.count_received(bytes.len());
        let is_heard = self.gate.conduct(self.now(), peer) == Conduct::Good;
        let unread = Unread {
            from: peer,
            which: Which::Ours(id),
            bytes,
        };
        if !is_heard || !self.syncs.read(unread) {
            self.emit(NetEvent::SyncFailed { id, peer });
        }
    }

    /// Hands what was read to the daemon, and charges whoever is to blame for it.
    pub(super) fn handle_sync_read(&mut self, read: Read) {
        let Read { from, which, said } = read;
        let said = match said {
            Ok(said) => said,
            Err(unreadable) => return self.end_sync(from, which, unreadable),
        };
        let alerts: Vec<Arc<Alert>> = alerts_of(&said).to_vec();
        let now = self.now();
        if !self.gate.admit_synced(now, from, alerts.len()) {
            return self.give_up_sync(from, which);
        }
        let event = match (said, which) {
            (Said::Request(asked), Which::Theirs(request)) => NetEvent::SyncAsked {
                request,
                from,
                asked,
            },
            (Said::Answer(answer), Which::Ours(id)) => NetEvent::SyncAnswered { id, from, answer },
            (Said::Request(_), Which::Ours(_)) | (Said::Answer(_), Which::Theirs(_)) => return,
        };
        if self.events_tx.try_send(event).is_err() {
            self.counters.count(Counted::EventDropped);
            return self.give_up_sync(from, which);
        }
        for alert in alerts {
            self.counters.count(Counted::Synced);
            if now.since(alert.statement().stated_at) <= SKEW_MAX {
                self.gate.remember(&alert); // it may come by gossip, too
            }
            // The daemon leaves it aside; by gossip its author would pay for it as well.
            let freshness = Freshness::of(alert.statement(), now, Channel::Sync);
            if freshness == Freshness::Impossible {
                self.blame_somebody(alert.author(), Misbehaviour::ImpossibleTime);
            }
        }
    }

    fn end_sync(&mut self, from: NodeId, which: Which, unreadable: Unreadable) {
        tracing::debug!(peer = %from, error = %unreadable, "Sync message cannot be read");
        if let Some(misbehaviour) = unreadable.misbehaviour() {
            let blame = self.gate.charge(self.now(), from, misbehaviour);
            self.handle_blame(blame);
        }
        match which {
            Which::Theirs(request) => drop(self.syncs.take(request)), // refuses it
            Which::Ours(id) => self.emit(NetEvent::SyncFailed { id, peer: from }),
        }
    }

    /// Ends a session for now, by nobody's fault.
    fn give_up_sync(&mut self, from: NodeId, which: Which) {
        match which {
            Which::Theirs(request) => self.sync_answer(request, Answer::Busy),
            Which::Ours(id) => self.emit(NetEvent::SyncFailed { id, peer: from }),
        }
    }

    /// Charges a node that may not even be a peer, if it is one that this node has met: names that
    /// somebody makes up must not push out how real peers stand.
    fn blame_somebody(&mut self, culprit: NodeId, misbehaviour: Misbehaviour) {
        if self.peers.connected.contains_key(&culprit) || self.gate.class(&culprit).is_some() {
            self.blame(culprit, misbehaviour);
        }
    }

    /// Charges a peer for what the daemon found.
    pub(super) fn blame(&mut self, culprit: NodeId, misbehaviour: Misbehaviour) {
        let blame = self.gate.charge(self.now(), culprit, misbehaviour);
        self.handle_blame(blame);
    }
}

fn alerts_of(said: &Said) -> &[Arc<Alert>] {
    match said {
        Said::Request(Request::Give(alerts))
        | Said::Answer(Answer::Exchange { alerts, .. } | Answer::Range { alerts, .. }) => alerts,
        Said::Request(Request::Cells { .. } | Request::Exchange { .. } | Request::Range { .. })
        | Said::Answer(Answer::Same | Answer::Cells { .. } | Answer::Taken | Answer::Busy) => &[],
    }
}
