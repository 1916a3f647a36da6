//! Leaving: what is said before, and what ends when somebody says it.

use std::time::Duration;

use aegis_core::NodeId;
use libp2p::{
    futures::StreamExt as _,
    request_response::{Event, Message},
    swarm::SwarmEvent,
};
use tokio::time;

use super::{Node, node_of, peer_of};
use crate::{
    FileEvent, JoinEvent, NetEvent,
    service::{
        behaviour::BehaviourEvent,
        inquire::{GOODBYE, InquireEvent},
        members,
    },
};

/// How long the peers are given to say that they heard it: they are told, and a node that is told to
/// stop is to stop.
const HEARD_WITHIN: Duration = Duration::from_millis(300);

impl Node {
    /// Takes leave of a peer that says goodbye: what was asked of it will not be answered.
    pub(super) fn handle_goodbye_event(&mut self, event: InquireEvent) {
        let Event::Message {
            peer,
            message: Message::Request { channel, .. },
            ..
        } = event
        else {
            return;
        };
        let Some(peer) = node_of(&peer) else { return };
        // An error means that it has gone.
        let goodbye = &mut self.swarm.behaviour_mut().goodbye;
        let _ = goodbye.send_response(channel, GOODBYE.to_vec());
        if let Some(known) = self.peers.connected.get_mut(&peer) {
            known.said_goodbye = true;
        }
        self.end_with(peer);
    }

    /// Ends everything between this node and a peer that leaves, at once.
    pub(super) fn end_with(&mut self, peer: NodeId) {
        // What it said to everybody is still news.
        self.handovers
            .retain(|it| it.peer != peer || it.is_gossiped());
        self.end_questions_with(peer);
        for id in self.syncs.end_with(peer) {
            self.emit(NetEvent::SyncFailed { id, peer });
        }
        for id in self.files.end_with(peer) {
            self.emit_of_files(FileEvent::Failed { id, peer });
        }
        if self.joins.end_with(peer) {
            self.emit(NetEvent::Join(JoinEvent::Failed { peer }));
        }
    }

    /// Says goodbye to every peer, and waits a moment for them to have heard it.
    pub(super) async fn say_goodbye(&mut self) {
        // Those, too, that this node has not heard of yet as peers: they may have heard of it.
        let peers: Vec<NodeId> = self.peers.connected.keys().copied().collect();
        let mut unheard = peers.len();
        for peer in peers {
            let goodbye = &mut self.swarm.behaviour_mut().goodbye;
            goodbye.send_request(&peer_of(peer), GOODBYE.to_vec());
        }
        let farewell = async {
            while unheard > 0 {
                let event = self.swarm.select_next_some().await;
                if is_end_of_goodbye(&event) {
                    unheard -= 1;
                }
            }
        };
        if time::timeout(HEARD_WITHIN, farewell).await.is_err() {
            tracing::debug!("Not every peer heard the goodbye in time");
        }
    }
}

/// Returns whether a peer heard a goodbye, or does not know what that is.
fn is_end_of_goodbye(event: &SwarmEvent<members::Event<BehaviourEvent>>) -> bool {
    matches!(
        event,
        SwarmEvent::Behaviour(members::Event::Inner(BehaviourEvent::Goodbye(
            Event::OutboundFailure { .. }
                | Event::Message {
                    message: Message::Response { .. },
                    ..
                }
        )))
    )
}
