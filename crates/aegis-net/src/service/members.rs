//! The door of a closed network: a connection on which nothing is said before both ends have proved
//! that they have the network's secret.
//!
//! It stands before all other protocols, whatever the connection is made of: until it opens, a peer
//! is offered the handshake and nothing else, and no stream of another protocol is asked for. A node
//! of the open network has no door.

mod handler;
mod handshake;

use std::{
    collections::VecDeque,
    ops::{Deref, DerefMut},
    task::{Context, Poll},
};

use libp2p::{
    Multiaddr, PeerId,
    core::{Endpoint, transport::PortUse},
    swarm::{
        CloseConnection, ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler,
        THandlerInEvent, THandlerOutEvent, ToSwarm,
    },
};

use crate::NetworkSecret;
use handler::{Handler, Report};
use handshake::{Handshake, Side};

pub(super) use handshake::Stranger;

/// All protocols of a node, behind its network's door.
pub(super) struct Members<B: NetworkBehaviour> {
    inner: B,
    own: PeerId,
    secret: Option<NetworkSecret>,
    todo: VecDeque<ToSwarm<Event<B::ToSwarm>, THandlerInEvent<B>>>,
}

/// Something that happens behind the door, or at it.
#[derive(Debug)]
pub(super) enum Event<E> {
    /// Behind it.
    Inner(E),
    /// A peer is no member, and is disconnected.
    Stranger(PeerId, Stranger),
}

impl<B: NetworkBehaviour> Members<B> {
    /// Puts a door before `inner`, if there is a secret.
    pub(super) fn new(inner: B, own: PeerId, secret: Option<NetworkSecret>) -> Self {
        Self {
            inner,
            own,
            secret,
            todo: VecDeque::new(),
        }
    }

    fn handler(&self, inner: THandler<B>, side: Side, peer: PeerId) -> Handler<THandler<B>> {
        let secret = self.secret.as_ref();
        let handshake = secret.map(|it| Handshake::new(it, side, self.own, peer));
        Handler::new(inner, handshake)
    }
}

impl<B: NetworkBehaviour> Deref for Members<B> {
    type Target = B;

    fn deref(&self) -> &B {
        &self.inner
    }
}

impl<B: NetworkBehaviour> DerefMut for Members<B> {
    fn deref_mut(&mut self) -> &mut B {
        &mut self.inner
    }
}

impl<B: NetworkBehaviour> NetworkBehaviour for Members<B> {
    type ConnectionHandler = Handler<THandler<B>>;
    type ToSwarm = Event<B::ToSwarm>;

    fn handle_pending_inbound_connection(
        &mut self,
        id: ConnectionId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        self.inner
            .handle_pending_inbound_connection(id, local, remote)
    }

    fn handle_established_inbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        let inner = self
            .inner
            .handle_established_inbound_connection(id, peer, local, remote)?;
        Ok(self.handler(inner, Side::Listener, peer))
    }

    fn handle_pending_outbound_connection(
        &mut self,
        id: ConnectionId,
        peer: Option<PeerId>,
        addresses: &[Multiaddr],
        role: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        self.inner
            .handle_pending_outbound_connection(id, peer, addresses, role)
    }

    fn handle_established_outbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        role: Endpoint,
        port_use: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        let inner = self
            .inner
            .handle_established_outbound_connection(id, peer, address, role, port_use)?;
        // Of two that dial each other at once one is told to be the listener.
        let side = match role {
            Endpoint::Dialer => Side::Dialer,
            Endpoint::Listener => Side::Listener,
        };
        Ok(self.handler(inner, side, peer))
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        self.inner.on_swarm_event(event);
    }

    fn on_connection_handler_event(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        report: THandlerOutEvent<Self>,
    ) {
        match report {
            Report::Inner(event) => {
                self.inner
                    .on_connection_handler_event(peer, connection, event);
            }
            Report::Stranger(why) => {
                let told = Event::Stranger(peer, why);
                self.todo.push_back(ToSwarm::GenerateEvent(told));
                self.todo.push_back(ToSwarm::CloseConnection {
                    peer_id: peer,
                    connection: CloseConnection::One(connection),
                });
            }
        }
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        if let Some(todo) = self.todo.pop_front() {
            return Poll::Ready(todo);
        }
        self.inner.poll(cx).map(|it| it.map_out(Event::Inner))
    }
}

#[cfg(test)]
mod tests;
