//! The company a node keeps: how many peers, which of them, and how it stands among them.

use std::{collections::BTreeSet, time::Duration};

use aegis_core::{NodeId, PeerClass, Timestamp};
use libp2p::{core::ConnectedPoint, identity::Keypair, swarm::ConnectionId};

use super::{Node, bare, exchange::Exchanges, peer_of, reach::Places};
use crate::{
    Address, NetEvent, P2pConfig, Route, Surroundings,
    address::Scope,
    crowd::{Marks, Seat, Worth, surplus},
    gate::Table,
    service::peers::Way,
};

/// How long a peer that this node parted from is neither dialled nor let in, while there are
/// enough others.
const PARTED_FOR: Duration = Duration::from_secs(300);

/// Peers of whose worth is known.
const WORTHS_MAX: usize = 4096;

/// How long a relayed connection stays beside a direct one: what is on its way is to arrive.
const RELAYED_FOR: Duration = Duration::from_secs(2);

/// How long a connection stays that was made to see whether it can be made.
const TRIAL_FOR: Duration = Duration::from_secs(3);

/// How long after this node asked to be dialled it is dialled for that reason.
const DIALLED_BACK_WITHIN: Duration = Duration::from_secs(20);

/// What is known of it.
pub(super) struct Company {
    marks: Marks,
    worths: Table<NodeId, Worth>,
    trimmed: u64,
    shown: Option<Surroundings>,
    pub(super) exchanges: Exchanges,
    pub(super) places: Places,
}

impl Company {
    pub(super) fn new(config: &P2pConfig, keypair: Keypair) -> Self {
        Self {
            marks: config.marks,
            worths: Table::new(WORTHS_MAX),
            trimmed: 0,
            shown: None,
            exchanges: Exchanges::new(config.peer_exchange, keypair),
            places: Places::new(config.relay),
        }
    }
}

impl Node {
    /// Returns whether there are enough peers not to look for more.
    pub(super) fn has_enough(&self) -> bool {
        self.peers.connected.len() >= self.company.marks.low()
    }

    /// Looks after all of it, once a beat.
    pub(super) fn tend_company(&mut self) {
        self.note_fullness();
        self.trim();
        self.tend_places();
        self.seek_by_exchange();
        self.show_surroundings();
    }

    /// Takes what the daemon thinks of peers.
    pub(super) fn weigh(&mut self, worths: Vec<(NodeId, Worth)>) {
        for (peer, worth) in worths.into_iter().take(WORTHS_MAX) {
            self.company.worths.insert(peer, worth);
        }
    }

    fn note_fullness(&mut self) {
        let is_full = self.peers.connected.len() >= self.company.marks.target();
        self.dialer.note_enough(is_full);
        let exempt: BTreeSet<NodeId> = self.peers.configured().iter().copied().collect();
        let members = self.reserved_members();
        let wall = &mut self.swarm.behaviour_mut().wall;
        wall.has_enough = is_full;
        wall.exempt = exempt;
        wall.exempt.extend(members);
    }

    /// Parts from the least useful peers where there are too many.
    fn trim(&mut self) {
        if self.peers.connected.len() <= self.company.marks.high() {
            return;
        }
        let now = self.now();
        let seats = self.seats();
        for peer in surplus(now, self.company.marks, &seats) {
            tracing::debug!(%peer, "Parted from a peer, having more than enough");
            self.company.trimmed += 1;
            let until = now + PARTED_FOR;
            self.swarm.behaviour_mut().wall.part(peer, until);
            let _ = self.swarm.disconnect_peer_id(peer_of(peer));
        }
    }

    fn seats(&self) -> Vec<Seat> {
        let gossip = &self.swarm.behaviour().gossip;
        let mesh: BTreeSet<_> = gossip
            .mesh_peers(&self.names.topic().hash())
            .copied()
            .collect();
        let connected = self.peers.connected.iter();
        let seats = connected.map(|(peer, known)| Seat {
            peer: *peer,
            is_kept: known.class == PeerClass::Configured
                || self.gate.has_rank(peer)
                || self.company.places.is_relay(peer),
            worth: self.company.worths.peek(peer).copied().unwrap_or_default(),
            connected_at: known.connected_at,
            is_in_mesh: mesh.contains(&peer_of(*peer)),
            is_dialled: known.dialled,
            ip: known.address.ip(),
        });
        seats.collect()
    }

    /// Returns how far away a peer is: who is behind a relay may be anywhere.
    pub(super) fn scope_of(&self, peer: &NodeId) -> Scope {
        let ip = self
            .peers
            .connected
            .get(peer)
            .and_then(|it| it.address.ip());
        ip.map_or(Scope::Public, Scope::of)
    }

    /// Returns a connection as it is remembered.
    pub(super) fn way(&self, endpoint: &ConnectedPoint, is_trial: bool) -> Way {
        // Of a peer that came over a relay only the relay's address is known.
        let address = match endpoint {
            ConnectedPoint::Dialer { address, .. } => address,
            ConnectedPoint::Listener { local_addr, .. } if endpoint.is_relayed() => local_addr,
            ConnectedPoint::Listener { send_back_addr, .. } => send_back_addr,
        };
        Way {
            address: bare(address),
            is_relayed: endpoint.is_relayed(),
            is_dialled: endpoint.is_dialer(),
            is_trial,
            opened_at: self.now(),
        }
    }

    /// Returns whether a further connection with a peer was made only to see whether that can be.
    pub(super) fn is_trial(&self, peer: NodeId, connection: ConnectionId, dialled: bool) -> bool {
        let reach = &self.swarm.behaviour().reach;
        if dialled {
            return reach.probed.has_dialled(connection);
        }
        if self.was_punched(peer) {
            return false;
        }
        let asked_at = reach.probe.asked_at(&peer_of(peer));
        asked_at.is_some_and(|it| self.now().since(it) < DIALLED_BACK_WITHIN)
    }

    /// Returns whether this node and a peer dialled each other a moment ago, as both ends of a relayed
    /// connection do.
    pub(super) fn was_punched(&self, peer: NodeId) -> bool {
        let mut punch = self.swarm.behaviour().reach.punch.as_ref().into_iter();
        punch.any(|it| it.was_tried(&peer_of(peer)))
    }

    /// Takes the direct connection with a peer that was reached over a relay until now.
    pub(super) fn go_direct(&mut self, peer: NodeId) {
        let now = self.now();
        let Some(known) = self.peers.connected.get_mut(&peer) else {
            return;
        };
        known.settle();
        known.connected_at = now;
        tracing::info!(%peer, address = %known.address, "Relayed connection became direct");
        self.reclassify(peer);
    }

    /// Closes connections that have served: relayed ones beside a direct one, and trials.
    pub(super) fn tend_ways(&mut self) {
        let now = self.now();
        let mut served = Vec::new();
        for known in self.peers.connected.values() {
            let has_direct = known
                .ways
                .values()
                .any(|it| !it.is_relayed && !it.is_trial && now.since(it.opened_at) >= RELAYED_FOR);
            let has_served = |it: &Way| {
                let is_over = it.is_dialled && now.since(it.opened_at) >= TRIAL_FOR;
                (it.is_trial && is_over) || (it.is_relayed && has_direct)
            };
            let ways = known.ways.iter().filter(|(_, it)| has_served(it));
            served.extend(ways.map(|(connection, _)| *connection));
        }
        for connection in served {
            self.swarm.close_connection(connection);
        }
    }

    /// Has a peer that does not stay dialled less, and one that was parted from not at all for a
    /// while.
    pub(super) fn note_end(&mut self, peer: NodeId, connected_at: Timestamp) {
        let now = self.now();
        self.dialer.ended(now, &peer, now.since(connected_at));
        let parted = self.swarm.behaviour().wall.parted_until(&peer);
        if let Some(until) = parted.filter(|it| now < *it) {
            self.dialer.put_off(&peer, until);
        }
        self.company.places.forget(&peer);
        self.company.exchanges.forget(&peer);
    }

    /// Reports how the node is placed, where that changed.
    fn show_surroundings(&mut self) {
        let routes = self
            .peers
            .connected
            .iter()
            .filter(|(_, it)| it.is_subscribed);
        let routes = routes.map(|(peer, known)| {
            let route = Route {
                address: known.address.clone(),
                is_relayed: known.is_relayed(),
                is_dialled: known.dialled,
            };
            (*peer, route)
        });
        let places = &self.company.places;
        let surroundings = Surroundings {
            reachability: places.reachability(self.peers.own_ips()),
            external: places.external().map(Address::of).collect(),
            relays: places.relays().collect(),
            relayed_at: places.relayed_at().collect(),
            seen_at: places.seen_at().collect(),
            in_vain: places.in_vain().collect(),
            reservations: places.reservations_served(),
            circuits: places.circuits_served(),
            marks: self.company.marks,
            trimmed: self.company.trimmed,
            routes: routes.collect(),
        };
        if self.company.shown.as_ref() != Some(&surroundings) {
            self.company.shown = Some(surroundings.clone());
            self.emit(NetEvent::Placed(Box::new(surroundings)));
        }
    }
}
