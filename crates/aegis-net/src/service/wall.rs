//! The wall: refuses connections from prefixes that many banned nodes came from or that have their
//! share, and from peers that this node parted from because it has enough.

use std::{
    collections::BTreeSet,
    convert::Infallible,
    fmt,
    net::IpAddr,
    task::{Context, Poll},
};

use aegis_core::{NodeId, Timestamp};
use libp2p::{
    Multiaddr, PeerId,
    core::{ConnectedPoint, Endpoint, transport::PortUse},
    swarm::{
        ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent,
        THandlerOutEvent, ToSwarm, dummy,
    },
};

use crate::{
    Clock,
    address::{ip_of, node_of},
    crowd::Subnets,
    gate::{BanList, Table},
};

/// Peers parted from that are remembered; one that is forgotten may come back earlier.
const PARTED_MAX: usize = 1024;

/// Refuses connections before their handshake costs anything.
pub(super) struct Wall {
    pub(super) bans: BanList,
    /// Whether there are enough peers not to let those in that were parted from.
    pub(super) has_enough: bool,
    /// Who is let in wherever from: configured peers, and members of trusted organisations.
    pub(super) exempt: BTreeSet<NodeId>,
    parted: Table<NodeId, Timestamp>,
    subnets: Subnets,
    pub(super) clock: Clock,
}

/// Why a peer that came is not let in.
#[derive(Debug)]
enum Refused {
    PrefixFull(IpAddr),
    Parted,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PrefixFull(ip) => write!(f, "the prefix of {ip} has its share of the peers"),
            Self::Parted => f.write_str("this node parted from it, having enough peers"),
        }
    }
}

impl std::error::Error for Refused {}

/// Why a connection is refused.
#[derive(Debug)]
struct PrefixBanned(IpAddr);

impl fmt::Display for PrefixBanned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the prefix of {} is banned", self.0)
    }
}

impl std::error::Error for PrefixBanned {}

impl Wall {
    /// Returns the wall of a node that lets in so many connections.
    pub(super) fn new(clock: Clock, inbound_max: usize) -> Self {
        Self {
            bans: BanList::new(),
            has_enough: false,
            exempt: BTreeSet::new(),
            parted: Table::new(PARTED_MAX),
            subnets: Subnets::new(inbound_max),
            clock,
        }
    }

    /// Does not let `peer` in before `until` while there are enough peers.
    pub(super) fn part(&mut self, peer: NodeId, until: Timestamp) {
        self.parted.insert(peer, until);
    }

    /// Returns until when `peer` is parted from.
    pub(super) fn parted_until(&self, peer: &NodeId) -> Option<Timestamp> {
        self.parted.peek(peer).copied()
    }

    fn check_inbound(&self, peer: &PeerId, remote: &Multiaddr) -> Result<(), ConnectionDenied> {
        let Some(node) = node_of(peer).filter(|it| !self.exempt.contains(it)) else {
            return Ok(());
        };
        let is_parted = self.parted_until(&node);
        if self.has_enough && is_parted.is_some_and(|until| (self.clock)() < until) {
            return Err(ConnectionDenied::new(Refused::Parted));
        }
        match ip_of(remote) {
            Some(ip) if !self.subnets.has_room(ip) => {
                Err(ConnectionDenied::new(Refused::PrefixFull(ip)))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn check(&self, address: &Multiaddr) -> Result<(), ConnectionDenied> {
        match ip_of(address) {
            Some(ip) if self.bans.is_prefix_banned((self.clock)(), ip) => {
                Err(ConnectionDenied::new(PrefixBanned(ip)))
            }
            Some(_) | None => Ok(()),
        }
    }
}

impl NetworkBehaviour for Wall {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_pending_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        self.check(remote)
    }

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.check_inbound(&peer, remote)?;
        Ok(dummy::ConnectionHandler)
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        remote: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.check(remote)?;
        Ok(dummy::ConnectionHandler)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        if let FromSwarm::ConnectionEstablished(it) = &event
            && let Some(ip) = came_from(it.endpoint)
        {
            self.subnets.add(ip);
        }
        if let FromSwarm::ConnectionClosed(it) = &event
            && let Some(ip) = came_from(it.endpoint)
        {
            self.subnets.remove(ip);
        }
    }

    fn on_connection_handler_event(
        &mut self,
        _: PeerId,
        _: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Infallible, THandlerInEvent<Self>>> {
        Poll::Pending
    }
}

/// Returns where a connection came from, `None` for one that this node made or that is relayed.
fn came_from(endpoint: &ConnectedPoint) -> Option<IpAddr> {
    match endpoint {
        ConnectedPoint::Listener { send_back_addr, .. } => ip_of(send_back_addr),
        ConnectedPoint::Dialer { .. } => None,
    }
}

#[cfg(test)]
mod tests;
