//! Connections, whatever they come through: so many at once, each with its time-outs, ended in order.

use std::{error::Error, io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{body::Body, http::Response};
use hyper::{body::Incoming, server::conn::http1, service::HttpService};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
};

use super::stall::StallGuard;

/// How long a connection may take to send the head of a request, or be idle between two.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// The most a connection's read buffer holds; heads of requests are far smaller.
const BUFFER_BYTES_MAX: usize = 64 * 1024;

/// How long requests under way may take to end once the node stops.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

/// How long to leave a listener alone that cannot accept, as when file descriptors run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Where connections come in.
pub(crate) trait Accept: Sync {
    /// A connection and what is known of its other end.
    type Accepted: Send;

    /// Waits for the next one.
    fn accept(&self) -> impl Future<Output = io::Result<Self::Accepted>> + Send;
}

impl Accept for TcpListener {
    type Accepted = (TcpStream, SocketAddr);

    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        Self::accept(self).await
    }
}

/// Takes connections until `shutdown` completes and has each served by a task of its own; then says
/// so on `stopping_tx`, drops the listener, and lets what is under way end.
pub(crate) async fn take_connections<L, F>(
    listener: L,
    connections_max: usize,
    serve_one: impl Fn(L::Accepted) -> F + Send,
    (stopping_tx, shutdown): (&watch::Sender<bool>, impl Future<Output = ()> + Send),
) where
    L: Accept + Send,
    F: Future<Output = ()> + Send + 'static,
{
    let slots = Arc::new(Semaphore::new(connections_max));
    let mut connections = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accept = async {
            let slot = Arc::clone(&slots).acquire_owned().await;
            (slot, listener.accept().await)
        };
        let (slot, accepted) = tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => continue,
            accepted = accept => accepted,
        };
        match accepted {
            Ok(accepted) => {
                let served = serve_one(accepted);
                connections.spawn(async move {
                    served.await;
                    drop(slot);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "Cannot accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    stopping_tx.send_replace(true);
    let drain = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(DRAIN_TIMEOUT, drain).await.is_err() {
        tracing::debug!("Connections were cut off at shutdown");
    }
}

/// Serves the requests of one connection until it ends, the server stops, or the head of a request
/// does not come in time.
pub(crate) async fn serve_connection<S>(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send,
    service: S,
    (header_timeout, stopping_rx): (Duration, watch::Receiver<bool>),
) -> hyper::Result<()>
where
    S: HttpService<Incoming, ResBody = Body> + Send,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    S::Future: Send,
{
    let io = TokioIo::new(StallGuard::new(stream));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(header_timeout)
        .max_buf_size(BUFFER_BYTES_MAX)
        .serve_connection(io, service);
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopping(stopping_rx) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    }
}

/// Waits until the server stops or is gone.
pub(super) async fn stopping(mut stopping_rx: watch::Receiver<bool>) {
    let _ = stopping_rx.wait_for(|it| *it).await; // fails where the server is gone
}

/// What a request is answered with.
pub(super) type Answer = Response<Body>;
