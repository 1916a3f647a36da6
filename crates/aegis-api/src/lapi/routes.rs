//! The routes: who may use which, and what their bodies may be.

mod alerts;
mod allow;
mod decisions;
mod import;
mod metrics;
mod mirror;
mod watchers;

use std::{
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use aegis_core::Timestamp;
use axum::{
    body::Body,
    extract::Request,
    http::{HeaderMap, Method, StatusCode, header},
    response::Response,
};
use http_body_util::BodyExt as _;
use serde::{Serialize, de::DeserializeOwned};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::{
    LapiSetup,
    filter::Pairs,
    gzip::{GzipError, inflate},
    reply::{Failure, empty, finish, json},
    session::{Allowances, Cursors, Sessions},
    shelf::Shelf,
};
use crate::{Caller, Control, KeyGrant};

/// The largest body of whoever has not shown who it is, and of everybody at the same time.
pub(super) const SMALL_BYTES_MAX: usize = 2 * 1024 * 1024;

/// The largest body there is, before and after it is inflated.
pub(super) const LARGE_BYTES_MAX: usize = 50 * 1024 * 1024;

/// How long a body may take to arrive; a large one comes over a slow line.
const BODY_TIMEOUT: Duration = Duration::from_secs(60);

/// The header with a bouncer's key.
const API_KEY: &str = "x-api-key";

/// What answers requests. Clones are the same.
pub(super) struct Lapi<C> {
    parts: Arc<Parts<C>>,
}

struct Parts<C> {
    setup: LapiSetup<C>,
    began_at: Timestamp,
    state: Mutex<State>,
    /// One large body at a time is in memory.
    large_bodies: Arc<Semaphore>,
}

/// What is remembered between requests.
#[derive(Default)]
pub(super) struct State {
    pub(super) sessions: Sessions,
    pub(super) cursors: Cursors,
    pub(super) allowances: Allowances,
    pub(super) shelf: Shelf,
}

/// A request without its body.
struct Head {
    method: Method,
    pairs: Pairs,
    headers: HeaderMap,
    from: IpAddr,
}

impl<C> Clone for Lapi<C> {
    fn clone(&self) -> Self {
        let parts = Arc::clone(&self.parts);
        Self { parts }
    }
}

impl<C: Control> Lapi<C> {
    pub(super) fn new(setup: LapiSetup<C>) -> Self {
        Self {
            parts: Arc::new(Parts {
                began_at: (setup.clock)(),
                setup,
                state: Mutex::default(),
                large_bodies: Arc::new(Semaphore::new(1)),
            }),
        }
    }

    /// Answers one request that came `from` an address.
    pub(super) async fn handle(self, from: IpAddr, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path().to_owned();
        let head = Head {
            pairs: Pairs::of(&parts.uri),
            method: parts.method,
            headers: parts.headers,
            from,
        };
        // Clients join a base address and a path with one slash, two or none at the end.
        let path: Vec<&str> = path.split('/').filter(|it| !it.is_empty()).collect();
        finish(self.route(&path, head, body).await)
    }

    async fn route(&self, path: &[&str], head: Head, body: Body) -> Result<Response, Failure> {
        let is_read = matches!(head.method, Method::GET | Method::HEAD);
        match (path, &head.method) {
            (["health"], _) if is_read => Ok(json(StatusCode::OK, &Health { status: "up" })),
            (["v1", "decisions", "stream"], _) if is_read => self.stream(&head).await,
            (["v1", "decisions"], _) if is_read => self.decisions(&head),
            (["v1", "decisions"], &Method::DELETE) => self.delete_decisions(&head).await,
            (["v1", "decisions", id], &Method::DELETE) => self.delete_decision(&head, id).await,
            (["v1", "alerts"], &Method::POST) => self.take_alerts(&head, body).await,
            (["v1", "alerts"], _) if is_read => self.alerts(&head),
            (["v1", "alerts", id], _) if is_read => self.alert(&head, id),
            (["v1", "alerts"], &Method::DELETE) => self.delete_alerts(&head).await,
            (["v1", "alerts", id], &Method::DELETE) => self.delete_alert(&head, id).await,
            (["v1", "watchers"], &Method::POST) => self.register(&head, body).await,
            (["v1", "watchers", "login"], &Method::POST) => self.login(&head, body).await,
            (["v1", "watchers", "self"], &Method::DELETE) => self.log_out(&head),
            (["v1", "refresh_token"], &(Method::GET | Method::POST)) => self.refresh(&head),
            (["v1", "heartbeat"], &Method::GET) => {
                self.machine(&head).map(|_| empty(StatusCode::OK))
            }
            (["v1", "usage-metrics"], &Method::POST) => self.take_metrics(&head, body).await,
            (["v1", "allowlists"], _) if is_read => self.allowlists(&head).await,
            (["v1", "allowlists", "check"], &Method::POST) => self.check_many(&head, body).await,
            (["v1", "allowlists", "check", value @ ..], _) if is_read && !value.is_empty() => {
                self.check(&head, &value.join("/")).await // a prefix has a slash of its own
            }
            (["v1", "allowlists", name], _) if is_read => self.allowlist(&head, name).await,
            (["security", "blocklist"], _) if is_read => self.blocklist(&head),
            _ => Ok(empty(StatusCode::NOT_FOUND)),
        }
    }

    /// Returns the key that a bouncer shows.
    fn bouncer(&self, head: &Head) -> Result<KeyGrant, Failure> {
        let secret = head.headers.get(API_KEY).and_then(|it| it.to_str().ok());
        let grant = secret.and_then(|it| self.setup().keys.verify(it));
        grant.ok_or_else(Failure::forbidden)
    }

    /// Returns the key of a machine that has logged in and does not ask too often.
    fn machine(&self, head: &Head) -> Result<KeyGrant, Failure> {
        let header = head.headers.get(header::AUTHORIZATION);
        let token = header.and_then(|it| it.to_str().ok()?.strip_prefix("Bearer "));
        let now = self.now();
        let mut state = self.state();
        let grant = token.and_then(|it| state.sessions.find(now, it));
        let grant = grant.filter(|it| self.setup().keys.holds(it));
        let grant = grant.ok_or_else(Failure::forbidden)?;
        if !state.allowances.take_request(now, grant.name.as_str()) {
            let message = "this machine asks too often, it may again in a moment";
            return Err(Failure::new(StatusCode::TOO_MANY_REQUESTS, message));
        }
        Ok(grant)
    }

    /// Returns the key of a bouncer or of a machine.
    fn anybody(&self, head: &Head) -> Result<KeyGrant, Failure> {
        self.bouncer(head).or_else(|_| self.machine(head))
    }

    async fn call(
        &self,
        grant: KeyGrant,
        request: crate::Request,
    ) -> Result<crate::Reply, Failure> {
        let control = &self.setup().control;
        Ok(control.call(Caller::Key(grant), request).await?)
    }

    /// Reads a body of at most `bytes_max` bytes, inflated where it is deflated.
    async fn read(&self, head: &Head, body: Body, bytes_max: usize) -> Result<ReadBody, Failure> {
        let Ok(read) = timeout(BODY_TIMEOUT, self.collect(body, bytes_max)).await else {
            let message = "the body did not arrive in time";
            return Err(Failure::new(StatusCode::REQUEST_TIMEOUT, message));
        };
        let read = read?;
        let encoding = head.headers.get(header::CONTENT_ENCODING);
        match encoding.map(|it| it.as_bytes()) {
            None | Some(b"" | b"identity") => Ok(read),
            Some(b"gzip") => {
                let _one_at_a_time = self.large_body(&read).await;
                let inflated = inflate(&read.bytes, bytes_max);
                let bytes = inflated.map_err(|error| match error {
                    GzipError::Invalid => Failure::invalid("the body is not gzip"),
                    GzipError::TooLarge => too_large(bytes_max),
                })?;
                Ok(ReadBody { bytes, ..read })
            }
            Some(_) => {
                let message = "the body has an encoding that is not gzip";
                Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message))
            }
        }
    }

    async fn collect(&self, mut body: Body, bytes_max: usize) -> Result<ReadBody, Failure> {
        let mut read = ReadBody::default();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| Failure::invalid("the body broke off"))?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            if read.bytes.len() + data.len() > bytes_max {
                return Err(too_large(bytes_max));
            }
            if read.bytes.len() + data.len() > SMALL_BYTES_MAX && read.permit.is_none() {
                read.permit = self.large_body(&read).await;
            }
            read.bytes.extend_from_slice(&data);
        }
        Ok(read)
    }

    /// Waits for the turn of a large body, where it does not have it.
    async fn large_body(&self, read: &ReadBody) -> Option<OwnedSemaphorePermit> {
        if read.permit.is_some() {
            return None;
        }
        let turns = Arc::clone(&self.parts.large_bodies);
        turns.acquire_owned().await.ok() // nobody closes it
    }

    /// Reads a small body of JSON.
    async fn read_json<T: DeserializeOwned>(&self, head: &Head, body: Body) -> Result<T, Failure> {
        let read = self.read(head, body, SMALL_BYTES_MAX).await?;
        let value = serde_json::from_slice(&read.bytes);
        value.map_err(|it| Failure::invalid(it.to_string()))
    }

    fn setup(&self) -> &LapiSetup<C> {
        &self.parts.setup
    }

    /// Returns when this began to answer.
    fn began_at(&self) -> Timestamp {
        self.parts.began_at
    }

    fn now(&self) -> Timestamp {
        (self.setup().clock)()
    }

    /// Never held while waiting for anything.
    fn state(&self) -> MutexGuard<'_, State> {
        // Whoever panicked while holding it left at worst one entry out.
        self.parts
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// A body, and the turn of a large one.
#[derive(Default)]
struct ReadBody {
    bytes: Vec<u8>,
    permit: Option<OwnedSemaphorePermit>,
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
}

fn too_large(bytes_max: usize) -> Failure {
    let message = format!("the body is larger than {bytes_max} bytes");
    Failure::new(StatusCode::PAYLOAD_TOO_LARGE, message)
}
