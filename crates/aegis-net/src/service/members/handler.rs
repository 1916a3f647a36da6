//! The door on one connection.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use libp2p::{
    Stream, StreamProtocol,
    core::upgrade::ReadyUpgrade,
    futures::{FutureExt as _, future, future::BoxFuture},
    swarm::{
        ConnectionHandler, ConnectionHandlerEvent, StreamUpgradeError, SubstreamProtocol,
        derive_prelude::Either,
        handler::{
            ConnectionEvent, DialUpgradeError, FullyNegotiatedInbound, FullyNegotiatedOutbound,
            ListenUpgradeError, SendWrapper,
        },
    },
};
use tokio::time::{Sleep, sleep};

use super::handshake::{Handshake, Proof, Side, Stranger};

/// What the handshake is called. It is not the network's own name: a stranger is to be told apart.
const PROTOCOL: StreamProtocol = StreamProtocol::new("/aegis/member/1");

/// How long a peer may take to prove that it is a member: three times over a poor line.
const PROVES_WITHIN: Duration = Duration::from_secs(5);

type Door = ReadyUpgrade<StreamProtocol>;

/// A protocol behind the door, or the handshake; and what goes with it.
type Through<P> = Either<Door, SendWrapper<P>>;
type With<I> = Either<(), I>;

/// What a connection reports.
#[derive(Debug)]
pub(in crate::service) enum Report<E> {
    /// Something of what lies behind the door.
    Inner(E),
    /// The peer is no member.
    Stranger(Stranger),
}

/// What has become of the handshake.
enum Step {
    /// The dialer knows that the listener is a member.
    Trusts(Stream, Proof),
    /// The listener knows that the dialer is one.
    Proven(Stream),
    /// The dialer knows that it is served.
    Welcomed,
    /// The listener has said so.
    Said,
}

/// How far the door is open.
enum State {
    /// Both ways.
    Open,
    /// The peer is served, and is asked for nothing yet: it does not know us.
    Ajar,
    /// Not at all.
    Closed,
    /// Nor will it be.
    Shut,
}

/// One connection.
pub(in crate::service) struct Handler<H> {
    inner: H,
    state: State,
    handshake: Option<Handshake>,
    is_asked: bool, // for its stream, by the dialer
    talk: Option<BoxFuture<'static, Result<Step, Stranger>>>,
    late: Pin<Box<Sleep>>,
    found: Option<Stranger>, // what is to be reported
}

impl<H: ConnectionHandler> Handler<H> {
    /// Puts a door before `inner`; without a handshake it is open.
    pub(super) fn new(inner: H, handshake: Option<Handshake>) -> Self {
        Self {
            inner,
            state: match &handshake {
                Some(_) => State::Closed,
                None => State::Open,
            },
            handshake,
            is_asked: false,
            talk: None,
            late: Box::pin(sleep(PROVES_WITHIN)),
            found: None,
        }
    }

    fn is_open(&self) -> bool {
        matches!(self.state, State::Open)
    }

    /// Begins to talk on the stream that the handshake has. There is one, the first.
    fn begin(&mut self, mut stream: Stream) {
        let Some(handshake) = self.handshake.take() else {
            return;
        };
        let talk = async move {
            match handshake.side() {
                Side::Dialer => {
                    let proof = handshake.dial(&mut stream).await?;
                    Ok(Step::Trusts(stream, proof))
                }
                Side::Listener => {
                    handshake.listen(&mut stream).await?;
                    Ok(Step::Proven(stream))
                }
            }
        };
        self.talk = Some(talk.boxed());
    }

    /// Goes on with the handshake. The door opens before the peer is told that it does.
    fn go_on(&mut self, step: Step) {
        match step {
            Step::Trusts(mut stream, proof) => {
                self.state = State::Ajar;
                let talk = async move {
                    Handshake::prove(&mut stream, proof).await?;
                    Ok(Step::Welcomed)
                };
                self.talk = Some(talk.boxed());
            }
            Step::Proven(mut stream) => {
                self.state = State::Open;
                let talk = async move {
                    Handshake::welcome(&mut stream).await?;
                    Ok(Step::Said)
                };
                self.talk = Some(talk.boxed());
            }
            Step::Welcomed => self.state = State::Open,
            Step::Said => {}
        }
    }

    fn shut(&mut self, why: Stranger) {
        if !matches!(self.state, State::Shut) {
            self.state = State::Shut;
            self.found = Some(why);
        }
    }

    /// Does what is to be done of the handshake; returns what is to be asked for, if anything is.
    fn poll_handshake(&mut self, cx: &mut Context<'_>) -> bool {
        while let Some(talk) = &mut self.talk {
            let Poll::Ready(done) = talk.poll_unpin(cx) else {
                break;
            };
            self.talk = None;
            match done {
                Ok(step) => self.go_on(step),
                // Who is served already has proved what it had to.
                Err(_) if self.is_open() => {}
                Err(why) => self.shut(why),
            }
        }
        let waits = matches!(self.state, State::Closed | State::Ajar);
        if waits && self.late.as_mut().poll(cx).is_ready() {
            self.shut(Stranger::Silent);
        }
        let is_dialer = |it: &Handshake| it.side() == Side::Dialer;
        let asks = matches!(self.state, State::Closed)
            && !self.is_asked
            && self.handshake.as_ref().is_some_and(is_dialer);
        self.is_asked |= asks;
        asks
    }
}

impl<H: ConnectionHandler> ConnectionHandler for Handler<H> {
    type FromBehaviour = H::FromBehaviour;
    type ToBehaviour = Report<H::ToBehaviour>;
    type InboundProtocol = Through<H::InboundProtocol>;
    type OutboundProtocol = Through<H::OutboundProtocol>;
    type InboundOpenInfo = With<H::InboundOpenInfo>;
    type OutboundOpenInfo = With<H::OutboundOpenInfo>;

    fn listen_protocol(&self) -> SubstreamProtocol<Self::InboundProtocol, Self::InboundOpenInfo> {
        match self.state {
            State::Open | State::Ajar => self
                .inner
                .listen_protocol()
                .map_upgrade(|it| Either::Right(SendWrapper(it)))
                .map_info(Either::Right),
            State::Closed | State::Shut => {
                let door = Either::Left(ReadyUpgrade::new(PROTOCOL));
                SubstreamProtocol::new(door, Either::Left(()))
            }
        }
    }

    fn connection_keep_alive(&self) -> bool {
        !self.is_open() || self.inner.connection_keep_alive()
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<
        ConnectionHandlerEvent<Self::OutboundProtocol, Self::OutboundOpenInfo, Self::ToBehaviour>,
    > {
        if self.poll_handshake(cx) {
            let door = Either::Left(ReadyUpgrade::new(PROTOCOL));
            let protocol = SubstreamProtocol::new(door, Either::Left(()));
            return Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest { protocol });
        }
        if let Some(why) = self.found.take() {
            let report = Report::Stranger(why);
            return Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(report));
        }
        if !self.is_open() {
            return Poll::Pending;
        }
        self.inner.poll(cx).map(|it| {
            it.map_custom(Report::Inner)
                .map_protocol(|it| Either::Right(SendWrapper(it)))
                .map_outbound_open_info(Either::Right)
        })
    }

    fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<Option<Self::ToBehaviour>> {
        self.inner.poll_close(cx).map(|it| it.map(Report::Inner))
    }

    fn on_behaviour_event(&mut self, event: Self::FromBehaviour) {
        self.inner.on_behaviour_event(event);
    }

    fn on_connection_event(
        &mut self,
        event: ConnectionEvent<
            '_,
            Self::InboundProtocol,
            Self::OutboundProtocol,
            Self::InboundOpenInfo,
            Self::OutboundOpenInfo,
        >,
    ) {
        match event {
            ConnectionEvent::FullyNegotiatedInbound(it) => self.handle_inbound(it),
            ConnectionEvent::FullyNegotiatedOutbound(it) => self.handle_outbound(it),
            ConnectionEvent::DialUpgradeError(it) => self.handle_dial_error(it),
            ConnectionEvent::ListenUpgradeError(ListenUpgradeError { info, error }) => {
                if let (Either::Right(info), Either::Right(error)) = (info, error) {
                    let error = ListenUpgradeError { info, error };
                    self.inner
                        .on_connection_event(ConnectionEvent::ListenUpgradeError(error));
                }
            }
            ConnectionEvent::AddressChange(it) => self
                .inner
                .on_connection_event(ConnectionEvent::AddressChange(it)),
            ConnectionEvent::LocalProtocolsChange(it) => self
                .inner
                .on_connection_event(ConnectionEvent::LocalProtocolsChange(it)),
            ConnectionEvent::RemoteProtocolsChange(it) => self
                .inner
                .on_connection_event(ConnectionEvent::RemoteProtocolsChange(it)),
            _ => {} // the enum is libp2p's and open
        }
    }
}

impl<H: ConnectionHandler> Handler<H> {
    fn handle_inbound(
        &mut self,
        it: FullyNegotiatedInbound<Through<H::InboundProtocol>, With<H::InboundOpenInfo>>,
    ) {
        match (it.protocol, it.info) {
            (future::Either::Left(stream), _) => {
                let is_listener = |it: &Handshake| it.side() == Side::Listener;
                if self.handshake.as_ref().is_some_and(is_listener) {
                    self.begin(stream);
                }
            }
            (future::Either::Right(protocol), Either::Right(info)) => {
                let stream = FullyNegotiatedInbound { protocol, info };
                self.inner
                    .on_connection_event(ConnectionEvent::FullyNegotiatedInbound(stream));
            }
            (future::Either::Right(_), Either::Left(())) => {} // it cannot be
        }
    }

    fn handle_outbound(
        &mut self,
        it: FullyNegotiatedOutbound<Through<H::OutboundProtocol>, With<H::OutboundOpenInfo>>,
    ) {
        match (it.protocol, it.info) {
            (future::Either::Left(stream), _) => self.begin(stream),
            (future::Either::Right(protocol), Either::Right(info)) => {
                let stream = FullyNegotiatedOutbound { protocol, info };
                self.inner
                    .on_connection_event(ConnectionEvent::FullyNegotiatedOutbound(stream));
            }
            (future::Either::Right(_), Either::Left(())) => {} // it cannot be
        }
    }

    fn handle_dial_error(
        &mut self,
        it: DialUpgradeError<With<H::OutboundOpenInfo>, Through<H::OutboundProtocol>>,
    ) {
        let DialUpgradeError { info, error } = it;
        let Either::Right(info) = info else {
            return self.shut(match error {
                StreamUpgradeError::NegotiationFailed => Stranger::NoSecret,
                StreamUpgradeError::Timeout
                | StreamUpgradeError::Apply(_)
                | StreamUpgradeError::Io(_) => Stranger::Silent,
            });
        };
        let error = match error {
            StreamUpgradeError::Timeout => StreamUpgradeError::Timeout,
            StreamUpgradeError::NegotiationFailed => StreamUpgradeError::NegotiationFailed,
            StreamUpgradeError::Io(error) => StreamUpgradeError::Io(error),
            StreamUpgradeError::Apply(Either::Right(error)) => StreamUpgradeError::Apply(error),
            StreamUpgradeError::Apply(Either::Left(never)) => match never {},
        };
        let error = DialUpgradeError { info, error };
        self.inner
            .on_connection_event(ConnectionEvent::DialUpgradeError(error));
    }
}
