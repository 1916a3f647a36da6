//! A guard round protocols that dial what peers name: nothing that is not public, and not often.
//!
//! What peers say of this node's own address does not go to such a protocol by itself either, but
//! by [`Guarded::offer`], where it is due.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    task::{Context, Poll},
};

use aegis_core::Timestamp;
use libp2p::{
    Multiaddr, PeerId,
    core::{ConnectedPoint, Endpoint, transport::PortUse},
    swarm::{
        ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, NewExternalAddrCandidate,
        THandler, THandlerInEvent, THandlerOutEvent, ToSwarm, behaviour::ConnectionEstablished,
    },
};

use crate::{
    Clock,
    address::{Scope, reach_of},
    gate::{Quota, Table, TokenBucket},
};

/// Dials of one protocol: some at once, then one a second.
const DIALS: Quota = Quota {
    burst: 16,
    per_second: 1,
};

/// Addresses of one dial.
const ADDRESSES_MAX: usize = 20;

/// Peers that were asked something lately.
const ASKED_MAX: usize = 64;

/// A protocol that dials.
pub(super) struct Guarded<B> {
    inner: B,
    clock: Clock,
    dials: BTreeSet<ConnectionId>, // as many as are under way or connected
    open: BTreeMap<ConnectionId, (PeerId, ConnectedPoint)>, // as many as are let in
    bucket: TokenBucket,
    asked: Table<PeerId, Timestamp>,
}

/// Why a dial is not made.
#[derive(Debug)]
struct Unguarded(Vec<Multiaddr>);

impl fmt::Display for Unguarded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "a peer named addresses that are not dialled for it: {:?}",
            self.0
        )
    }
}

impl std::error::Error for Unguarded {}

impl<B: NetworkBehaviour> Guarded<B> {
    pub(super) fn new(inner: B, clock: Clock) -> Self {
        Self {
            inner,
            clock,
            dials: BTreeSet::new(),
            open: BTreeMap::new(),
            bucket: TokenBucket::default(),
            asked: Table::new(ASKED_MAX),
        }
    }

    /// Has the protocol take `address` for one that this node may have.
    pub(super) fn offer(&mut self, address: &Multiaddr) {
        let candidate = NewExternalAddrCandidate { addr: address };
        let event = FromSwarm::NewExternalAddrCandidate(candidate);
        self.inner.on_swarm_event(event);
    }

    /// Has `inner` do the protocol from now on, knowing nothing but the connections there are.
    pub(super) fn begin_anew(&mut self, inner: B) {
        self.inner = inner;
        for (connection, (peer, endpoint)) in &self.open {
            let established = ConnectionEstablished {
                peer_id: *peer,
                connection_id: *connection,
                endpoint,
                failed_addresses: &[],
                other_established: 0,
            };
            let event = FromSwarm::ConnectionEstablished(established);
            self.inner.on_swarm_event(event);
        }
    }

    /// Returns whether the protocol made this connection.
    pub(super) fn has_dialled(&self, connection: ConnectionId) -> bool {
        self.dials.contains(&connection)
    }

    /// Returns when the protocol last asked `peer` something.
    pub(super) fn asked_at(&self, peer: &PeerId) -> Option<Timestamp> {
        self.asked.peek(peer).copied()
    }

    fn check(&mut self, addresses: &[Multiaddr]) -> Result<(), ConnectionDenied> {
        let is_public = |it: &Multiaddr| reach_of(&bare(it)) == Some(Scope::Public);
        let may_dial = addresses.len() <= ADDRESSES_MAX
            && addresses.iter().all(is_public)
            && self.bucket.take_one((self.clock)(), DIALS);
        if may_dial {
            return Ok(());
        }
        let named = addresses.iter().take(ADDRESSES_MAX).cloned().collect();
        Err(ConnectionDenied::new(Unguarded(named)))
    }
}

/// Returns an address without the peer ID that a dial adds to it.
fn bare(address: &Multiaddr) -> Multiaddr {
    let mut bare = address.clone();
    if matches!(
        bare.iter().last(),
        Some(libp2p::multiaddr::Protocol::P2p(_))
    ) {
        bare.pop();
    }
    bare
}

impl<B: NetworkBehaviour> NetworkBehaviour for Guarded<B> {
    type ConnectionHandler = B::ConnectionHandler;
    type ToSwarm = B::ToSwarm;

    fn handle_pending_inbound_connection(
        &mut self,
        connection: ConnectionId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        self.inner
            .handle_pending_inbound_connection(connection, local, remote)
    }

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.inner
            .handle_established_inbound_connection(connection, peer, local, remote)
    }

    fn handle_pending_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: Option<PeerId>,
        addresses: &[Multiaddr],
        role: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        if self.dials.contains(&connection) {
            self.check(addresses)?;
        }
        self.inner
            .handle_pending_outbound_connection(connection, peer, addresses, role)
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        role: Endpoint,
        port_use: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.inner
            .handle_established_outbound_connection(connection, peer, address, role, port_use)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        if let FromSwarm::NewExternalAddrCandidate(_) = event {
            return; // see `offer`
        }
        if let FromSwarm::ConnectionEstablished(it) = &event {
            let endpoint = it.endpoint.clone();
            self.open.insert(it.connection_id, (it.peer_id, endpoint));
        }
        if let FromSwarm::ConnectionClosed(it) = &event {
            self.dials.remove(&it.connection_id);
            self.open.remove(&it.connection_id);
        }
        if let FromSwarm::DialFailure(it) = &event {
            self.dials.remove(&it.connection_id);
        }
        self.inner.on_swarm_event(event);
    }

    fn on_connection_handler_event(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        self.inner
            .on_connection_handler_event(peer, connection, event);
    }

    fn poll(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        let polled = self.inner.poll(context);
        if let Poll::Ready(ToSwarm::Dial { opts }) = &polled {
            self.dials.insert(opts.connection_id());
        }
        if let Poll::Ready(ToSwarm::NotifyHandler { peer_id, .. }) = &polled {
            self.asked.insert(*peer_id, (self.clock)());
        }
        polled
    }
}

#[cfg(test)]
mod tests;
