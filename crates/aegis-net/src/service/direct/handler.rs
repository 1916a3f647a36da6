//! One connection's two streams: frames go out on ours and come in on the peer's.

use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use libp2p::{
    Stream, StreamProtocol,
    core::upgrade::ReadyUpgrade,
    futures::{AsyncRead as _, AsyncWrite as _},
    swarm::{
        ConnectionHandler, ConnectionHandlerEvent, SubstreamProtocol,
        handler::{ConnectionEvent, FullyNegotiatedInbound, FullyNegotiatedOutbound},
    },
};

use super::{FRAME_BYTES_MAX, PROTOCOL};

const LENGTH_BYTES: usize = 2;

/// Bytes that wait for a peer to read; one that lets more pile up is spoken to no more.
const UNWRITTEN_BYTES_MAX: usize = 64 * 1024;

/// Bytes read at a time: some dozens of frames.
const READ_BYTES: usize = 4096;

/// What a connection reports.
#[derive(Debug)]
pub(crate) enum Report {
    /// The peer listens.
    Opened,
    /// The peer listens no more.
    Closed,
    /// A frame came in.
    Received(Vec<u8>),
    /// Something came in that is no frame.
    Babbled,
}

type Protocol = ReadyUpgrade<StreamProtocol>;

/// Both streams of one connection.
#[derive(Debug, Default)]
pub(crate) struct Handler {
    speaking: Speaking,
    listening: Option<Listening>,
}

/// Our stream.
#[derive(Debug, Default)]
enum Speaking {
    /// It is to be asked for.
    #[default]
    Unasked,
    /// The peer is asked whether it speaks the protocol.
    Asked,
    /// It was just opened.
    New(Stream),
    /// It is open; what waits to be written, as far as not said before.
    Open(Stream, VecDeque<u8>),
    /// It broke.
    Broken,
    /// There is none, nor will there be.
    None,
}

/// The peer's stream, and what came in of a frame so far.
#[derive(Debug)]
struct Listening {
    stream: Stream,
    begun: Vec<u8>,
}

impl Handler {
    /// Does what there is to do on our stream.
    fn poll_speaking(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<ConnectionHandlerEvent<Protocol, (), Report>> {
        match std::mem::replace(&mut self.speaking, Speaking::None) {
            Speaking::Unasked => {
                self.speaking = Speaking::Asked;
                let protocol = SubstreamProtocol::new(ReadyUpgrade::new(PROTOCOL), ());
                Poll::Ready(ConnectionHandlerEvent::OutboundSubstreamRequest { protocol })
            }
            Speaking::New(stream) => {
                self.speaking = Speaking::Open(stream, VecDeque::new());
                Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(Report::Opened))
            }
            Speaking::Open(mut stream, mut unwritten) => {
                if let Poll::Ready(Err(_)) = write(&mut stream, &mut unwritten, cx) {
                    return Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(Report::Closed));
                }
                self.speaking = Speaking::Open(stream, unwritten);
                Poll::Pending
            }
            Speaking::Broken => {
                Poll::Ready(ConnectionHandlerEvent::NotifyBehaviour(Report::Closed))
            }
            idle @ (Speaking::Asked | Speaking::None) => {
                self.speaking = idle;
                Poll::Pending
            }
        }
    }

    fn poll_listening(&mut self, cx: &mut Context<'_>) -> Poll<Report> {
        let Some(listening) = &mut self.listening else {
            return Poll::Pending;
        };
        match ready!(listening.poll(cx)) {
            Ok(frame) => Poll::Ready(Report::Received(frame)),
            Err(error) => {
                self.listening = None;
                if error.kind() == io::ErrorKind::InvalidData {
                    return Poll::Ready(Report::Babbled);
                }
                Poll::Pending // the peer closed it, or the connection ends
            }
        }
    }
}

impl Listening {
    /// Returns the next frame.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Vec<u8>>> {
        loop {
            if let Some((length, rest)) = self.begun.split_first_chunk::<LENGTH_BYTES>() {
                let length = usize::from(u16::from_be_bytes(*length));
                if length > FRAME_BYTES_MAX {
                    return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
                }
                if let Some(frame) = rest.get(..length) {
                    let frame = frame.to_vec();
                    self.begun.drain(..LENGTH_BYTES + length);
                    return Poll::Ready(Ok(frame));
                }
            }
            let mut bytes = [0; READ_BYTES];
            let read = ready!(Pin::new(&mut self.stream).poll_read(cx, &mut bytes))?;
            if read == 0 {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
            self.begun.extend_from_slice(&bytes[..read]);
        }
    }
}

/// Writes what waits, as far as the stream takes it.
fn write(
    stream: &mut Stream,
    unwritten: &mut VecDeque<u8>,
    cx: &mut Context<'_>,
) -> Poll<io::Result<()>> {
    while !unwritten.is_empty() {
        let (bytes, _) = unwritten.as_slices();
        let written = ready!(Pin::new(&mut *stream).poll_write(cx, bytes))?;
        if written == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        unwritten.drain(..written);
    }
    Pin::new(stream).poll_flush(cx)
}

impl ConnectionHandler for Handler {
    type FromBehaviour = Vec<u8>;
    type ToBehaviour = Report;
    type InboundProtocol = Protocol;
    type OutboundProtocol = Protocol;
    type InboundOpenInfo = ();
    type OutboundOpenInfo = ();

    fn listen_protocol(&self) -> SubstreamProtocol<Protocol> {
        SubstreamProtocol::new(ReadyUpgrade::new(PROTOCOL), ())
    }

    fn on_behaviour_event(&mut self, frame: Vec<u8>) {
        let Speaking::Open(_, unwritten) = &mut self.speaking else {
            return;
        };
        let Ok(length) = u16::try_from(frame.len()) else {
            return;
        };
        unwritten.extend(length.to_be_bytes());
        unwritten.extend(frame);
        if unwritten.len() > UNWRITTEN_BYTES_MAX {
            self.speaking = Speaking::Broken;
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ConnectionHandlerEvent<Protocol, (), Report>> {
        if let Poll::Ready(event) = self.poll_speaking(cx) {
            return Poll::Ready(event);
        }
        self.poll_listening(cx)
            .map(ConnectionHandlerEvent::NotifyBehaviour)
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
                self.speaking = Speaking::New(stream);
            }
            ConnectionEvent::FullyNegotiatedInbound(FullyNegotiatedInbound {
                protocol: mut stream,
                ..
            }) => {
                stream.ignore_for_keep_alive();
                let begun = Vec::new();
                self.listening = Some(Listening { stream, begun });
            }
            ConnectionEvent::DialUpgradeError(_) => self.speaking = Speaking::None,
            _ => {}
        }
    }
}
