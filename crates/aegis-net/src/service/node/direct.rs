//! Alerts of ours said to each peer by itself, where that reaches everybody whom gossip would.
//!
//! Gossip has every peer pass on what it hears, since nobody knows who has heard it. Nodes that
//! tell each other whom they are connected with do know: where all of a node's peers are each
//! other's peers or nobody's, what it says to each of them is all that there is to say. It is said
//! in a quarter of the bytes, once.
//!
//! Nothing rests on it. What a peer does not confirm in time, or what is said as a peer leaves, goes
//! by gossip too; a peer that does not speak the protocol, is late, or knows somebody else has
//! everything go by gossip. What a peer says of its neighbours decides only whether that peer's own
//! alerts are passed on.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use aegis_core::{Alert, AlertId, Channel, NodeId, PeerClass, Timestamp};
use libp2p::gossipsub::MessageAcceptance;

use super::{Node, node_of, peer_of};
use crate::{
    counters::Counted,
    gate::{Arrival, Conduct, Misbehaviour},
    service::{
        direct::{Event, Frame, NEIGHBOURS_MAX},
        peers::Peer,
        relay::Relay,
    },
    wire::compact,
};

/// How long a peer may take to confirm an alert: a beat to do so, and another for the way.
const CONFIRMED_WITHIN: Duration = Duration::from_secs(2);

/// Alerts that one peer has not confirmed; more at a time go by gossip, which has detours. Two
/// beats' worth of alerts at forty a second.
const UNCONFIRMED_MAX: usize = 64;

/// What is between this node and one peer beside the gossip.
#[derive(Debug, Default)]
pub(in crate::service) struct Link {
    /// Whether the peer listens.
    is_open: bool,
    /// Whether it has let an alert wait too long, and has confirmed nothing since.
    is_late: bool,
    /// Whom it says it is connected with; `None` where it does not say.
    neighbours: Option<BTreeSet<NodeId>>,
    /// What was said to it and not confirmed, and since when.
    unconfirmed: VecDeque<(Timestamp, Arc<Alert>)>,
    /// The last alert of its own that is to be confirmed to it.
    to_confirm: Option<AlertId>,
}

impl Link {
    /// Returns whether what is said to the peer is likely to be heard at once.
    fn is_ready(&self) -> bool {
        self.is_open && !self.is_late && self.unconfirmed.len() < UNCONFIRMED_MAX
    }

    fn confirm(&mut self, id: AlertId) {
        if let Some(at) = self.unconfirmed.iter().position(|(_, it)| it.id() == id) {
            self.unconfirmed.drain(..=at);
        }
        self.is_late = false;
    }

    fn is_overdue(&self, now: Timestamp) -> bool {
        let eldest = self.unconfirmed.front();
        eldest.is_some_and(|(at, _)| *at + CONFIRMED_WITHIN <= now)
    }
}

impl Node {
    /// Says an alert of ours to every peer, if that is everybody; returns whether it did.
    pub(super) fn say_to_all(&mut self, alert: &Arc<Alert>) -> bool {
        if !self.is_heard_by_all() {
            return false;
        }
        let Some(packed) = compact::pack(alert) else {
            return false;
        };
        self.tell_neighbours(); // first, so that nobody takes a new peer for one that is not told
        let now = self.now();
        let frame = Frame::Alert(packed);
        let direct = &mut self.swarm.behaviour_mut().direct;
        for (peer, known) in &mut self.peers.connected {
            direct.say(peer_of(*peer), &frame);
            let waiting = (now, Arc::clone(alert));
            known.link.unconfirmed.push_back(waiting);
        }
        true
    }

    /// Returns whether every peer listens, knows whom this node knows, and knows nobody else.
    fn is_heard_by_all(&self) -> bool {
        let peers = &self.peers.connected;
        let is_one_of_us = |it: &NodeId| *it == self.id || peers.contains_key(it);
        let hears = |known: &Peer| {
            let link = Some(&known.link).filter(|it| it.is_ready() && is_told(known.class));
            let neighbours = link.and_then(|it| it.neighbours.as_ref());
            neighbours.is_some_and(|it| it.iter().all(is_one_of_us))
        };
        (1..=NEIGHBOURS_MAX).contains(&peers.len()) && peers.values().all(hears)
    }

    /// Returns whether each peer of ours is one of `author`'s, as the author says.
    fn is_said_to_all_by(&self, author: NodeId) -> bool {
        let peers = &self.peers.connected;
        let link = peers.get(&author).map(|it| &it.link);
        let neighbours = link.and_then(|it| it.neighbours.as_ref());
        neighbours.is_some_and(|it| {
            let mut others = peers.keys().filter(|peer| **peer != author);
            others.all(|peer| it.contains(peer))
        })
    }

    pub(super) fn handle_direct_event(&mut self, event: Event) {
        match event {
            Event::Opened(peer) => {
                let Some(peer) = node_of(&peer) else { return };
                if let Some(known) = self.peers.connected.get_mut(&peer) {
                    known.link.is_open = true;
                    let class = known.class;
                    let neighbours = self.neighbours_for(class);
                    let direct = &mut self.swarm.behaviour_mut().direct;
                    direct.say(peer_of(peer), &neighbours);
                }
            }
            Event::Closed(peer) => {
                let known = node_of(&peer).and_then(|it| self.peers.connected.get_mut(&it));
                if let Some(known) = known {
                    known.link.is_open = false;
                    let unconfirmed = std::mem::take(&mut known.link.unconfirmed);
                    self.pass_on(unconfirmed);
                }
            }
            Event::Said(peer, frame) => {
                if let Some(peer) = node_of(&peer) {
                    self.handle_frame(peer, frame);
                }
            }
            Event::Babbled(peer) => {
                if let Some(peer) = node_of(&peer) {
                    self.blame_for_babble(peer);
                }
            }
        }
    }

    fn handle_frame(&mut self, peer: NodeId, frame: Frame) {
        if let Frame::Alert(packed) = frame {
            return self.handle_said(peer, &packed);
        }
        let now = self.now();
        let (is_heard, blame) = self.gate.count_word(now, peer);
        if let Some(blame) = blame {
            self.handle_blame(blame);
        }
        let known = self.peers.connected.get_mut(&peer);
        let Some(known) = known.filter(|_| is_heard) else {
            return;
        };
        match frame {
            Frame::Neighbours(neighbours) => {
                known.link.neighbours = neighbours.map(BTreeSet::from_iter);
            }
            Frame::Heard(id) => known.link.confirm(id),
            Frame::Alert(_) => {} // taken out before
        }
    }

    /// Hears an alert that its author says itself: judged as if it came by gossip.
    fn handle_said(&mut self, author: NodeId, packed: &[u8]) {
        // Not confirmed either: so it goes by gossip, by whose hands it may be welcome.
        if self.gate.conduct(self.now(), author) != Conduct::Good {
            return;
        }
        let Some(bytes) = compact::unpack(author, packed) else {
            return self.blame_for_babble(author);
        };
        let acceptance = self.judge(Arrival {
            forwarder: author,
            channel: Channel::Gossip,
            bytes: &bytes,
        });
        if let Some(known) = self.peers.connected.get_mut(&author) {
            known.link.to_confirm = Some(AlertId::of(&bytes));
        }
        let is_accepted = matches!(acceptance, MessageAcceptance::Accept);
        if is_accepted && !self.is_said_to_all_by(author) {
            self.pass_on_in_time(&bytes, Relay::Said(bytes.to_vec()));
        }
    }

    fn blame_for_babble(&mut self, peer: NodeId) {
        let now = self.now();
        let blame = self.gate.charge(now, peer, Misbehaviour::Malformed);
        self.handle_blame(blame);
    }

    /// Confirms what was heard, tells who came and went, and passes on what peers have not heard.
    pub(super) fn tend_links(&mut self) {
        let now = self.now();
        self.tell_neighbours();
        let direct = &mut self.swarm.behaviour_mut().direct;
        let mut overdue = Vec::new();
        for (peer, known) in &mut self.peers.connected {
            let link = &mut known.link;
            if link.is_open
                && let Some(id) = link.to_confirm.take()
            {
                direct.say(peer_of(*peer), &Frame::Heard(id));
            }
            if link.is_overdue(now) {
                link.is_late = true;
                overdue.push(std::mem::take(&mut link.unconfirmed));
            }
        }
        overdue.into_iter().for_each(|it| self.pass_on(it));
    }

    /// Tells the peers who came and went since they were told.
    fn tell_neighbours(&mut self) {
        if !std::mem::take(&mut self.has_other_neighbours) {
            return;
        }
        for (peer, known) in &self.peers.connected {
            let neighbours = self.neighbours_for(known.class);
            let direct = &mut self.swarm.behaviour_mut().direct;
            direct.say(peer_of(*peer), &neighbours);
        }
    }

    /// Passes on by gossip what was said to a peer that is gone.
    pub(super) fn pass_on_after(&mut self, link: Link) {
        self.pass_on(link.unconfirmed);
    }

    fn pass_on(&mut self, unconfirmed: VecDeque<(Timestamp, Arc<Alert>)>) {
        for (_, alert) in unconfirmed {
            self.counters.count(Counted::Unconfirmed);
            self.gossip(alert.wire());
        }
    }

    /// Sends a message to everybody, beside what was said before.
    pub(super) fn gossip(&mut self, bytes: &[u8]) {
        let gossip = &mut self.swarm.behaviour_mut().gossip;
        if let Err(error) = gossip.publish(self.names.topic(), bytes.to_vec()) {
            tracing::debug!(%error, "Alert not passed on");
        }
    }

    /// Returns what a peer of `class` is told.
    fn neighbours_for(&self, class: PeerClass) -> Frame {
        let peers = &self.peers.connected;
        let can_tell = is_told(class) && peers.len() <= NEIGHBOURS_MAX;
        Frame::Neighbours(can_tell.then(|| peers.keys().copied().collect()))
    }
}

/// Returns whether peers of `class` are told of the others: strangers need not know who belongs
/// together here.
fn is_told(class: PeerClass) -> bool {
    match class {
        PeerClass::Lan | PeerClass::Configured => true,
        PeerClass::Dht => false,
    }
}

#[cfg(test)]
mod tests;
