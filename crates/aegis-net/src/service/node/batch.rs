//! Batches: what this node says in bursts, and what peers say or hand over in many messages at once.

use std::{sync::Arc, time::Duration};

use aegis_core::{Alert, Channel, NodeId, PeerClass};
use libp2p::{
    PeerId,
    gossipsub::{MessageAcceptance, MessageId},
    request_response::ResponseChannel,
};
use tokio::time;

use super::{Node, alerts::Verdict, node_of};
use crate::{
    batch,
    batch::BatchError,
    counters::Counted,
    gate::{Arrival, Misbehaviour},
    service::{
        handover::{
            GOSSIPED_MAX, GOSSIPED_PER_PEER_MAX, HANDOVERS_MAX, HANDOVERS_PER_PEER_MAX, Handover,
            MESSAGES_PER_TURN, Origin, Tally,
        },
        push::PushReply,
        relay::Relay,
    },
};

/// How long a stranger's batch waits, in case the stranger turns out to be of the local network.
const CLASS_SETTLES_IN: Duration = Duration::from_secs(1);

impl Node {
    /// Sends an alert of ours to everybody: at once, or with those that follow it at once.
    pub(super) fn publish(&mut self, alert: Arc<Alert>) {
        self.gate.remember(&alert);
        if let Some(organisation) = alert.audience() {
            return self.publish_sealed(&alert, organisation);
        }
        let now = self.now();
        if !self.all_take_batches() || self.outbox.goes_at_once(now) {
            self.send_what_waits();
            return self.publish_one(&alert);
        }
        if let Some(alerts) = self.outbox.push(now, alert) {
            self.publish_together(&alerts);
        }
    }

    /// Sends what waits to go together.
    pub(super) fn send_what_waits(&mut self) {
        let alerts = self.outbox.take();
        if !alerts.is_empty() {
            self.publish_together(&alerts);
        }
    }

    /// Ends when what waits to go together is due, and never while nothing waits.
    pub(super) fn outbox_due(&self) -> impl Future<Output = ()> + use<> {
        let pause = self.outbox.pause(self.now());
        async move {
            match pause {
                Some(pause) => time::sleep(pause).await,
                None => std::future::pending().await,
            }
        }
    }

    fn publish_together(&mut self, alerts: &[Arc<Alert>]) {
        if alerts.len() == 1 || !self.all_take_batches() {
            return alerts.iter().for_each(|it| self.publish_one(it));
        }
        let gossip = &mut self.swarm.behaviour_mut().gossip;
        for batch in batch::pack(alerts.iter().map(|it| it.wire())) {
            if let Err(error) = gossip.publish(self.names.batch_topic(), batch) {
                tracing::debug!(%error, "Batch not sent, so its alerts go one by one");
                return alerts.iter().for_each(|it| self.publish_one(it));
            }
            self.counters.count(Counted::BatchSent);
        }
        for _ in alerts {
            self.counters.count(Counted::Published);
        }
    }

    /// Returns whether every peer takes batches, and there is one.
    fn all_take_batches(&self) -> bool {
        let mut peers = self.peers.connected.values().filter(|it| it.is_subscribed);
        let first = peers.next();
        first.is_some_and(|it| it.takes_batches) && peers.all(|it| it.takes_batches)
    }

    /// Notes whether a peer takes batches by gossip.
    pub(super) fn handle_takes_batches(&mut self, peer: &PeerId, takes_batches: bool) {
        let known = node_of(peer).and_then(|it| self.peers.connected.get_mut(&it));
        if let Some(known) = known {
            known.takes_batches = takes_batches;
        }
    }

    /// Takes a batch that came by gossip; it is passed on once all of it was looked at.
    pub(super) fn handle_gossiped_batch(&mut self, from: PeerId, id: MessageId, bytes: &[u8]) {
        let Some(peer) = node_of(&from) else {
            return self.judge_gossip(&id, &from, MessageAcceptance::Ignore);
        };
        let now = self.now();
        let (is_heard, blame) = self.gate.count_word(now, peer);
        if let Some(blame) = blame {
            self.handle_blame(blame);
        }
        let gossiped = self.handovers.iter().filter(|it| it.is_gossiped());
        let of_peer = gossiped.clone().filter(|it| it.peer == peer).count();
        let is_busy = gossiped.count() >= GOSSIPED_MAX || of_peer >= GOSSIPED_PER_PEER_MAX;
        if !is_heard || is_busy {
            return self.judge_gossip(&id, &from, MessageAcceptance::Ignore);
        }
        match batch::unpack(bytes) {
            Ok(messages) => self.handovers.push_back(Handover {
                peer,
                messages: messages.into(),
                not_before: now,
                origin: Origin::Gossip {
                    id,
                    forwarder: from,
                    tally: Tally::default(),
                },
            }),
            Err(error) => {
                self.blame_for_batch(peer, error);
                self.judge_gossip(&id, &from, MessageAcceptance::Reject);
            }
        }
    }

    /// Takes a batch that a peer hands over.
    pub(super) fn handle_handover(
        &mut self,
        peer: NodeId,
        request: &[u8],
        channel: ResponseChannel<PushReply>,
    ) {
        let now = self.now();
        let pushed = self.handovers.iter().filter(|it| !it.is_gossiped());
        let of_peer = pushed.clone().filter(|it| it.peer == peer).count();
        let is_busy = pushed.count() >= HANDOVERS_MAX || of_peer >= HANDOVERS_PER_PEER_MAX;
        let messages = match batch::unpack(request) {
            Ok(_) if is_busy => return self.reply(channel, PushReply::default()),
            Ok(messages) => messages,
            Err(error) => {
                self.blame_for_batch(peer, error);
                return self.reply(channel, PushReply::default());
            }
        };
        let known = self.peers.connected.get(&peer);
        let stranger = known.filter(|it| it.class == PeerClass::Dht);
        self.handovers.push_back(Handover {
            peer,
            messages: messages.into(),
            not_before: stranger.map_or(now, |it| it.connected_at + CLASS_SETTLES_IN),
            origin: Origin::Push {
                reply: PushReply::default(),
                channel,
            },
        });
    }

    /// Returns whether a batch is ready to be looked at.
    pub(super) fn has_handovers(&self) -> bool {
        !self.handovers.is_empty() && {
            let now = self.now();
            self.handovers.iter().any(|it| it.not_before <= now)
        }
    }

    /// Looks at some messages of the first batch that is ready.
    pub(super) fn take_handover(&mut self) {
        let now = self.now();
        let ready = self.handovers.iter().position(|it| it.not_before <= now);
        let Some(mut handover) = ready.and_then(|at| self.handovers.remove(at)) else {
            return;
        };
        let channel = handover.origin.channel();
        let count = handover.messages.len().min(MESSAGES_PER_TURN);
        let messages: Vec<Arc<[u8]>> = handover.messages.drain(..count).collect();
        let arrivals: Vec<Arrival<'_>> = messages
            .iter()
            .map(|bytes| Arrival {
                forwarder: handover.peer,
                channel,
                bytes,
            })
            .collect();
        let verdicts = self.judge_all(&arrivals);
        handover.origin.count(&messages, &verdicts);
        if handover.messages.is_empty() {
            self.end_handover(handover.origin);
        } else {
            // Behind the others, so that one long batch does not hold up a short one.
            self.handovers.push_back(handover);
        }
    }

    fn end_handover(&mut self, origin: Origin) {
        match origin {
            Origin::Push { reply, channel } => self.reply(channel, reply),
            Origin::Gossip {
                id,
                forwarder,
                tally,
            } => self.pass_batch_on(&id, &forwarder, tally),
        }
    }

    /// Passes a batch on as it is, or what was heard of it one by one.
    fn pass_batch_on(&mut self, id: &MessageId, forwarder: &PeerId, tally: Tally) {
        self.counters.count(Counted::BatchHeard);
        let is_passed_on = tally.is_passed_on();
        let acceptance = if is_passed_on {
            MessageAcceptance::Accept
        } else if tally.rejected > 0 {
            MessageAcceptance::Reject
        } else {
            MessageAcceptance::Ignore
        };
        self.judge_gossip(id, forwarder, acceptance);
        let mut others = self.peers.connected.values().filter(|it| it.is_subscribed);
        if is_passed_on && others.all(|it| it.takes_batches) {
            return;
        }
        for message in tally.heard {
            self.pass_on_in_time(&message, Relay::Said(message.to_vec()));
        }
    }

    fn blame_for_batch(&mut self, peer: NodeId, error: BatchError) {
        tracing::debug!(%peer, %error, "Peer handed over something broken");
        let now = self.now();
        let blame = self.gate.charge(now, peer, Misbehaviour::BadBatch);
        self.handle_blame(blame);
    }

    fn reply(&mut self, channel: ResponseChannel<PushReply>, reply: PushReply) {
        // An error means that the peer is gone, and with it the wish to know.
        let _ = self
            .swarm
            .behaviour_mut()
            .push
            .send_response(channel, reply);
    }
}

impl Origin {
    fn channel(&self) -> Channel {
        match self {
            Self::Push { .. } => Channel::Sync,
            Self::Gossip { .. } => Channel::Gossip,
        }
    }

    /// Counts what became of some messages.
    fn count(&mut self, messages: &[Arc<[u8]>], verdicts: &[Verdict]) {
        for (message, verdict) in messages.iter().zip(verdicts) {
            match self {
                Self::Push { reply, .. } => {
                    let outcome = match verdict {
                        Verdict::Heard | Verdict::Known => &mut reply.accepted,
                        Verdict::Ignored | Verdict::Theirs => &mut reply.ignored,
                        Verdict::Rejected => &mut reply.rejected,
                    };
                    *outcome = outcome.saturating_add(1);
                }
                Self::Gossip { tally, .. } => match verdict {
                    Verdict::Heard => tally.heard.push(Arc::clone(message)),
                    Verdict::Known => tally.known += 1,
                    Verdict::Ignored | Verdict::Theirs => tally.ignored += 1,
                    Verdict::Rejected => tally.rejected += 1,
                },
            }
        }
    }
}

#[cfg(test)]
mod tests;
