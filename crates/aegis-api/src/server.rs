//! The server: connections in, requests to a [`Control`], replies and events out, all bounded.

mod listener;
mod routes;
mod stall;

use std::{sync::Arc, time::Duration};

use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::UnixStream,
    sync::{Semaphore, watch},
    task::JoinSet,
};

pub use self::listener::{BindError, Listener};
pub(crate) use self::routes::EVENT_SEQ_HEADER;
pub use self::routes::{ANSWER_TIMEOUT, BODY_BYTES_MAX, BODY_TIMEOUT, EVENT_STREAMS_MAX};
pub use self::stall::STALL_TIMEOUT;

use crate::Control;
use routes::App;
pub(crate) use stall::StallGuard;

/// Connections served at once. Each costs two buffers and one page of a list at most; whoever
/// comes next waits until one ends.
pub const CONNECTIONS_MAX: usize = 64;

/// How long a connection may take to send the head of a request, or be idle between two.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(10);

/// The most a connection's read buffer holds; heads of requests are far smaller.
const BUFFER_BYTES_MAX: usize = 64 * 1024;

/// How long requests under way may take to end once the node stops.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

/// How long to leave a listener alone that cannot accept, as when file descriptors run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves `control` on `listener` until `shutdown` completes; then lets requests under way end
/// and removes the socket.
pub async fn serve<C: Control>(
    listener: Listener,
    control: C,
    shutdown: impl Future<Output = ()> + Send,
) {
    let (stopping_tx, stopping_rx) = watch::channel(false);
    let connection_slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let event_slots = Arc::new(Semaphore::new(EVENT_STREAMS_MAX));
    let mut connections = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accept = async {
            let slot = Arc::clone(&connection_slots).acquire_owned().await;
            (slot, listener.accept().await)
        };
        let (slot, accepted) = tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => continue,
            accepted = accept => accepted,
        };
        let (stream, caller) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "Cannot accept a control connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let app = App {
            control: control.clone(),
            caller,
            event_slots: Arc::clone(&event_slots),
            stopping_rx: stopping_rx.clone(),
        };
        connections.spawn(async move {
            serve_connection(stream, app).await;
            drop(slot);
        });
    }
    drop(listener);
    // Fails only where no connection is left to hear it.
    let _ = stopping_tx.send(true);
    let drain = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(DRAIN_TIMEOUT, drain).await.is_err() {
        tracing::debug!("Control connections were cut off at shutdown");
    }
}

async fn serve_connection<C: Control>(stream: UnixStream, app: App<C>) {
    let stopping = stopping(app.stopping_rx.clone());
    let caller = app.caller;
    let io = TokioIo::new(StallGuard::new(stream));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(BUFFER_BYTES_MAX)
        .serve_connection(io, TowerToHyperService::new(routes::router(app)));
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopping => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(?caller, %error, "Control connection broke");
    }
}

/// Waits until the server stops or is gone.
async fn stopping(mut stopping_rx: watch::Receiver<bool>) {
    let _ = stopping_rx.wait_for(|it| *it).await; // fails where the server is gone
}

#[cfg(test)]
mod tests;
