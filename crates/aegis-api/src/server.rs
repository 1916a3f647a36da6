//! The server: connections in, requests to a [`Control`], replies and events out, all bounded.
//!
//! The same routes are served on a Unix socket, where the kernel says who asks, and over TCP, where
//! a key does: see [`HttpListener`].

mod connection;
mod gate;
mod http;
mod listener;
mod routes;
mod site;
mod stall;
mod tls;

use hyper_util::service::TowerToHyperService;

pub use self::connection::HEADER_TIMEOUT;
pub(crate) use self::connection::{serve_connection, take_connections};
pub use self::gate::{CONNECTIONS_PER_ADDRESS_MAX, KEYED_RATE, REQUESTS_MAX, STRANGER_RATE};
pub use self::http::{
    HTTP_CONNECTIONS_MAX, HttpListener, SITE_CONNECTIONS_MAX, serve_http, serve_site,
};
pub use self::listener::{BindError, Listener};
pub(crate) use self::routes::EVENT_SEQ_HEADER;
pub use self::routes::{ANSWER_TIMEOUT, BODY_BYTES_MAX, BODY_TIMEOUT, EVENT_STREAMS_MAX};
pub use self::site::{
    FORM_BYTES_MAX, PAGE_LINK_FOR, SESSION_FOR, SESSIONS_MAX, SessionCookie, Sessions, SiteSetup,
};
pub use self::stall::STALL_TIMEOUT;
pub use self::tls::{Tls, TlsError};

use crate::{Caller, Control};
use connection::Accept;
use routes::Shared;

/// Connections served at once on the control socket. Each costs two buffers and one page of a list
/// at most; whoever comes next waits until one ends.
pub const CONNECTIONS_MAX: usize = 64;

/// Serves `control` on `listener` until `shutdown` completes; then lets requests under way end
/// and removes the socket.
pub async fn serve<C: Control>(
    listener: Listener,
    control: C,
    shutdown: impl Future<Output = ()> + Send,
) {
    let shared = Shared::new(control, None);
    let router = TowerToHyperService::new(routes::router(shared.clone()));
    let serve_one = |(stream, caller): <Listener as Accept>::Accepted| {
        let router = router.clone();
        let stopping_rx = shared.stopping_rx();
        async move {
            let service = hyper::service::service_fn(move |mut request: hyper::Request<_>| {
                request.extensions_mut().insert::<Caller>(caller);
                hyper::service::Service::call(&router, request)
            });
            let ends = (HEADER_TIMEOUT, stopping_rx);
            if let Err(error) = serve_connection(stream, service, ends).await {
                tracing::debug!(?caller, %error, "Control connection broke");
            }
        }
    };
    take_connections(
        listener,
        CONNECTIONS_MAX,
        serve_one,
        (&shared.stopping_tx, shutdown),
    )
    .await;
}

#[cfg(test)]
pub(crate) use self::tests::answers_at;

#[cfg(test)]
mod tests;
