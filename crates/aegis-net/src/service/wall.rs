//! The wall: refuses connections from prefixes that many banned nodes came from.

use std::{
    convert::Infallible,
    fmt,
    net::IpAddr,
    task::{Context, Poll},
};

use libp2p::{
    Multiaddr, PeerId,
    core::{Endpoint, transport::PortUse},
    swarm::{
        ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent,
        THandlerOutEvent, ToSwarm, dummy,
    },
};

use crate::{Clock, address::ip_of, gate::BanList};

/// Refuses connections before their handshake costs anything.
pub(super) struct Wall {
    pub(super) bans: BanList,
    clock: Clock,
}

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
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            bans: BanList::new(),
            clock,
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
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
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

    fn on_swarm_event(&mut self, _: FromSwarm<'_>) {}

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
