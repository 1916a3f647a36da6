//! Questions to and from peers, as they come and go: a few bytes each way on a stream of their own.
//!
//! The stream's end is the message's end. One that ends without a byte refuses to answer. What the
//! bytes mean is decided elsewhere.

use std::{io, time::Duration};

use aegis_core::NodeId;
use libp2p::{
    StreamProtocol,
    futures::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    request_response::{
        self, Event, Message, OutboundFailure, OutboundRequestId, ProtocolSupport, ResponseChannel,
    },
};

use super::{QUESTION_WAIT_MAX, names::Names};
use crate::{
    address::node_of,
    ask::{ANSWER_BYTES_MAX, QUESTION_ABOUT_BYTES, QUESTION_BYTES_MAX, RECOMMENDATION_BYTES_MAX},
    file::{QUERY_BYTES_MAX, REPLY_BYTES_MAX},
};

/// What is asked about: each by a protocol of its own.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum About {
    /// Indicators.
    Indicators,
    /// A node.
    Node,
}

/// One of the protocols.
pub(super) type Inquire = request_response::Behaviour<InquireCodec>;

/// Something that happens in it.
pub(super) type InquireEvent = Event<Vec<u8>, Vec<u8>>;

/// What of it concerns the node.
pub(super) enum Heard {
    /// A peer asks. Where the channel is dropped it is refused.
    Asked(NodeId, Vec<u8>, ResponseChannel<Vec<u8>>),
    /// A peer answers.
    Answered(NodeId, OutboundRequestId, Vec<u8>),
    /// A peer will not answer.
    Unanswered(OutboundRequestId, OutboundFailure),
}

/// Returns what of an event concerns the node: what peers say that are nodes, and not that an answer
/// went out or that nobody waits for it.
pub(super) fn heard(event: InquireEvent) -> Option<Heard> {
    match event {
        Event::Message { peer, message, .. } => {
            let peer = node_of(&peer)?;
            Some(match message {
                Message::Request {
                    request, channel, ..
                } => Heard::Asked(peer, request, channel),
                Message::Response {
                    request_id,
                    response,
                } => Heard::Answered(peer, request_id, response),
            })
        }
        Event::OutboundFailure {
            request_id, error, ..
        } => Some(Heard::Unanswered(request_id, error)),
        Event::InboundFailure { peer, error, .. } => {
            tracing::trace!(%peer, %error, "Peer does not wait for an answer");
            None
        }
        Event::ResponseSent { .. } => None,
    }
}

/// Questions of one connection at a time, both ways; a peer that asks more at once is not heard.
const STREAMS_MAX: usize = 64;

/// How long a stream may stay: somewhat longer than any question waits.
const STREAM_FOR: Duration = QUESTION_WAIT_MAX.saturating_add(Duration::from_secs(1));

/// How long a stream about a file may stay: a chunk over a slow line takes this long.
const FILE_STREAM_FOR: Duration = Duration::from_secs(30);

/// What a node says that leaves, and what is said to it.
pub(super) const GOODBYE: [u8; 1] = [0];

/// Goodbyes on one connection at a time, and how long one may take.
const GOODBYES_MAX: usize = 2;
const GOODBYE_FOR: Duration = Duration::from_secs(2);

/// Reads and writes questions and answers up to a length.
#[derive(Clone, Copy, Debug)]
pub(super) struct InquireCodec {
    question_bytes_max: usize,
    answer_bytes_max: usize,
}

impl About {
    fn protocol(self, names: &Names) -> StreamProtocol {
        names.protocol(match self {
            Self::Indicators => "/aegis/ask/1",
            Self::Node => "/aegis/recommend/1",
        })
    }

    const fn codec(self) -> InquireCodec {
        let (question_bytes_max, answer_bytes_max) = match self {
            Self::Indicators => (QUESTION_BYTES_MAX, ANSWER_BYTES_MAX),
            Self::Node => (QUESTION_ABOUT_BYTES, RECOMMENDATION_BYTES_MAX),
        };
        InquireCodec {
            question_bytes_max,
            answer_bytes_max,
        }
    }

    /// Returns the protocol by which this is asked about, spoken both ways.
    pub(super) fn behaviour(self, names: &Names) -> Inquire {
        let InquireCodec {
            question_bytes_max,
            answer_bytes_max,
        } = self.codec();
        let bytes_max = (question_bytes_max, answer_bytes_max);
        behaviour(self.protocol(names), bytes_max, (STREAMS_MAX, STREAM_FOR))
    }
}

/// Returns a protocol, spoken both ways, with the most bytes of a question and an answer, and how
/// many streams it may have on a connection and for how long.
pub(super) fn behaviour(
    protocol: StreamProtocol,
    (question_bytes_max, answer_bytes_max): (usize, usize),
    (streams_max, stream_for): (usize, Duration),
) -> Inquire {
    let codec = InquireCodec {
        question_bytes_max,
        answer_bytes_max,
    };
    request_response::Behaviour::with_codec(
        codec,
        [(protocol, ProtocolSupport::Full)],
        request_response::Config::default()
            .with_request_timeout(stream_for)
            .with_max_concurrent_streams(streams_max),
    )
}

/// Returns the protocol by which files are shared: a query and a reply like others, but longer.
pub(super) fn files(names: &Names) -> Inquire {
    behaviour(
        names.protocol("/aegis/file/1"),
        (QUERY_BYTES_MAX, REPLY_BYTES_MAX),
        (STREAMS_MAX, FILE_STREAM_FOR),
    )
}

/// Returns the protocol by which a node says that it leaves: a byte, and one that says it was heard.
pub(super) fn goodbye(names: &Names) -> Inquire {
    behaviour(
        names.protocol("/aegis/goodbye/1"),
        (GOODBYE.len(), GOODBYE.len()),
        (GOODBYES_MAX, GOODBYE_FOR),
    )
}

impl request_response::Codec for InquireCodec {
    type Protocol = StreamProtocol;
    type Request = Vec<u8>;
    type Response = Vec<u8>;

    async fn read_request<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        read(io, self.question_bytes_max).await
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        read(io, self.answer_bytes_max).await
    }

    async fn write_request<T>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        question: Vec<u8>,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        io.write_all(&question).await?;
        io.close().await
    }

    async fn write_response<T>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        answer: Vec<u8>,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        io.write_all(&answer).await?;
        io.close().await
    }
}

/// Reads to the stream's end, but for one byte more than allowed at most: by it those who read
/// the bytes can tell and blame.
async fn read<T>(io: &mut T, bytes_max: usize) -> io::Result<Vec<u8>>
where
    T: AsyncRead + Unpin + Send,
{
    let mut bytes = Vec::new();
    io.take(bytes_max as u64 + 1)
        .read_to_end(&mut bytes)
        .await?;
    Ok(bytes)
}
