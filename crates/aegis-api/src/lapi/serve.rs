//! The listener: connections in, requests to the routes, all bounded.

use std::{convert::Infallible, net::SocketAddr, sync::Arc, time::Duration};

use axum::body::Body;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    task::JoinSet,
};

use super::{LapiSetup, routes::Lapi};
use crate::{Control, server::StallGuard};

/// Connections served at once: each bouncer and agent keeps one open.
pub const LAPI_CONNECTIONS_MAX: usize = 256;

/// How long a connection may be idle, or take to send the head of a request. Bouncers poll every ten
/// seconds and agents are heard every minute, each over one connection.
const HEADER_TIMEOUT: Duration = Duration::from_secs(90);

/// The most a connection's read buffer holds; heads of requests are far smaller.
const BUFFER_BYTES_MAX: usize = 64 * 1024;

/// How long requests under way may take to end once the node stops.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

/// How long to leave a listener alone that cannot accept, as when file descriptors run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves the Local API on `listener` until `shutdown` completes; then lets requests under way end.
pub async fn serve_lapi<C: Control>(
    listener: TcpListener,
    setup: LapiSetup<C>,
    shutdown: impl Future<Output = ()> + Send,
) {
    let lapi = Lapi::new(setup);
    let (stopping_tx, stopping_rx) = watch::channel(false);
    let slots = Arc::new(Semaphore::new(LAPI_CONNECTIONS_MAX));
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
        let (stream, from) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "Cannot accept a connection to the Local API");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let (lapi, stopping_rx) = (lapi.clone(), stopping_rx.clone());
        connections.spawn(async move {
            serve_connection((stream, from), lapi, stopping_rx).await;
            drop(slot);
        });
    }
    drop(listener);
    // Fails only where no connection is left to hear it.
    let _ = stopping_tx.send(true);
    let drain = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(DRAIN_TIMEOUT, drain).await.is_err() {
        tracing::debug!("Connections to the Local API were cut off at shutdown");
    }
}

async fn serve_connection<C: Control>(
    (stream, from): (TcpStream, SocketAddr),
    lapi: Lapi<C>,
    mut stopping_rx: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true); // without it a reply is later, and no worse
    let address = from.ip().to_canonical();
    let answer = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let lapi = lapi.clone();
        async move { Ok::<_, Infallible>(lapi.handle(address, request.map(Body::new)).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(BUFFER_BYTES_MAX)
        .serve_connection(TokioIo::new(StallGuard::new(stream)), answer);
    let mut connection = std::pin::pin!(connection);
    let stopping = async {
        let _ = stopping_rx.wait_for(|it| *it).await; // fails where the server is gone
    };
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopping => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%from, %error, "A connection to the Local API broke");
    }
}
