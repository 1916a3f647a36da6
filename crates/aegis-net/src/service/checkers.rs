//! Those who check this node's addresses, told of once more.
//!
//! libp2p-autonat 0.16.0 never checks an address again that was once checked in vain, so that one
//! which a router was told to let through later stayed unknown until a restart. A client that begins
//! anew knows no result, and nobody who checks either: a connection says only once what the other
//! end speaks. Here each connection says it once more.

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    convert::Infallible,
    task::{Context, Poll},
};

use libp2p::{
    Multiaddr, PeerId, StreamProtocol,
    core::{Endpoint, transport::PortUse, upgrade::DeniedUpgrade},
    swarm::{
        ConnectionDenied, ConnectionHandler, ConnectionHandlerEvent, ConnectionId, FromSwarm,
        NetworkBehaviour, NotifyHandler, SubstreamProtocol, THandler, THandlerInEvent,
        THandlerOutEvent, ToSwarm,
        handler::{ConnectionEvent, ProtocolSupport, ProtocolsChange},
    },
};

/// What is spoken by who checks.
const CHECKS: StreamProtocol = StreamProtocol::new("/libp2p/autonat/2/dial-request");

/// The connections there are.
#[derive(Default)]
pub(super) struct Checkers {
    open: BTreeMap<ConnectionId, PeerId>, // as many as the connection limits let in
    todo: VecDeque<ToSwarm<Infallible, Again>>,
}

/// Has a connection say once more what its other end speaks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Again;

impl Checkers {
    /// Has every connection say once more whether its other end checks addresses.
    pub(super) fn tell_again(&mut self) {
        self.todo.clear();
        let orders = self.open.iter().map(|(id, peer)| ToSwarm::NotifyHandler {
            peer_id: *peer,
            handler: NotifyHandler::One(*id),
            event: Again,
        });
        self.todo.extend(orders);
    }
}

impl NetworkBehaviour for Checkers {
    type ConnectionHandler = Handler;
    type ToSwarm = Infallible;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(Handler::default())
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(Handler::default())
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        if let FromSwarm::ConnectionEstablished(it) = &event {
            self.open.insert(it.connection_id, it.peer_id);
        }
        if let FromSwarm::ConnectionClosed(it) = &event {
            self.open.remove(&it.connection_id);
        }
    }

    fn on_connection_handler_event(
        &mut self,
        _: PeerId,
        _: ConnectionId,
        never: THandlerOutEvent<Self>,
    ) {
        match never {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Infallible, THandlerInEvent<Self>>> {
        // Whoever puts something in is about to poll the swarm.
        self.todo.pop_front().map_or(Poll::Pending, Poll::Ready)
    }
}

/// One connection.
#[derive(Debug, Default)]
pub(crate) struct Handler {
    is_checker: bool,
    todo: VecDeque<ProtocolSupport>,
}

impl ConnectionHandler for Handler {
    type FromBehaviour = Again;
    type ToBehaviour = Infallible;
    type InboundProtocol = DeniedUpgrade;
    type OutboundProtocol = DeniedUpgrade;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = ();

    fn listen_protocol(&self) -> SubstreamProtocol<DeniedUpgrade> {
        SubstreamProtocol::new(DeniedUpgrade, ())
    }

    fn on_behaviour_event(&mut self, Again: Again) {
        if self.is_checker {
            let checks = HashSet::from([CHECKS]);
            self.todo = VecDeque::from([
                ProtocolSupport::Removed(checks.clone()),
                ProtocolSupport::Added(checks),
            ]);
        }
    }

    fn poll(
        &mut self,
        _: &mut Context<'_>,
    ) -> Poll<ConnectionHandlerEvent<DeniedUpgrade, (), Infallible>> {
        let next = self.todo.pop_front();
        let report = next.map(ConnectionHandlerEvent::ReportRemoteProtocols);
        report.map_or(Poll::Pending, Poll::Ready)
    }

    fn on_connection_event(&mut self, event: ConnectionEvent<'_, DeniedUpgrade, DeniedUpgrade>) {
        if let ConnectionEvent::RemoteProtocolsChange(change) = event {
            match change {
                ProtocolsChange::Added(mut added) => {
                    self.is_checker |= added.any(|it| *it == CHECKS);
                }
                ProtocolsChange::Removed(mut removed) => {
                    self.is_checker &= !removed.any(|it| *it == CHECKS);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
