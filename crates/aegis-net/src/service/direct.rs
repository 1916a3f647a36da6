//! The direct protocol: what a node says to a peer by itself, at once and in few bytes.
//!
//! Each end opens one stream and writes frames to it; nothing comes back on it. A frame is its
//! length in two bytes (big-endian), a byte that says what it is, and the rest of it. What frames
//! mean is decided elsewhere; here they only come and go.

use std::{
    collections::{HashMap, VecDeque},
    task::{Context, Poll},
};

use aegis_core::{AlertId, NodeId};
use libp2p::{
    Multiaddr, PeerId, StreamProtocol,
    core::{Endpoint, transport::PortUse},
    swarm::{
        ConnectionClosed, ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour,
        NotifyHandler, THandler, THandlerInEvent, THandlerOutEvent, ToSwarm,
    },
};

mod handler;

use handler::{Handler, Report};

/// What the protocol is called.
pub(super) const PROTOCOL: StreamProtocol = StreamProtocol::new("/aegis/direct/1");

/// Peers that a node tells of; one with more has its alerts relayed.
pub(super) const NEIGHBOURS_MAX: usize = 64;

/// The most bytes of a frame: the longest list of neighbours, and three times the longest alert.
const FRAME_BYTES_MAX: usize = 1 + NODE_BYTES * NEIGHBOURS_MAX;

const NODE_BYTES: usize = 32;

/// One thing said.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Frame {
    /// Whom the speaker is connected with; `None` where they are too many to tell, or the listener
    /// is a stranger.
    Neighbours(Option<Vec<NodeId>>),
    /// An alert of the speaker's, packed.
    Alert(Vec<u8>),
    /// The speaker has heard everything up to this alert.
    Heard(AlertId),
}

impl Frame {
    const UNTOLD_NEIGHBOURS: u8 = 0;
    const NEIGHBOURS: u8 = 1;
    const ALERT: u8 = 2;
    const HEARD: u8 = 3;

    fn to_bytes(&self) -> Vec<u8> {
        match self {
            Self::Neighbours(None) => vec![Self::UNTOLD_NEIGHBOURS],
            Self::Neighbours(Some(nodes)) => {
                let mut bytes = vec![Self::NEIGHBOURS];
                bytes.extend(nodes.iter().flat_map(NodeId::public_key));
                bytes
            }
            Self::Alert(packed) => [&[Self::ALERT], &packed[..]].concat(),
            Self::Heard(id) => [&[Self::HEARD], &id.as_bytes()[..]].concat(),
        }
    }

    /// Reads a frame; `None` for what is none.
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (kind, rest) = bytes.split_first()?;
        match *kind {
            Self::UNTOLD_NEIGHBOURS => rest.is_empty().then_some(Self::Neighbours(None)),
            Self::NEIGHBOURS => {
                let (nodes, []) = rest.as_chunks::<NODE_BYTES>() else {
                    return None;
                };
                let nodes = nodes.iter().map(|it| NodeId::from_public_key(*it));
                Some(Self::Neighbours(Some(nodes.collect())))
            }
            Self::ALERT => Some(Self::Alert(rest.to_vec())),
            Self::HEARD => {
                let id = rest.try_into().ok()?;
                Some(Self::Heard(AlertId::from_bytes(id)))
            }
            _ => None,
        }
    }
}

/// What happens.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Event {
    /// The peer speaks the protocol, and listens from now on.
    Opened(PeerId),
    /// The peer listens no more.
    Closed(PeerId),
    /// The peer said something.
    Said(PeerId, Frame),
    /// The peer said something that nobody who speaks the protocol says.
    Babbled(PeerId),
}

/// Whom this node can speak to, and what is to be done.
#[derive(Debug, Default)]
pub(super) struct Direct {
    /// The connections of each peer that have an open stream; the first is spoken on.
    open: HashMap<PeerId, Vec<ConnectionId>>,
    todo: VecDeque<ToSwarm<Event, Vec<u8>>>,
}

impl Direct {
    /// Says something to a peer, which may get it or not: see [`Frame::Heard`].
    pub(super) fn say(&mut self, peer: PeerId, frame: &Frame) {
        if let Some(connection) = self.open.get(&peer).and_then(|it| it.first()) {
            self.todo.push_back(ToSwarm::NotifyHandler {
                peer_id: peer,
                handler: NotifyHandler::One(*connection),
                event: frame.to_bytes(),
            });
        }
    }

    fn opened(&mut self, peer: PeerId, connection: ConnectionId) {
        let open = self.open.entry(peer).or_default();
        open.push(connection);
        if open.len() == 1 {
            self.report(Event::Opened(peer));
        }
    }

    /// Notes that a stream is closed. What was said on it may be lost; where there is another, the
    /// peer counts as one that begins to listen anew.
    fn closed(&mut self, peer: PeerId, connection: ConnectionId) {
        let Some(open) = self.open.get_mut(&peer) else {
            return;
        };
        let Some(at) = open.iter().position(|it| *it == connection) else {
            return;
        };
        open.remove(at);
        let is_left = !open.is_empty();
        if !is_left {
            self.open.remove(&peer);
        }
        if at == 0 {
            self.report(Event::Closed(peer));
            if is_left {
                self.report(Event::Opened(peer));
            }
        }
    }

    fn report(&mut self, event: Event) {
        self.todo.push_back(ToSwarm::GenerateEvent(event));
    }
}

impl NetworkBehaviour for Direct {
    type ConnectionHandler = Handler;
    type ToSwarm = Event;

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
        if let FromSwarm::ConnectionClosed(ConnectionClosed {
            peer_id,
            connection_id,
            ..
        }) = event
        {
            self.closed(peer_id, connection_id);
        }
    }

    fn on_connection_handler_event(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        report: THandlerOutEvent<Self>,
    ) {
        match report {
            Report::Opened => self.opened(peer, connection),
            Report::Closed => self.closed(peer, connection),
            Report::Received(bytes) => self.report(match Frame::from_bytes(&bytes) {
                Some(frame) => Event::Said(peer, frame),
                None => Event::Babbled(peer),
            }),
            Report::Babbled => self.report(Event::Babbled(peer)),
        }
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Event, THandlerInEvent<Self>>> {
        // Whoever puts something in is about to poll the swarm.
        self.todo.pop_front().map_or(Poll::Pending, Poll::Ready)
    }
}

#[cfg(test)]
mod tests;
