//! The push protocol: handing a peer a batch of alerts that are still true.
//!
//! The request is one packed batch, the stream's end its end. The reply says how many of its
//! messages were accepted, ignored and rejected, each in two bytes (big-endian).

use std::io;

use libp2p::{
    StreamProtocol,
    futures::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    request_response::{self, ProtocolSupport},
};

use super::names::Names;
use crate::batch::BATCH_BYTES_MAX;

/// Pushes on one connection at a time.
const STREAMS_MAX: usize = 8;

/// Reads and writes pushes.
#[derive(Clone, Copy, Debug)]
pub(super) struct PushCodec;

/// What became of the messages of a batch.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct PushReply {
    pub(super) accepted: u16,
    pub(super) ignored: u16,
    pub(super) rejected: u16,
}

/// Returns the protocol, spoken both ways.
pub(super) fn behaviour(names: &Names) -> request_response::Behaviour<PushCodec> {
    request_response::Behaviour::with_codec(
        PushCodec,
        [(names.protocol("/aegis/alerts/1"), ProtocolSupport::Full)],
        request_response::Config::default().with_max_concurrent_streams(STREAMS_MAX),
    )
}

impl PushReply {
    fn to_bytes(self) -> [u8; 6] {
        let [a, b] = self.accepted.to_be_bytes();
        let [c, d] = self.ignored.to_be_bytes();
        let [e, f] = self.rejected.to_be_bytes();
        [a, b, c, d, e, f]
    }

    fn from_bytes([a, b, c, d, e, f]: [u8; 6]) -> Self {
        Self {
            accepted: u16::from_be_bytes([a, b]),
            ignored: u16::from_be_bytes([c, d]),
            rejected: u16::from_be_bytes([e, f]),
        }
    }
}

impl request_response::Codec for PushCodec {
    type Protocol = StreamProtocol;
    type Request = Vec<u8>;
    type Response = PushReply;

    async fn read_request<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        // One byte more than allowed is let through, so that unpacking can tell and blame.
        let mut batch = Vec::new();
        let limit = BATCH_BYTES_MAX as u64 + 1;
        io.take(limit).read_to_end(&mut batch).await?;
        Ok(batch)
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<PushReply>
    where
        T: AsyncRead + Unpin + Send,
    {
        let mut bytes = [0; 6];
        io.read_exact(&mut bytes).await?;
        Ok(PushReply::from_bytes(bytes))
    }

    async fn write_request<T>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        batch: Vec<u8>,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        io.write_all(&batch).await?;
        io.close().await
    }

    async fn write_response<T>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        reply: PushReply,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        io.write_all(&reply.to_bytes()).await?;
        io.close().await
    }
}
