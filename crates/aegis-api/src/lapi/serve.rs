//! The listener: connections in, requests to the routes, all bounded.

use std::{convert::Infallible, net::SocketAddr, time::Duration};

use axum::body::Body;
use hyper::{body::Incoming, service::service_fn};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};

use super::{LapiSetup, routes::Lapi};
use crate::{
    Control,
    server::{serve_connection, take_connections},
};

/// Connections served at once: each bouncer and agent keeps one open.
pub const LAPI_CONNECTIONS_MAX: usize = 256;

/// How long a connection may be idle, or take to send the head of a request. Bouncers poll every ten
/// seconds and agents are heard every minute, each over one connection.
const HEADER_TIMEOUT: Duration = Duration::from_secs(90);

/// Serves the Local API on `listener` until `shutdown` completes; then lets requests under way end.
pub async fn serve_lapi<C: Control>(
    listener: TcpListener,
    setup: LapiSetup<C>,
    shutdown: impl Future<Output = ()> + Send,
) {
    let lapi = Lapi::new(setup);
    let (stopping_tx, stopping_rx) = watch::channel(false);
    let serve_one = |accepted| serve_one(accepted, lapi.clone(), stopping_rx.clone());
    let ends = (&stopping_tx, shutdown);
    take_connections(listener, LAPI_CONNECTIONS_MAX, serve_one, ends).await;
}

async fn serve_one<C: Control>(
    (stream, from): (TcpStream, SocketAddr),
    lapi: Lapi<C>,
    stopping_rx: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true); // without it a reply is later, and no worse
    let address = from.ip().to_canonical();
    let answer = service_fn(move |request: hyper::Request<Incoming>| {
        let lapi = lapi.clone();
        async move { Ok::<_, Infallible>(lapi.handle(address, request.map(Body::new)).await) }
    });
    if let Err(error) = serve_connection(stream, answer, (HEADER_TIMEOUT, stopping_rx)).await {
        tracing::debug!(%from, %error, "A connection to the Local API broke");
    }
}
