//! Hole punching: nodes behind routers that met over a relay get through to each other.
//!
//! What is said is libp2p's DCUtR. Both ends tell where others see them and dial each other at the
//! same moment, so that each router takes what comes for an answer to what went. The end that the
//! relayed connection came to begins. Where libp2p's own behaviour tries three times at once, with
//! what it knew when the relayed connection was made, and then never again, this one offers what is
//! known by now, and tries again after growing pauses while there is no other connection.
//!
//! One try is by QUIC, the next by TCP: where both ends dialled both, each could keep the one that
//! the other gives up.

use std::{
    collections::{BTreeMap, VecDeque},
    task::{Context, Poll},
    time::Duration,
};

use aegis_core::Timestamp;
use libp2p::{
    Multiaddr, PeerId, StreamProtocol,
    core::{Endpoint, transport::PortUse},
    multiaddr::Protocol,
    swarm::{
        ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, NotifyHandler, THandler,
        THandlerInEvent, THandlerOutEvent, ToSwarm,
        dial_opts::{DialOpts, PeerCondition},
    },
};

use crate::{
    Clock,
    address::{Scope, is_relayed, reach_of},
    gate::{Quota, TokenBucket},
};

mod handler;
mod message;

use handler::{Handler, Order, Report};

/// What the protocol is called.
const PROTOCOL: StreamProtocol = StreamProtocol::new("/libp2p/dcutr");

/// Addresses that are offered, and dialled, in one try.
const ADDRESSES_MAX: usize = 4;

/// How long a try takes at most: an answer over the relay, and a handshake in which packets get lost.
const TRY_FOR: Duration = Duration::from_secs(20);

/// How long the first pause is; each further one is twice as long.
const PAUSE_MIN: Duration = Duration::from_secs(1);

/// How long a pause is at most.
const PAUSE_MAX: Duration = Duration::from_secs(300);

/// Tries on one relayed connection. A relay of ours ends it after ten minutes anyway.
const TRIES_MAX: u32 = 16;

/// Dials of all tries together: what peers name is dialled for them, so not often.
const DIALS: Quota = Quota {
    burst: 16,
    per_second: 1,
};

/// What came of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Event {
    /// There is a direct connection with a peer, which so many tries were made for.
    Through(PeerId, u32),
    /// A try was in vain, the so manieth.
    Missed(PeerId, u32),
}

/// The relayed connections there are, and what is tried on them.
pub(super) struct Punch {
    own: PeerId,
    clock: Clock,
    seen_at: Vec<Multiaddr>,                   // where others see this node
    circuits: BTreeMap<ConnectionId, Circuit>, // as many as the connection limits let in
    direct: BTreeMap<ConnectionId, PeerId>,    // as many
    bucket: TokenBucket,
    todo: VecDeque<ToSwarm<Event, Order>>,
}

/// A relayed connection.
struct Circuit {
    peer: PeerId,
    /// Whether it came to this node, which therefore begins.
    is_begun_here: bool,
    tries: u32,
    next_at: Timestamp,
    tried_at: Option<Timestamp>,
    under_way: Option<Try>,
}

/// A try that is under way.
struct Try {
    since: Timestamp,
    /// Whether this node began it.
    is_ours: bool,
    dial: Option<ConnectionId>,
}

impl Punch {
    pub(super) fn new(own: PeerId, clock: Clock) -> Self {
        Self {
            own,
            clock,
            seen_at: Vec::new(),
            circuits: BTreeMap::new(),
            direct: BTreeMap::new(),
            bucket: TokenBucket::default(),
            todo: VecDeque::new(),
        }
    }

    /// Takes where others see this node, the likeliest first.
    pub(super) fn set_seen_at(&mut self, addresses: Vec<Multiaddr>) {
        self.seen_at = addresses;
    }

    /// Returns whether a direct connection with `peer` was tried a moment ago: both ends dial, so
    /// that there may be two, and one may come in late.
    pub(super) fn was_tried(&self, peer: &PeerId) -> bool {
        let now = (self.clock)();
        let is_lately = |at: Timestamp| at <= now && now.since(at) < TRY_FOR;
        let mut circuits = self.circuits.values();
        circuits.any(|it| it.peer == *peer && it.tried_at.is_some_and(is_lately))
    }

    /// Returns whether a direct connection with `peer` is being tried.
    fn is_tried(&self, peer: &PeerId) -> bool {
        let mut circuits = self.circuits.values();
        circuits.any(|it| it.peer == *peer && it.under_way.is_some())
    }

    /// Begins what is due, and gives up what takes too long.
    pub(super) fn tend(&mut self) {
        let now = (self.clock)();
        let circuits: Vec<ConnectionId> = self.circuits.keys().copied().collect();
        for id in circuits {
            let Some(circuit) = self.circuits.get(&id) else {
                continue;
            };
            let is_over = |it: &Try| it.since > now || now.since(it.since) >= TRY_FOR;
            if circuit.under_way.as_ref().is_some_and(is_over) {
                self.missed(id);
            }
            self.begin_if_due(id);
        }
    }

    fn begin_if_due(&mut self, id: ConnectionId) {
        let now = (self.clock)();
        let Some(circuit) = self.circuits.get(&id) else {
            return;
        };
        let peer = circuit.peer;
        // A clock that was put back is not to make a pause longer.
        let is_due = circuit.next_at <= now || circuit.next_at > now + PAUSE_MAX;
        let may_begin = circuit.is_begun_here
            && circuit.tries < TRIES_MAX
            && is_due
            && !self.is_tried(&peer)
            && !self.is_direct(&peer)
            && !self.leaves_it_to(&peer);
        let offered = self.offered(circuit.tries);
        if !may_begin || offered.is_empty() {
            return;
        }
        if let Some(circuit) = self.circuits.get_mut(&id) {
            circuit.tries += 1;
            circuit.tried_at = Some(now);
            circuit.under_way = Some(Try {
                since: now,
                is_ours: true,
                dial: None,
            });
            self.order(peer, id, Order::Begin(offered));
        }
    }

    /// Returns what is offered in the try after so many.
    fn offered(&self, tries: u32) -> Vec<Multiaddr> {
        let is_kind = |it: &&Multiaddr| is_quic(it) == tries.is_multiple_of(2);
        let of_kind: Vec<_> = self.seen_at.iter().filter(is_kind).collect();
        let offered = if of_kind.is_empty() {
            self.seen_at.iter().collect()
        } else {
            of_kind
        };
        offered.into_iter().take(ADDRESSES_MAX).cloned().collect()
    }

    /// Returns whether the peer is to begin where either could: each came to the other over a relay.
    fn leaves_it_to(&self, peer: &PeerId) -> bool {
        let mut circuits = self.circuits.values();
        self.own > *peer && circuits.any(|it| it.peer == *peer && !it.is_begun_here)
    }

    fn is_direct(&self, peer: &PeerId) -> bool {
        self.direct.values().any(|it| it == peer)
    }

    /// Answers a peer that began, in kind.
    fn answer(&mut self, peer: PeerId, id: ConnectionId, theirs: &[Multiaddr]) {
        let is_busy = self.is_tried(&peer) && self.own < peer;
        let is_of_kind = |it: &&Multiaddr| theirs.iter().any(|other| is_quic(other) == is_quic(it));
        let offered = self.seen_at.iter().filter(is_of_kind);
        let offered: Vec<_> = offered.take(ADDRESSES_MAX).cloned().collect();
        let now = (self.clock)();
        let Some(circuit) = self.circuits.get_mut(&id) else {
            return self.order(peer, id, Order::Refuse);
        };
        if is_busy || offered.is_empty() {
            return self.order(peer, id, Order::Refuse);
        }
        circuit.tried_at = Some(now);
        circuit.under_way = Some(Try {
            since: now,
            is_ours: false,
            dial: None,
        });
        self.order(peer, id, Order::Answer(offered));
    }

    /// Dials where a peer says that it is.
    fn dial(&mut self, peer: PeerId, id: ConnectionId, theirs: Vec<Multiaddr>, is_ours: bool) {
        let Some(circuit) = self.circuits.get(&id) else {
            return;
        };
        let tries = circuit.tries.saturating_sub(1);
        let under_way = circuit.under_way.as_ref();
        if !under_way.is_some_and(|it| it.is_ours == is_ours && it.dial.is_none()) {
            return;
        }
        let theirs: Vec<_> = theirs
            .into_iter()
            .filter_map(|it| dialled(it, peer))
            .collect();
        // Whoever does not answer in kind speaks of all that it knows.
        let kind = |it: &&Multiaddr| !is_ours || is_quic(it) == tries.is_multiple_of(2);
        let of_kind: Vec<_> = theirs.iter().filter(kind).cloned().collect();
        let mut addresses = if of_kind.is_empty() { theirs } else { of_kind };
        addresses.truncate(ADDRESSES_MAX);
        if addresses.is_empty() || !self.bucket.take_one((self.clock)(), DIALS) {
            return self.missed(id);
        }
        let opts = DialOpts::peer_id(peer)
            .condition(PeerCondition::Always)
            .addresses(addresses);
        // Of two that dial each other one has to be the one that is dialled.
        let opts = if is_ours { opts.override_role() } else { opts };
        let opts = opts.build();
        if let Some(under_way) = self
            .circuits
            .get_mut(&id)
            .and_then(|it| it.under_way.as_mut())
        {
            under_way.dial = Some(opts.connection_id());
        }
        self.todo.push_back(ToSwarm::Dial { opts });
    }

    /// Notes that a try was in vain.
    fn missed(&mut self, id: ConnectionId) {
        let now = (self.clock)();
        let Some(circuit) = self.circuits.get_mut(&id) else {
            return;
        };
        circuit.under_way = None;
        let doublings = circuit.tries.saturating_sub(1).min(16);
        circuit.next_at = now + PAUSE_MIN.saturating_mul(1 << doublings).min(PAUSE_MAX);
        let event = Event::Missed(circuit.peer, circuit.tries);
        if circuit.is_begun_here {
            self.todo.push_back(ToSwarm::GenerateEvent(event));
        }
    }

    /// Notes a direct connection with a peer, whoever made it.
    fn note_direct(&mut self, peer: PeerId, id: ConnectionId) {
        self.direct.insert(id, peer);
        for circuit in self.circuits.values_mut().filter(|it| it.peer == peer) {
            if circuit.under_way.take().is_some() {
                let event = Event::Through(peer, circuit.tries);
                self.todo.push_back(ToSwarm::GenerateEvent(event));
            }
        }
    }

    fn note_relayed(&mut self, peer: PeerId, id: ConnectionId, is_begun_here: bool) {
        let circuit = Circuit {
            peer,
            is_begun_here,
            tries: 0,
            next_at: (self.clock)(),
            tried_at: None,
            under_way: None,
        };
        self.circuits.insert(id, circuit);
        self.begin_if_due(id);
    }

    fn note_dial_failed(&mut self, dial: ConnectionId) {
        let is_its = |it: &Try| it.dial == Some(dial);
        let mut circuits = self.circuits.iter();
        let id = circuits.find(|(_, it)| it.under_way.as_ref().is_some_and(is_its));
        if let Some(id) = id.map(|(id, _)| *id) {
            self.missed(id);
        }
    }

    fn order(&mut self, peer_id: PeerId, id: ConnectionId, event: Order) {
        self.todo.push_back(ToSwarm::NotifyHandler {
            peer_id,
            handler: NotifyHandler::One(id),
            event,
        });
    }
}

/// Returns an address that a peer names as it is dialled: a public one, and of no other node.
fn dialled(mut address: Multiaddr, peer: PeerId) -> Option<Multiaddr> {
    if let Some(Protocol::P2p(named)) = address.iter().last() {
        address.pop();
        if named != peer {
            return None;
        }
    }
    let is_public = !is_relayed(&address) && reach_of(&address) == Some(Scope::Public);
    is_public.then_some(address)
}

fn is_quic(address: &Multiaddr) -> bool {
    address.iter().any(|it| it == Protocol::QuicV1)
}

impl NetworkBehaviour for Punch {
    type ConnectionHandler = Handler;
    type ToSwarm = Event;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(Handler::new(self.clock.clone()))
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(Handler::new(self.clock.clone()))
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        if let FromSwarm::ConnectionEstablished(it) = &event {
            if it.endpoint.is_relayed() {
                self.note_relayed(it.peer_id, it.connection_id, it.endpoint.is_listener());
            } else {
                self.note_direct(it.peer_id, it.connection_id);
            }
        }
        if let FromSwarm::ConnectionClosed(it) = &event {
            self.circuits.remove(&it.connection_id);
            self.direct.remove(&it.connection_id);
        }
        if let FromSwarm::DialFailure(it) = &event {
            self.note_dial_failed(it.connection_id);
        }
    }

    fn on_connection_handler_event(
        &mut self,
        peer: PeerId,
        id: ConnectionId,
        report: THandlerOutEvent<Self>,
    ) {
        match report {
            Report::Asked(theirs) => self.answer(peer, id, &theirs),
            Report::Dial(theirs) => self.dial(peer, id, theirs, true),
            Report::DialBack(theirs) => self.dial(peer, id, theirs, false),
            Report::Failed => {
                let circuit = self.circuits.get(&id);
                let under_way = circuit.and_then(|it| it.under_way.as_ref());
                if under_way.is_some_and(|it| it.is_ours && it.dial.is_none()) {
                    self.missed(id);
                }
            }
        }
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Event, THandlerInEvent<Self>>> {
        // Whoever puts something in is about to poll the swarm.
        self.todo.pop_front().map_or(Poll::Pending, Poll::Ready)
    }
}

#[cfg(test)]
mod tests;
