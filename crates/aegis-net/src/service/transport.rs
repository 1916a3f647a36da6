//! TCP as nodes speak it: Noise, Yamux, and a limit to how long the other end may be silent.

use std::{error::Error, time::Duration};

use libp2p::{
    PeerId, Transport as _,
    core::{muxing::StreamMuxerBox, transport::Boxed, upgrade::Version},
    identity::Keypair,
    noise, tcp, yamux,
};
use socket2::SockRef;

/// How long what was sent may be unconfirmed by the other end's kernel. Without a limit TCP goes on
/// for a quarter of an hour, and a connection that has much to send cannot even be closed meanwhile.
const UNCONFIRMED_FOR: Duration = Duration::from_secs(20);

/// Returns the transport.
pub(super) fn tcp(
    keypair: &Keypair,
) -> Result<Boxed<(PeerId, StreamMuxerBox)>, Box<dyn Error + Send + Sync>> {
    let streams = tcp::tokio::Transport::new(tcp::Config::default().nodelay(true));
    let limited = streams.map(|stream, _| {
        let limit = Some(UNCONFIRMED_FOR);
        if let Err(error) = SockRef::from(&stream.0).set_tcp_user_timeout(limit) {
            tracing::debug!(%error, "Connection without a limit to silence");
        }
        stream
    });
    Ok(limited
        .upgrade(Version::V1Lazy)
        .authenticate(noise::Config::new(keypair)?)
        .multiplex(yamux::Config::default())
        .boxed())
}
