//! Whether others can reach this node, over which relays they do otherwise, and for whom it relays.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    time::Duration,
};

use aegis_core::{NodeId, Timestamp};
use libp2p::{
    Multiaddr, PeerId, core::transport::ListenerId, identify, multiaddr::Protocol, relay,
    swarm::ConnectionId,
};

use super::{Node, node_of, peer_of};
use crate::{
    Address, Reachability, RelayConfig,
    address::is_relayed,
    exchange::Record,
    gate::Table,
    service::{
        exchange,
        observed::Observed,
        peers::Peer,
        punch,
        reach::{RELAYS, ReachEvent},
    },
};

/// Relays over which a node is reached: one, and one in case that goes.
const RELAYS_MAX: usize = 2;

/// How long a relay that refused, or ended it, is not asked again.
const REFUSED_FOR: Duration = Duration::from_secs(60);

/// Relays that refused and are remembered.
const REFUSED_MAX: usize = 256;

/// Addresses of one kind that are shown.
const SHOWN_MAX: usize = 4;

/// How the node is placed.
pub(super) struct Places {
    config: RelayConfig,
    observed: Observed,
    external: BTreeSet<Multiaddr>, // bounded by what `observed` lets be checked, and RELAYS_MAX
    has_failed: bool,              // somebody tried to reach this node, and could not
    reservations: BTreeMap<NodeId, Reservation>,
    refused: Table<NodeId, Timestamp>,
    served: BTreeSet<PeerId>, // at most as many as the relay accepts
    circuits: usize,
}

/// A place at a relay, asked for or given.
struct Reservation {
    listener: ListenerId,
    is_given: bool,
}

impl Places {
    pub(super) fn new(config: RelayConfig) -> Self {
        Self {
            config,
            observed: Observed::new(),
            external: BTreeSet::new(),
            has_failed: false,
            reservations: BTreeMap::new(),
            refused: Table::new(REFUSED_MAX),
            served: BTreeSet::new(),
            circuits: 0,
        }
    }

    /// Returns whether others can connect to this node.
    pub(super) fn reachability(&self, own_ips: &BTreeSet<IpAddr>) -> Reachability {
        if self.external().next().is_some() {
            Reachability::Public
        } else if self.has_failed || self.observed.is_translated(own_ips) {
            Reachability::Private
        } else {
            Reachability::Unknown
        }
    }

    /// Returns where others reach it from everywhere by itself.
    pub(super) fn external(&self) -> impl Iterator<Item = &Multiaddr> {
        self.external.iter().filter(|it| !is_relayed(it))
    }

    /// Returns where others reach it from everywhere, by itself or over a relay.
    pub(super) fn announced(&self) -> impl Iterator<Item = &Multiaddr> + Clone {
        self.external.iter()
    }

    /// Returns where others reach it over relays.
    pub(super) fn relayed_at(&self) -> impl Iterator<Item = Address> {
        let relayed = self.external.iter().filter(|it| is_relayed(it));
        relayed.take(SHOWN_MAX).map(Address::of)
    }

    /// Returns where others see it, what most of them say first.
    pub(super) fn seen_at(&self) -> impl Iterator<Item = Address> {
        let seen = self.observed.claimed().into_iter().take(SHOWN_MAX);
        seen.map(|it| Address::of(&it))
    }

    /// Returns where others see it and could not reach it.
    pub(super) fn in_vain(&self) -> impl Iterator<Item = Address> {
        let seen = self.observed.claimed().into_iter().take(SHOWN_MAX);
        let in_vain = seen.filter(|it| self.observed.is_in_vain(it));
        in_vain.map(|it| Address::of(&it))
    }

    /// Returns over whom this node can be reached.
    pub(super) fn relays(&self) -> impl Iterator<Item = NodeId> {
        let given = self.reservations.iter().filter(|(_, it)| it.is_given);
        given.map(|(relay, _)| *relay)
    }

    pub(super) fn is_relay(&self, peer: &NodeId) -> bool {
        self.reservations.contains_key(peer)
    }

    pub(super) fn reservations_served(&self) -> usize {
        self.served.len()
    }

    pub(super) fn circuits_served(&self) -> usize {
        self.circuits
    }

    pub(super) fn forget(&mut self, peer: &NodeId) {
        self.observed.forget(peer);
    }

    /// Has addresses checked anew at which others could not reach this node before it was connected
    /// anew.
    pub(super) fn check_again(&mut self, now: Timestamp) {
        self.observed.hurry(now);
    }
}

impl Node {
    /// Takes what a peer says of itself and of this node.
    pub(super) fn note_identified(
        &mut self,
        peer: NodeId,
        connection: ConnectionId,
        info: &identify::Info,
    ) {
        let now = self.now();
        let Some(known) = self.peers.connected.get_mut(&peer) else {
            return;
        };
        known.speaks.relay = info.protocols.contains(&RELAYS);
        let spoke_exchange = known.speaks.exchange;
        let speaks = self.names.protocol(exchange::PROTOCOL);
        known.speaks.exchange = info.protocols.contains(&speaks);
        let is_new = known.speaks.exchange && !spoke_exchange;
        let way = known.ways.get(&connection).cloned();
        if is_new {
            self.company.exchanges.hurry(now);
        }
        let record = info.signed_peer_record.clone().and_then(Record::of);
        if let Some(record) = record.filter(|it| it.node == peer) {
            self.company.exchanges.keep(record);
        }
        let Some(way) = way.filter(|it| !it.is_relayed && !it.is_trial) else {
            return;
        };
        let listening: Vec<_> = self.listening.iter().map(Address::to_multiaddr).collect();
        let observed = &mut self.company.places.observed;
        observed.claim(peer, &info.observed_addr, &listening);
        if !way.is_dialled {
            observed.reached(peer, way.address.ip(), &info.observed_addr);
        }
        self.offer_to_punchers();
    }

    /// Looks after all of it, once a beat.
    pub(super) fn tend_places(&mut self) {
        let now = self.now();
        let again = self.company.places.observed.due_again(now);
        if !again.is_empty() {
            let reach = &mut self.swarm.behaviour_mut().reach;
            reach.forget_checks();
            again.iter().for_each(|it| reach.probe.offer(it));
        }
        while let Some(address) = self.company.places.observed.next_to_check(now) {
            self.swarm.behaviour_mut().reach.probe.offer(&address);
        }
        let own_ips = self.peers.own_ips();
        for address in self.company.places.observed.proven(own_ips) {
            if !self.company.places.external.contains(&address) {
                self.swarm.add_external_address(address.clone());
                self.handle_external(address); // the swarm does not report what it is told
            }
        }
        self.reserve(now);
        if let Some(punch) = self.swarm.behaviour_mut().reach.punch.as_mut() {
            punch.tend();
        }
    }

    /// Has peers that this node meets over a relay told where others see it by now.
    fn offer_to_punchers(&mut self) {
        let claimed = self.company.places.observed.claimed();
        if let Some(punch) = self.swarm.behaviour_mut().reach.punch.as_mut() {
            punch.set_seen_at(claimed);
        }
    }

    /// Asks relays for a place where others cannot reach this node.
    fn reserve(&mut self, now: Timestamp) {
        let places = &self.company.places;
        let reachability = places.reachability(self.peers.own_ips());
        let lacks = RELAYS_MAX.saturating_sub(places.reservations.len());
        if reachability != Reachability::Private || !places.config.enabled || lacks == 0 {
            return;
        }
        let mut relays: Vec<(&NodeId, &Peer)> = self.peers.connected.iter().collect();
        relays.retain(|(peer, known)| {
            let refused = places.refused.peek(peer);
            known.speaks.relay
                && known.dialled
                && !known.is_relayed()
                && !places.is_relay(peer)
                && refused.is_none_or(|until| *until <= now)
        });
        relays.sort_by_key(|(peer, known)| {
            (!self.gate.has_rank(peer), known.class, known.connected_at)
        });
        let relays: Vec<_> = relays
            .into_iter()
            .map(|(peer, known)| (*peer, known.address.clone()))
            .take(lacks)
            .collect();
        for (peer, address) in relays {
            self.reserve_at(peer, &address);
        }
    }

    fn reserve_at(&mut self, peer: NodeId, address: &Address) {
        let over = address
            .to_multiaddr()
            .with(Protocol::P2p(peer_of(peer)))
            .with(Protocol::P2pCircuit);
        match self.swarm.listen_on(over) {
            Ok(listener) => {
                let reservation = Reservation {
                    listener,
                    is_given: false,
                };
                let reservations = &mut self.company.places.reservations;
                reservations.insert(peer, reservation);
            }
            Err(error) => tracing::debug!(%peer, %error, "Cannot be reached over a peer"),
        }
    }

    /// Notes that a place at a relay is lost, or was not given.
    ///
    /// It is never given up by this node: the relay's answer that crosses would end the service
    /// (libp2p-relay 0.22.0 relies on the place being known).
    pub(super) fn end_reservation(&mut self, listener: ListenerId) {
        let until = self.now() + REFUSED_FOR;
        let places = &mut self.company.places;
        let mut ended = places.reservations.iter();
        let Some(relay) = ended.find_map(|(relay, it)| (it.listener == listener).then_some(*relay))
        else {
            return;
        };
        places.reservations.remove(&relay);
        places.refused.insert(relay, until);
        tracing::debug!(peer = %relay, "No longer reached over a relay");
    }

    /// Notes that others reach this node at an address.
    pub(super) fn handle_external(&mut self, address: Multiaddr) {
        if !self.company.places.external.insert(address) {
            return;
        }
        self.serve_where_public();
        self.announce_to_peers();
    }

    /// Notes that others do not reach this node at an address any more.
    pub(super) fn handle_not_external(&mut self, address: &Multiaddr) {
        if self.company.places.external.remove(address) {
            self.serve_where_public();
        }
    }

    /// Relays for others where they can reach this node.
    fn serve_where_public(&mut self) {
        let is_public = self.company.places.external().next().is_some();
        if let Some(serve) = self.swarm.behaviour_mut().reach.serve.as_mut() {
            serve.set_status(Some(if is_public {
                relay::Status::Enable
            } else {
                relay::Status::Disable
            }));
        }
    }

    pub(super) fn handle_reach_event(&mut self, event: ReachEvent) {
        match event {
            ReachEvent::Relay(event) => self.handle_relay_event(&event),
            ReachEvent::Serve(event) => self.company.places.handle_served(&event),
            ReachEvent::Punch(punch::Event::Through(peer, tries)) => {
                tracing::debug!(%peer, tries, "Got through to a peer");
            }
            ReachEvent::Punch(punch::Event::Missed(peer, tries)) => {
                tracing::debug!(%peer, tries, "Did not get through to a peer");
            }
            ReachEvent::Probe(event) => {
                tracing::debug!(
                    address = %event.tested_addr,
                    by = %event.server,
                    is_reached = event.result.is_ok(),
                    "Asked whether this node can be reached"
                );
                if event.result.is_err() {
                    let now = self.now();
                    self.company.places.has_failed = true;
                    let observed = &mut self.company.places.observed;
                    observed.failed(now, &event.tested_addr);
                }
            }
            ReachEvent::Checkers(never) => match never {},
            ReachEvent::Probed(event) => {
                tracing::debug!(peer = %event.client, address = %event.tested_addr, "Tried to reach a peer");
            }
        }
    }

    fn handle_relay_event(&mut self, event: &relay::client::Event) {
        match event {
            relay::client::Event::ReservationReqAccepted {
                relay_peer_id,
                renewal: false,
                ..
            } => {
                let Some(relay) = node_of(relay_peer_id) else {
                    return;
                };
                if let Some(it) = self.company.places.reservations.get_mut(&relay) {
                    it.is_given = true;
                    tracing::info!(peer = %relay, "Reached over a relay");
                }
            }
            relay::client::Event::ReservationReqAccepted { renewal: true, .. }
            | relay::client::Event::OutboundCircuitEstablished { .. }
            | relay::client::Event::InboundCircuitEstablished { .. } => {}
        }
    }
}

impl Places {
    /// Counts for whom this node relays.
    fn handle_served(&mut self, event: &relay::Event) {
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "the enum is libp2p's, with variants that are to go; nothing else is counted"
        )]
        match event {
            relay::Event::ReservationReqAccepted { src_peer_id, .. } => {
                self.served.insert(*src_peer_id);
            }
            relay::Event::ReservationClosed { src_peer_id }
            | relay::Event::ReservationTimedOut { src_peer_id } => {
                self.served.remove(src_peer_id);
            }
            relay::Event::CircuitReqAccepted { .. } => self.circuits += 1,
            relay::Event::CircuitClosed { .. } => self.circuits = self.circuits.saturating_sub(1),
            _ => {}
        }
    }
}
