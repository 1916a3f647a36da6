//! One connection over a relay: what is said on it before both ends dial.

use std::{
    io,
    task::{Context, Poll},
    time::Duration,
};

use libp2p::{
    Multiaddr, Stream, StreamProtocol,
    core::upgrade::ReadyUpgrade,
    futures::{FutureExt as _, future::BoxFuture},
    swarm::{
        ConnectionHandler, ConnectionHandlerEvent, SubstreamProtocol,
        handler::{ConnectionEvent, FullyNegotiatedInbound, FullyNegotiatedOutbound},
    },
};

use super::{PROTOCOL, message::Message};
use crate::Clock;

/// How long the other end may take: a relay is slow, and its other side a busy node.
const SAID_WITHIN: Duration = Duration::from_secs(10);

/// What a connection is to do.
#[derive(Debug)]
pub(crate) enum Order {
    /// Offer these addresses, and agree on when to dial.
    Begin(Vec<Multiaddr>),
    /// Offer these to a peer that began.
    Answer(Vec<Multiaddr>),
    /// Leave a peer that began without an answer.
    Refuse,
}

/// What a connection reports.
#[derive(Debug)]
pub(crate) enum Report {
    /// The peer began: this is where it may be got through to.
    Asked(Vec<Multiaddr>),
    /// It is time to dial these, having begun.
    Dial(Vec<Multiaddr>),
    /// It is time to dial these, having answered.
    DialBack(Vec<Multiaddr>),
    /// Nothing comes of what this node began.
    Failed,
}

type Protocol = ReadyUpgrade<StreamProtocol>;
type Offered = io::Result<(Stream, Vec<Multiaddr>)>;

/// Both streams of one connection.
pub(crate) struct Handler {
    clock: Clock,
    beginning: Beginning,
    answering: Answering,
}

/// What this node began.
enum Beginning {
    Idle,
    /// To be asked for, with what is offered on it.
    Unasked(Vec<Multiaddr>),
    Asked(Vec<Multiaddr>),
    Agreeing(BoxFuture<'static, io::Result<Vec<Multiaddr>>>),
    Failed,
}

/// What the peer began.
enum Answering {
    Idle,
    Reading(BoxFuture<'static, Offered>),
    /// Until it is said what is offered in return.
    Waiting(Stream, Vec<Multiaddr>),
    Agreeing(BoxFuture<'static, io::Result<Vec<Multiaddr>>>),
}

impl Handler {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            clock,
            beginning: Beginning::Idle,
            answering: Answering::Idle,
        }
    }

    fn poll_beginning(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<ConnectionHandlerEvent<Protocol, (), Report>> {
        match std::mem::replace(&mut self.beginning, Beginning::Idle) {
            Beginning::Unasked(ours) => {
                self.beginning = Beginning::Asked(ours);
                let protocol = SubstreamProtocol::new(ReadyUpgrade::new(PROTOCOL), ());
                Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest { protocol })
            }
            Beginning::Agreeing(mut agreeing) => match agreeing.poll_unpin(cx) {
                Poll::Ready(Ok(theirs)) => Poll::Ready(notify(Report::Dial(theirs))),
                Poll::Ready(Err(_)) => Poll::Ready(notify(Report::Failed)),
                Poll::Pending => {
                    self.beginning = Beginning::Agreeing(agreeing);
                    Poll::Pending
                }
            },
            Beginning::Failed => Poll::Ready(notify(Report::Failed)),
            idle @ (Beginning::Idle | Beginning::Asked(_)) => {
                self.beginning = idle;
                Poll::Pending
            }
        }
    }

    fn poll_answering(&mut self, cx: &mut Context<'_>) -> Poll<Report> {
        match std::mem::replace(&mut self.answering, Answering::Idle) {
            Answering::Reading(mut reading) => match reading.poll_unpin(cx) {
                Poll::Ready(Ok((stream, theirs))) => {
                    self.answering = Answering::Waiting(stream, theirs.clone());
                    Poll::Ready(Report::Asked(theirs))
                }
                Poll::Ready(Err(_)) => Poll::Pending, // the peer will begin again
                Poll::Pending => {
                    self.answering = Answering::Reading(reading);
                    Poll::Pending
                }
            },
            Answering::Agreeing(mut agreeing) => match agreeing.poll_unpin(cx) {
                Poll::Ready(Ok(theirs)) => Poll::Ready(Report::DialBack(theirs)),
                Poll::Ready(Err(_)) => Poll::Pending,
                Poll::Pending => {
                    self.answering = Answering::Agreeing(agreeing);
                    Poll::Pending
                }
            },
            idle @ (Answering::Idle | Answering::Waiting(..)) => {
                self.answering = idle;
                Poll::Pending
            }
        }
    }
}

fn notify(report: Report) -> ConnectionHandlerEvent<Protocol, (), Report> {
    ConnectionHandlerEvent::NotifyBehaviour(report)
}

/// Offers `ours`; returns where the peer is when it is time to dial. That is when the peer hears
/// that it is: half as long after it was told as an answer took.
async fn begin(
    mut stream: Stream,
    ours: Vec<Multiaddr>,
    clock: Clock,
) -> io::Result<Vec<Multiaddr>> {
    Message::Connect(ours).write(&mut stream).await?;
    let said_at = clock();
    let theirs = connect(&mut stream).await?;
    let took = clock().since(said_at).min(SAID_WITHIN);
    Message::Sync.write(&mut stream).await?;
    tokio::time::sleep(took / 2).await;
    Ok(theirs)
}

/// Returns where a peer is that began.
async fn read(mut stream: Stream) -> Offered {
    let theirs = connect(&mut stream).await?;
    Ok((stream, theirs))
}

/// Offers `ours` in return, and returns `theirs` when it is time to dial.
async fn answer(
    mut stream: Stream,
    ours: Vec<Multiaddr>,
    theirs: Vec<Multiaddr>,
) -> io::Result<Vec<Multiaddr>> {
    Message::Connect(ours).write(&mut stream).await?;
    match Message::read(&mut stream).await? {
        Message::Sync => Ok(theirs),
        Message::Connect(_) => Err(io::ErrorKind::InvalidData.into()),
    }
}

async fn connect(stream: &mut Stream) -> io::Result<Vec<Multiaddr>> {
    match Message::read(stream).await? {
        Message::Connect(addresses) => Ok(addresses),
        Message::Sync => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// Has what is said on a stream end in time.
fn in_time<T: Send + 'static>(
    said: impl Future<Output = io::Result<T>> + Send + 'static,
) -> BoxFuture<'static, io::Result<T>> {
    let in_time = async {
        let said = tokio::time::timeout(SAID_WITHIN, said).await;
        said.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    };
    in_time.boxed()
}

impl ConnectionHandler for Handler {
    type FromBehaviour = Order;
    type ToBehaviour = Report;
    type InboundProtocol = Protocol;
    type OutboundProtocol = Protocol;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = ();

    fn listen_protocol(&self) -> SubstreamProtocol<Protocol> {
        SubstreamProtocol::new(ReadyUpgrade::new(PROTOCOL), ())
    }

    fn on_behaviour_event(&mut self, order: Order) {
        match order {
            Order::Begin(ours) => self.beginning = Beginning::Unasked(ours),
            Order::Answer(ours) => match std::mem::replace(&mut self.answering, Answering::Idle) {
                Answering::Waiting(stream, theirs) => {
                    let agreeing = in_time(answer(stream, ours, theirs));
                    self.answering = Answering::Agreeing(agreeing);
                }
                other @ (Answering::Idle | Answering::Reading(_) | Answering::Agreeing(_)) => {
                    self.answering = other;
                }
            },
            Order::Refuse => self.answering = Answering::Idle,
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ConnectionHandlerEvent<Protocol, (), Report>> {
        if let Poll::Ready(event) = self.poll_beginning(cx) {
            return Poll::Ready(event);
        }
        self.poll_answering(cx).map(notify)
    }

    fn on_connection_event(&mut self, event: ConnectionEvent<'_, Protocol, Protocol>) {
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "the enum is libp2p's and open; what is not named here needs nothing done"
        )]
        match event {
            ConnectionEvent::FullyNegotiatedOutbound(FullyNegotiatedOutbound {
                protocol: mut stream,
                ..
            }) => {
                stream.ignore_for_keep_alive();
                if let Beginning::Asked(ours) =
                    std::mem::replace(&mut self.beginning, Beginning::Idle)
                {
                    let agreeing = in_time(begin(stream, ours, self.clock.clone()));
                    self.beginning = Beginning::Agreeing(agreeing);
                }
            }
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound {
                protocol: mut stream,
                ..
            }) => {
                stream.ignore_for_keep_alive();
                // A peer that begins anew has given up what it began before.
                self.answering = Answering::Reading(in_time(read(stream)));
            }
            ConnectionEvent::DialUpgradeError(_) => self.beginning = Beginning::Failed,
            _ => {}
        }
    }
}
