//! The organisation protocol: showing a peer what organisations signed.
//!
//! The request is one frame, the stream's end its end. The reply says how many of its words were
//! taken, in two bytes (big-endian).

use std::io;

use libp2p::{
    StreamProtocol,
    futures::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    request_response::{self, ProtocolSupport},
};

use super::names::Names;
use crate::organisation::FRAME_BYTES_MAX;

/// The protocol, spoken both ways.
pub(super) type Vouch = request_response::Behaviour<VouchCodec>;

/// Something that happens in it.
pub(super) type VouchEvent = request_response::Event<Vec<u8>, u16>;

/// Frames of one connection at a time: one at the start, and what comes up meanwhile.
const STREAMS_MAX: usize = 8;

/// Reads and writes frames.
#[derive(Clone, Copy, Debug)]
pub(super) struct VouchCodec;

/// Returns the protocol.
pub(super) fn vouch(names: &Names) -> Vouch {
    request_response::Behaviour::with_codec(
        VouchCodec,
        [(names.protocol("/aegis/org/1"), ProtocolSupport::Full)],
        request_response::Config::default().with_max_concurrent_streams(STREAMS_MAX),
    )
}

impl request_response::Codec for VouchCodec {
    type Protocol = StreamProtocol;
    type Request = Vec<u8>;
    type Response = u16;

    async fn read_request<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Vec<u8>>
    where
        T: AsyncRead + Unpin + Send,
    {
        // One byte more than allowed is let through, so that whoever reads it can tell and blame.
        let mut frame = Vec::new();
        let limit = FRAME_BYTES_MAX as u64 + 1;
        io.take(limit).read_to_end(&mut frame).await?;
        Ok(frame)
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<u16>
    where
        T: AsyncRead + Unpin + Send,
    {
        let mut bytes = [0; 2];
        io.read_exact(&mut bytes).await?;
        Ok(u16::from_be_bytes(bytes))
    }

    async fn write_request<T>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        frame: Vec<u8>,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        io.write_all(&frame).await?;
        io.close().await
    }

    async fn write_response<T>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        taken: u16,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        io.write_all(&taken.to_be_bytes()).await?;
        io.close().await
    }
}
