//! A port of its own for whoever scrapes, on loopback: `GET /metrics` and nothing else.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, extract::State, http::HeaderMap, routing::get};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinSet,
};

use crate::{Caller, Control, server::HEADER_TIMEOUT};

/// Connections served at once: a scraper needs one.
pub const SCRAPES_MAX: usize = 4;

/// How long one connection lasts at most; a scraper makes another.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(300);

/// How long to leave the port alone that cannot accept, as when file descriptors run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Who asks over TCP: nobody whom the kernel vouches for.
const NOBODY: Caller = Caller::Local {
    uid: 65_534,
    pid: None,
};

/// A port that scrapers come to.
#[derive(Debug)]
pub struct MetricsListener(TcpListener);

impl MetricsListener {
    /// Listens at `address`. Needs a tokio runtime.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        Ok(Self(TcpListener::bind(address).await?))
    }

    /// Serves until `shutdown` completes.
    pub async fn serve<C: Control>(self, control: C, shutdown: impl Future<Output = ()> + Send) {
        let slots = Arc::new(Semaphore::new(SCRAPES_MAX));
        let router = metrics_router(control);
        let mut connections = JoinSet::new();
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            let accept = async {
                let slot = Arc::clone(&slots).acquire_owned().await;
                (slot, self.0.accept().await)
            };
            let (slot, accepted) = tokio::select! {
                () = &mut shutdown => return,
                Some(_) = connections.join_next() => continue,
                accepted = accept => accepted,
            };
            match accepted {
                Ok((stream, _)) => {
                    let router = router.clone();
                    connections.spawn(async move {
                        serve_connection(stream, router).await;
                        drop(slot);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "Cannot accept a scrape");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
    }
}

/// Returns the route `/metrics`, for whichever listener wants to have it.
pub fn metrics_router<C: Control>(control: C) -> Router {
    let scrape = async |State(control): State<C>, headers: HeaderMap| {
        super::answer(&control, NOBODY, &headers).await
    };
    Router::new()
        .route("/metrics", get(scrape))
        .with_state(control)
}

async fn serve_connection(stream: TcpStream, router: Router) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    // Whoever breaks off has lost its own answer.
    let _ = tokio::time::timeout(CONNECTION_TIMEOUT, connection).await;
}
