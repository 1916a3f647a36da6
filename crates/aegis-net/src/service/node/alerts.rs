//! Alerts: publishing ours, judging theirs, handing over and passing on.

use std::{sync::Arc, time::Duration};

use aegis_core::{Alert, Channel, NodeId};
use libp2p::{
    PeerId,
    futures::StreamExt as _,
    gossipsub::{self, MessageAcceptance, MessageId, PublishError},
    request_response,
};
use tokio::time::{self, error::Elapsed};

use super::{Node, node_of, peer_of};
use crate::{
    Counters, NetEvent, batch,
    counters::Counted,
    gate::{Admission, Arrival, Judgement},
    organisation::{Sealed, is_sealed},
    service::{
        PUSH_ALERTS_MAX,
        push::PushReply,
        relay::{OVERDUE_PER_TURN, Relay},
    },
    wire,
};

/// How long the connections are given to take what a node that leaves passes on.
const LAST_WORDS: Duration = Duration::from_millis(100);

/// What became of a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Verdict {
    /// The daemon was told of it.
    Heard,
    /// This node had it, and others may not.
    Known,
    /// It is left aside, by nobody's fault.
    Ignored,
    /// It is not heard, by the fault of somebody other than who brought it.
    Theirs,
    /// It is not heard, by the fault of whoever brought it.
    Rejected,
}

impl Verdict {
    /// Returns what the gossip layer is told. It punishes the forwarder, who is not always to
    /// blame.
    pub(super) fn acceptance(self) -> MessageAcceptance {
        match self {
            Self::Heard | Self::Known => MessageAcceptance::Accept,
            Self::Ignored | Self::Theirs => MessageAcceptance::Ignore,
            Self::Rejected => MessageAcceptance::Reject,
        }
    }
}

impl Node {
    /// Sends an alert of ours to everybody, by itself.
    pub(super) fn publish_one(&mut self, alert: &Arc<Alert>) {
        if self.say_to_all(alert) {
            self.counters.count(Counted::Published);
            return self.counters.count(Counted::Direct);
        }
        let gossip = &mut self.swarm.behaviour_mut().gossip;
        let id = alert.id();
        match gossip.publish(self.names.topic(), alert.wire().to_vec()) {
            Ok(_) => self.counters.count(Counted::Published),
            // Sent by us or relayed to us before; whoever there is has it.
            Err(PublishError::Duplicate) => self.counters.count(Counted::Published),
            Err(error) => {
                self.counters.count(Counted::Unheard);
                tracing::debug!(alert = %id, %error, "Nobody to hear an alert");
            }
        }
    }

    /// Hands alerts over to one peer, one batch after the other.
    pub(super) fn push(&mut self, peer: NodeId, alerts: &[Arc<Alert>]) {
        let Some(known) = self.peers.connected.get_mut(&peer) else {
            return;
        };
        let messages = alerts.iter().take(PUSH_ALERTS_MAX).map(|it| it.wire());
        // A second push replaces what waits of the first: it says what is true now.
        known.outbox = batch::pack(messages).into();
        self.push_next(peer);
    }

    fn push_next(&mut self, peer: NodeId) {
        let Some(known) = self.peers.connected.get_mut(&peer) else {
            return;
        };
        if known.is_pushing {
            return;
        }
        if let Some(batch) = known.outbox.pop_front() {
            known.is_pushing = true;
            let push = &mut self.swarm.behaviour_mut().push;
            push.send_request(&peer_of(peer), batch);
        }
    }

    fn handle_pushed(&mut self, peer: NodeId) {
        if let Some(known) = self.peers.connected.get_mut(&peer) {
            known.is_pushing = false;
        }
        self.push_next(peer);
    }

    pub(super) fn handle_push_event(&mut self, event: request_response::Event<Vec<u8>, PushReply>) {
        match event {
            request_response::Event::Message { peer, message, .. } => {
                let Some(peer) = node_of(&peer) else { return };
                match message {
                    request_response::Message::Request {
                        request, channel, ..
                    } => self.handle_handover(peer, &request, channel),
                    request_response::Message::Response { response, .. } => {
                        tracing::debug!(%peer, ?response, "Handed over");
                        self.handle_pushed(peer);
                    }
                }
            }
            request_response::Event::OutboundFailure { peer, error, .. } => {
                tracing::debug!(%peer, %error, "Cannot hand over");
                if let Some(peer) = node_of(&peer) {
                    self.handle_pushed(peer);
                }
            }
            request_response::Event::InboundFailure { peer, error, .. } => {
                tracing::debug!(%peer, %error, "Peer did not finish handing over");
            }
            request_response::Event::ResponseSent { .. } => {}
        }
    }

    pub(super) fn handle_gossip_event(&mut self, event: gossipsub::Event) {
        match event {
            gossipsub::Event::Message {
                propagation_source,
                message_id,
                message,
            } if message.topic == self.names.batch_topic().hash() => {
                self.handle_gossiped_batch(propagation_source, message_id, &message.data);
            }
            gossipsub::Event::Message {
                propagation_source,
                message_id,
                message,
            } => self.handle_gossip(propagation_source, message_id, &message.data),
            gossipsub::Event::Subscribed { peer_id, topic }
                if topic == self.names.batch_topic().hash() =>
            {
                self.handle_takes_batches(&peer_id, true);
            }
            gossipsub::Event::Subscribed { peer_id, .. } => {
                // The filter lets through our topics only.
                if let Some(peer) = node_of(&peer_id) {
                    self.handle_subscribed(peer);
                }
            }
            gossipsub::Event::Unsubscribed { peer_id, topic } => {
                if topic == self.names.batch_topic().hash() {
                    self.handle_takes_batches(&peer_id, false);
                }
            }
            gossipsub::Event::SlowPeer { peer_id, .. } => {
                tracing::debug!(peer = %peer_id, "Peer is too slow to take our gossip");
            }
            gossipsub::Event::GossipsubNotSupported { .. } => {}
        }
    }

    fn handle_gossip(&mut self, forwarder: PeerId, id: MessageId, bytes: &[u8]) {
        let acceptance = match node_of(&forwarder) {
            Some(forwarder) => self.judge(Arrival {
                forwarder,
                channel: Channel::Gossip,
                bytes,
            }),
            None => MessageAcceptance::Ignore,
        };
        match acceptance {
            MessageAcceptance::Accept => {
                self.pass_on_in_time(bytes, Relay::Gossip { id, forwarder })
            }
            MessageAcceptance::Ignore | MessageAcceptance::Reject => {
                self.judge_gossip(&id, &forwarder, acceptance);
            }
        }
    }

    /// Tells the gossip layer what to do with a message.
    pub(super) fn judge_gossip(
        &mut self,
        id: &MessageId,
        forwarder: &PeerId,
        acceptance: MessageAcceptance,
    ) {
        let gossip = &mut self.swarm.behaviour_mut().gossip;
        gossip.report_message_validation_result(id, forwarder, acceptance);
    }

    /// Passes an alert on, at once or, where its author says many, when there is time.
    pub(super) fn pass_on_in_time(&mut self, bytes: &[u8], relay: Relay) {
        let now = self.now();
        let author = match Sealed::parse(bytes) {
            Some(sealed) => Some(sealed.relay()),
            None => wire::author_at_a_glance(bytes),
        };
        let is_prompt = match author {
            Some(author) => self.gate.relays_promptly(now, author),
            // Nobody's quota pays for it.
            None => false,
        };
        let due = if is_prompt {
            Some(relay)
        } else {
            self.relays.push(now, relay)
        };
        due.into_iter().for_each(|it| self.pass_on_now(it));
    }

    /// Passes on some of what waits for it.
    pub(super) fn pass_on_some(&mut self) {
        for relay in self.relays.take_some() {
            self.pass_on_now(relay);
        }
    }

    /// Passes on some of what has waited long enough; the rest when it is the node's turn again.
    pub(super) fn pass_on_overdue(&mut self) {
        if self.relays.is_empty() {
            return;
        }
        let now = self.now();
        for _ in 0..OVERDUE_PER_TURN {
            let Some(relay) = self.relays.take_overdue(now) else {
                return;
            };
            self.pass_on_now(relay);
        }
    }

    /// Passes on all that waits, and lets the connections take it before they are closed.
    pub(super) async fn pass_on_the_rest(&mut self) {
        if self.relays.is_empty() {
            return;
        }
        for relay in self.relays.take_all() {
            self.pass_on_now(relay);
        }
        let turns = async {
            loop {
                self.swarm.select_next_some().await;
            }
        };
        let _: Result<(), Elapsed> = time::timeout(LAST_WORDS, turns).await;
    }

    fn pass_on_now(&mut self, relay: Relay) {
        match relay {
            Relay::Gossip { id, forwarder } => {
                self.judge_gossip(&id, &forwarder, MessageAcceptance::Accept);
            }
            Relay::Said(bytes) => self.gossip(&bytes),
        }
    }

    /// Decides about a message, reports an alert, and charges whoever is to blame.
    pub(super) fn judge(&mut self, arrival: Arrival<'_>) -> MessageAcceptance {
        if is_sealed(arrival.bytes) {
            return self.judge_sealed(arrival);
        }
        let now = self.now();
        let judgement = self.gate.admit(now, arrival);
        self.carry_out(judgement, arrival).acceptance()
    }

    /// Decides about messages that came together as if they came one by one.
    pub(super) fn judge_all(&mut self, arrivals: &[Arrival<'_>]) -> Vec<Verdict> {
        let now = self.now();
        let judgements = self.gate.admit_all(now, arrivals).into_iter();
        let judged = judgements.zip(arrivals);
        judged
            .map(|(judgement, arrival)| self.carry_out(judgement, *arrival))
            .collect()
    }

    fn carry_out(&mut self, judgement: Judgement, arrival: Arrival<'_>) -> Verdict {
        let Judgement { admission, blame } = judgement;
        count(&self.counters, &admission);
        let verdict = match admission {
            Admission::Accept(alert) => self.deliver(alert, arrival),
            Admission::Relay => Verdict::Known,
            Admission::Ignore(ignored) => {
                tracing::trace!(forwarder = %arrival.forwarder, ?ignored, "Ignored a message");
                Verdict::Ignored
            }
            Admission::Reject(rejected) => {
                tracing::debug!(forwarder = %arrival.forwarder, ?rejected, "Rejected a message");
                match blame {
                    Some(blame) if blame.culprit != arrival.forwarder => Verdict::Theirs,
                    Some(_) | None => Verdict::Rejected,
                }
            }
        };
        if let Some(blame) = blame {
            self.handle_blame(blame);
        }
        verdict
    }

    /// Gives an alert to the daemon; one that it has no room for is neither kept nor relayed.
    pub(super) fn deliver(&mut self, alert: Arc<Alert>, arrival: Arrival<'_>) -> Verdict {
        let id = alert.id();
        let event = NetEvent::AlertReceived {
            alert,
            forwarder: arrival.forwarder,
            channel: arrival.channel,
        };
        if self.has_room() && self.events_tx.try_send(event).is_ok() {
            return Verdict::Heard;
        }
        self.gate.forget(&id);
        self.counters.count(Counted::EventDropped);
        Verdict::Ignored
    }
}

/// Returns what becomes of a message that is not heard.
pub(super) fn stopped(admission: &Admission) -> MessageAcceptance {
    match admission {
        Admission::Accept(_) | Admission::Relay => MessageAcceptance::Accept,
        Admission::Ignore(_) => MessageAcceptance::Ignore,
        Admission::Reject(_) => MessageAcceptance::Reject,
    }
}

pub(super) fn count(counters: &Counters, admission: &Admission) {
    counters.count(match admission {
        Admission::Accept(_) => Counted::Accepted,
        Admission::Relay | Admission::Ignore(_) => Counted::Ignored,
        Admission::Reject(_) => Counted::Rejected,
    });
}
