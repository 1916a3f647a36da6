//! The routes over TCP, with TLS or without: for whoever shows a key, within bounds.

use std::{
    borrow::Cow,
    convert::Infallible,
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use aegis_core::Timestamp;
use axum::{
    body::Body,
    http::{HeaderValue, Request, header},
    response::IntoResponse as _,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hyper::body::Incoming;
use hyper_util::service::TowerToHyperService;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    time::timeout,
};

use super::{
    connection::{Accept, Answer, HEADER_TIMEOUT, serve_connection, take_connections},
    gate::Gate,
    routes::{self, HEALTH, Shared, takes_passwords},
    site::{MountedSite, SiteSetup},
    tls::Tls,
};
use crate::{ApiError, Caller, Control, ErrorCode, KeyRing, site::Site};

/// Connections served at once over TCP; whoever comes next waits until one ends.
pub const HTTP_CONNECTIONS_MAX: usize = 256;

/// Connections of browsers served at once: some six for each that looks.
pub const SITE_CONNECTIONS_MAX: usize = 96;

/// The header in which other programs show a key.
const API_KEY: &str = "x-api-key";

/// Where requests come in over TCP.
#[derive(Debug)]
pub struct HttpListener {
    listener: TcpListener,
    tls: Option<Tls>,
    site: Option<MountedSite>,
}

impl HttpListener {
    /// Listens at an address; port 0 is one of the system's choice. Needs a tokio runtime.
    pub async fn bind(address: SocketAddr, tls: Option<Tls>) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        Ok(Self {
            listener,
            tls,
            site: None,
        })
    }

    /// Shows a site to browsers that ask here, beside whatever else is served.
    pub fn with_site<S: Site>(self, setup: &SiteSetup<S>) -> io::Result<Self> {
        let port = self.listener.local_addr()?.port();
        let site = MountedSite::new(setup, self.tls.is_some(), port);
        Ok(Self {
            site: Some(site),
            ..self
        })
    }

    /// Returns where it listens, as the beginning of a URL.
    pub fn url(&self) -> io::Result<String> {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        Ok(format!("{scheme}://{}", self.listener.local_addr()?))
    }
}

impl Accept for HttpListener {
    type Accepted = (TcpStream, SocketAddr);

    async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = self.listener.accept().await?;
        stream.set_nodelay(true)?;
        Ok((stream, peer))
    }
}

/// Serves `control` on `listener` to whoever shows a key of `keys`, until `shutdown` completes; then
/// lets requests under way end.
pub async fn serve_http<C: Control>(
    listener: HttpListener,
    control: C,
    (keys, clock): (KeyRing, fn() -> Timestamp),
    shutdown: impl Future<Output = ()> + Send,
) {
    let shared = Shared::new(control, Some(keys.clone()));
    let router = TowerToHyperService::new(routes::router(shared.clone()));
    let gate = Arc::new(Gate::new());
    let (tls, site) = (listener.tls.clone(), listener.site.clone());
    let serve_one = |(stream, peer): (TcpStream, SocketAddr)| {
        let door = Door {
            router: router.clone(),
            keys: keys.clone(),
            gate: Arc::clone(&gate),
            site: site.clone(),
            clock,
            peer: peer.ip(),
        };
        serve_one(stream, tls.clone(), door, shared.stopping_rx())
    };
    let ends = (&shared.stopping_tx, shutdown);
    take_connections(listener, HTTP_CONNECTIONS_MAX, serve_one, ends).await;
}

/// Serves nothing but the site of `listener` until `shutdown` completes; then lets requests under way end.
pub async fn serve_site(listener: HttpListener, shutdown: impl Future<Output = ()> + Send) {
    let Some(MountedSite { door, .. }) = listener.site.clone() else {
        return shutdown.await;
    };
    let (tls, gate) = (listener.tls.clone(), Arc::new(Gate::new()));
    let (stopping_tx, _) = watch::channel(false);
    let stopping_rx = stopping_tx.subscribe();
    let serve_one = |(stream, peer): (TcpStream, SocketAddr)| {
        let (door, gate, peer) = (Arc::clone(&door), Arc::clone(&gate), peer.ip());
        let (tls, stopping_rx) = (tls.clone(), stopping_rx.clone());
        async move {
            let Some(_place) = gate.connect(peer) else {
                return tracing::debug!(%peer, "Too many connections from one address");
            };
            let answer = move |request| door(request, peer);
            serve_answers(stream, (tls, peer), answer, stopping_rx).await;
        }
    };
    let ends = (&stopping_tx, shutdown);
    take_connections(listener, SITE_CONNECTIONS_MAX, serve_one, ends).await;
}

async fn serve_one(
    stream: TcpStream,
    tls: Option<Tls>,
    door: Door,
    stopping_rx: watch::Receiver<bool>,
) {
    let peer = door.peer;
    let Some(_place) = door.gate.connect(peer) else {
        return tracing::debug!(%peer, "Too many connections from one address");
    };
    let answer = move |request| {
        let door = door.clone();
        async move { door.answer(request).await }
    };
    serve_answers(stream, (tls, peer), answer, stopping_rx).await;
}

/// Answers the requests of one connection, behind TLS where there is one.
async fn serve_answers<F>(
    stream: TcpStream,
    (tls, peer): (Option<Tls>, IpAddr),
    answer: impl Fn(Request<Incoming>) -> F + Send,
    stopping_rx: watch::Receiver<bool>,
) where
    F: Future<Output = Answer> + Send,
{
    let service = hyper::service::service_fn(move |request| {
        let answer = answer(request);
        async move { Ok::<_, Infallible>(answer.await) }
    });
    let ends = (HEADER_TIMEOUT, stopping_rx);
    let ended = match tls {
        None => serve_connection(stream, service, ends).await,
        Some(tls) => match timeout(HEADER_TIMEOUT, tls.acceptor.accept(stream)).await {
            Ok(Ok(stream)) => serve_connection(stream, service, ends).await,
            Ok(Err(error)) => return tracing::debug!(%peer, %error, "TLS was not agreed on"),
            Err(_) => return tracing::debug!(%peer, "TLS was not agreed on in time"),
        },
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "Connection of the HTTP API broke");
    }
}

/// What every request of a connection goes through.
#[derive(Clone)]
struct Door {
    router: TowerToHyperService<axum::Router>,
    keys: KeyRing,
    gate: Arc<Gate>,
    site: Option<MountedSite>,
    clock: fn() -> Timestamp,
    peer: IpAddr,
}

impl Door {
    async fn answer(self, mut request: Request<Incoming>) -> Answer {
        if let Some(site) = &self.site
            && (site.serves)(request.uri().path())
        {
            return (site.door)(request, self.peer).await;
        }
        let takes_passwords = takes_passwords(request.uri().path());
        let mut answer = match self.admit(&request) {
            Err(error) => {
                let is_stranger = error.code == ErrorCode::Unauthenticated;
                let mut answer = error.into_response();
                if is_stranger && takes_passwords {
                    let scheme = HeaderValue::from_static("Basic realm=\"aegis\"");
                    answer
                        .headers_mut()
                        .append(header::WWW_AUTHENTICATE, scheme);
                }
                answer
            }
            Ok(caller) => {
                let extensions = request.extensions_mut();
                caller.map(|it| extensions.insert::<Caller>(it));
                self.pass(request).await
            }
        };
        let headers = answer.headers_mut();
        // Nobody between the two keeps what is true for a moment, nor takes it for something else.
        let no_store = HeaderValue::from_static("no-store");
        headers.entry(header::CACHE_CONTROL).or_insert(no_store);
        headers.insert(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        );
        answer
    }

    /// Has the router answer, if not too many requests are being answered already.
    async fn pass(&self, request: Request<Incoming>) -> Answer {
        let Some(_permit) = self.gate.begin() else {
            return ApiError::new(ErrorCode::Busy, "too many requests at once").into_response();
        };
        let answered = hyper::service::Service::call(&self.router, request).await;
        answered.map_or_else(|never| match never {}, |it| it.map(Body::new))
    }

    /// Returns who asks, nobody for what anybody may ask, or why they are turned away.
    fn admit(&self, request: &Request<Incoming>) -> Result<Option<Caller>, ApiError> {
        if let Some(grant) = shown(request).and_then(|it| self.keys.verify(&it)) {
            if self.gate.admit_key((self.clock)(), grant.name) {
                return Ok(Some(Caller::Key(grant)));
            }
            return Err(too_often());
        }
        if !self.gate.admit_stranger((self.clock)(), self.peer) {
            return Err(too_often());
        }
        if request.uri().path() == HEALTH {
            return Ok(None);
        }
        let message = "show a key: `Authorization: Bearer <secret>` or `X-Api-Key: <secret>`";
        Err(ApiError::new(ErrorCode::Unauthenticated, message))
    }
}

/// Returns the secret that a request shows: where other programs read lists, as a password as well, since
/// many of them can show nothing else.
fn shown<B>(request: &Request<B>) -> Option<Cow<'_, str>> {
    let headers = request.headers();
    let authorization = || {
        let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let (scheme, shown) = text.split_once(' ')?;
        let shown = shown.trim();
        if scheme.eq_ignore_ascii_case("bearer") {
            return Some(Cow::Borrowed(shown));
        }
        let is_basic = scheme.eq_ignore_ascii_case("basic");
        let is_taken = is_basic && takes_passwords(request.uri().path());
        is_taken.then(|| password(shown))?.map(Cow::Owned)
    };
    let key = || headers.get(API_KEY)?.to_str().ok().map(Cow::Borrowed);
    authorization().or_else(key)
}

/// Returns the password of HTTP Basic (RFC 7617); the name before it is anybody's.
fn password(shown: &str) -> Option<String> {
    let text = String::from_utf8(STANDARD.decode(shown).ok()?).ok()?;
    text.split_once(':')
        .map(|(_, password)| password.to_owned())
}

fn too_often() -> ApiError {
    ApiError::new(ErrorCode::RateLimited, "you ask too often; wait a second")
}
