//! Files: what is asked goes to the peers, what they ask goes up, and what breaks the protocol costs.
//!
//! Nothing of it passes through the queue of the node's other events: chunks are large.

use aegis_core::{NodeId, PeerClass};
use libp2p::request_response::{OutboundRequestId, ResponseChannel};
use tokio::sync::mpsc;

use super::{Node, peer_of};
use crate::{
    FileAskId, FileCommand, FileEvent,
    counters::Counted,
    file::{self, FileQuery, FileReply},
    gate::{Conduct, Misbehaviour},
    service::{
        FILE_EVENTS_RESERVED,
        files::Welcome,
        inquire::{self, Heard, InquireEvent},
    },
};

impl Node {
    /// Does what the owner of the files says.
    pub(super) fn handle_file_command(&mut self, command: FileCommand) {
        match command {
            FileCommand::Ask { id, peer, query } => self.ask_for_file(id, peer, query),
            FileCommand::Reply { request, reply } => {
                if let Some(channel) = self.files.close(request) {
                    self.reply_about_file(channel, reply);
                }
            }
            FileCommand::Hold(held) => self.holdings.set(held),
            FileCommand::Seek { file, audience } => self.seek_holders(file, &audience),
            FileCommand::Blame { peer } => {
                let now = self.now();
                let blame = self.gate.charge(now, peer, Misbehaviour::WrongBytes);
                self.handle_blame(blame);
            }
        }
    }

    pub(super) fn handle_file_event(&mut self, event: InquireEvent) {
        match inquire::heard(event) {
            Some(Heard::Asked(peer, query, channel)) => {
                self.handle_file_query(peer, &query, channel);
            }
            Some(Heard::Answered(_, stream, reply)) => self.handle_file_reply(stream, reply),
            Some(Heard::Unanswered(stream, error)) => {
                if let Some((id, peer, _)) = self.files.asked.remove(&stream) {
                    tracing::debug!(%peer, %error, "Peer did not reply about a file");
                    self.emit_of_files(FileEvent::Failed { id, peer });
                }
            }
            None => {}
        }
    }

    fn ask_for_file(&mut self, id: FileAskId, peer: NodeId, query: FileQuery) {
        // Unconnected, it would be dialled.
        if !self.peers.connected.contains_key(&peer) || !self.files.may_ask() {
            return self.emit_of_files(FileEvent::Failed { id, peer });
        }
        let bytes = file::encode_query(&query);
        let exchange = &mut self.swarm.behaviour_mut().files;
        let stream = exchange.send_request(&peer_of(peer), bytes);
        self.files.asked.insert(stream, (id, peer, query));
    }

    /// Hands a peer's query up. One that nobody has time for is told so.
    fn handle_file_query(&mut self, peer: NodeId, bytes: &[u8], channel: ResponseChannel<Vec<u8>>) {
        let now = self.now();
        if self.gate.conduct(now, peer) != Conduct::Good {
            return self.counters.count(Counted::Refusal);
        }
        let class = self.gate.class(&peer).unwrap_or(PeerClass::Dht);
        let welcome = self.files.admit(now, peer, class);
        if welcome == Welcome::Flood {
            let blame = self.gate.charge(now, peer, Misbehaviour::Flooding);
            self.handle_blame(blame);
        }
        let has_room =
            self.files.events_tx.capacity() > FILE_EVENTS_RESERVED && self.files.has_room_for(peer);
        if welcome != Welcome::Read || !has_room {
            self.counters.count(Counted::Refusal);
            return self.reply_about_file(channel, FileReply::Busy);
        }
        match file::decode_query(bytes) {
            Ok(query) => {
                let request = self.files.open(now, peer, channel);
                let from = peer;
                self.emit_of_files(FileEvent::Asked {
                    request,
                    from,
                    query,
                });
            }
            Err(error) => {
                tracing::debug!(%peer, %error, "Peer asked something broken about a file");
                if let Some(misbehaviour) = Misbehaviour::of_bytes(error) {
                    let blame = self.gate.charge(now, peer, misbehaviour);
                    self.handle_blame(blame);
                }
            }
        }
    }

    /// Takes what a peer replied; what does not fit the query costs it.
    fn handle_file_reply(&mut self, stream: OutboundRequestId, bytes: Vec<u8>) {
        let Some((id, peer, query)) = self.files.asked.remove(&stream) else {
            return;
        };
        let now = self.now();
        let misbehaviour = match file::decode_reply(bytes) {
            Ok(reply) if reply.fits(&query) => {
                let from = peer;
                return self.emit_of_files(FileEvent::Replied { id, from, reply });
            }
            Ok(_) => Some(Misbehaviour::Unasked),
            Err(error) => {
                tracing::debug!(%peer, %error, "Peer replied something broken about a file");
                Misbehaviour::of_bytes(error)
            }
        };
        self.emit_of_files(FileEvent::Failed { id, peer });
        if let Some(misbehaviour) = misbehaviour {
            let blame = self.gate.charge(now, peer, misbehaviour);
            self.handle_blame(blame);
        }
    }

    fn reply_about_file(&mut self, channel: ResponseChannel<Vec<u8>>, reply: FileReply) {
        let exchange = &mut self.swarm.behaviour_mut().files;
        // An error means that the peer is gone, and with it the wish to know.
        let _ = exchange.send_response(channel, file::encode_reply(reply));
    }

    /// Reports to the owner of the files, if there is one.
    pub(super) fn emit_of_files(&self, event: FileEvent) {
        if let Err(mpsc::error::TrySendError::Full(_)) = self.files.events_tx.try_send(event) {
            self.counters.count(Counted::EventDropped);
            tracing::warn!("Nobody takes events of files, so one is lost");
        }
    }
}
