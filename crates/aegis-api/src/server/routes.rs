//! The routes under `/v1`: each parses its input into one [`Request`] and shows one [`Reply`].

mod events;
mod feed;
mod files;
mod input;
mod key;
mod network;
mod organisation;
mod reports;
mod safety;
mod view;

use std::{sync::Arc, time::Duration};

use aegis_core::Indicator;
use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, FromRequestParts},
    http::{HeaderMap, HeaderValue, header, request::Parts},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::Serialize;
use tokio::{
    sync::{Semaphore, watch},
    time::timeout,
};

use self::input::{Body, Cursor, History, HistoryGroups, Ip, Named, Plain};
use crate::{
    ApiError, Caller, Control, ErrorCode, IMPORT_BYTES_MAX, IMPORT_ENTRIES_MAX, ImportRequest,
    KeyRing, Reply, Request, metrics, openapi, opinion::AskRequest,
};

pub use self::{events::EVENT_STREAMS_MAX, input::BODY_TIMEOUT};

/// The largest request body in bytes; the largest that makes sense has two or three thousand.
pub const BODY_BYTES_MAX: usize = 64 * 1024;

/// How long the node may take to answer.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// The header with the number of the last event that happened before the reply, so that a client
/// which also reads events knows when it has seen all that its request caused.
pub(crate) const EVENT_SEQ_HEADER: &str = "aegis-event-seq";

/// Where anybody can ask whether the node is there.
pub(super) const HEALTH: &str = "/health";

/// What the routes of one server share.
#[derive(Clone)]
pub(super) struct Shared<C> {
    control: C,
    keys: Option<KeyRing>, // none where nobody shows one
    event_slots: Arc<Semaphore>,
    pub(super) stopping_tx: watch::Sender<bool>,
}

/// What a route needs: what it shares with the others, and who asks.
pub(super) struct App<C> {
    control: C,
    caller: Caller,
    keys: Option<KeyRing>,
    event_slots: Arc<Semaphore>,
    stopping_rx: watch::Receiver<bool>,
}

/// The caller whom whoever took the request in has made out; without one, nothing is answered.
pub(super) struct Asked<C>(App<C>);

impl<C> Shared<C> {
    pub(super) fn new(control: C, keys: Option<KeyRing>) -> Self {
        Self {
            control,
            keys,
            event_slots: Arc::new(Semaphore::new(EVENT_STREAMS_MAX)),
            stopping_tx: watch::Sender::new(false),
        }
    }

    pub(super) fn stopping_rx(&self) -> watch::Receiver<bool> {
        self.stopping_tx.subscribe()
    }
}

impl<C: Control> FromRequestParts<Shared<C>> for Asked<C> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, shared: &Shared<C>) -> Result<Self, ApiError> {
        let caller = parts.extensions.get::<Caller>().copied();
        let nobody = || ApiError::new(ErrorCode::Unauthenticated, "nobody knows who asks");
        Ok(Self(App {
            control: shared.control.clone(),
            caller: caller.ok_or_else(nobody)?,
            keys: shared.keys.clone(),
            event_slots: Arc::clone(&shared.event_slots),
            stopping_rx: shared.stopping_rx(),
        }))
    }
}

/// Returns the routes of one server.
pub(super) fn router<C: Control>(shared: Shared<C>) -> Router {
    Router::new()
        .route(
            "/v1/status",
            get(async |Asked(app): Asked<C>, Plain| app.answer(Request::Status).await),
        )
        .route(
            "/v1/stats",
            get(async |Asked(app): Asked<C>, Plain| app.answer(Request::Stats).await),
        )
        .route(
            "/v1/blocks",
            get(async |Asked(app): Asked<C>, Cursor(page)| app.answer(Request::Blocks(page)).await),
        )
        .route(
            "/v1/check",
            get(async |Asked(app): Asked<C>, Ip(ip)| app.answer(Request::Check(ip)).await),
        )
        .route(
            "/v1/why",
            get(async |Asked(app): Asked<C>, Ip(ip)| app.answer(Request::Why(ip)).await),
        )
        .route(
            "/v1/peers",
            get(async |Asked(app): Asked<C>, Cursor(page)| app.answer(Request::Peers(page)).await),
        )
        .route(
            "/v1/allow",
            get(
                async |Asked(app): Asked<C>, Cursor(page): Cursor<Indicator>| {
                    app.answer(Request::AllowEntries(page)).await
                },
            )
            .post(async |Asked(app): Asked<C>, Body(it)| app.answer(Request::Allow(it)).await)
            .delete(async |Asked(app): Asked<C>, Ip(ip)| app.answer(Request::Disallow(ip)).await),
        )
        .merge(orders())
        .merge(opinions())
        .merge(past())
        .merge(files::routes::<C>())
        .merge(organisation::routes())
        .merge(network::routes())
        .merge(key::routes())
        .merge(reports::routes())
        .merge(safety::routes())
        .merge(view::routes())
        .merge(feed::routes())
        .route("/v1/events", get(events::stream::<C>))
        .merge(about())
        .fallback(async || ApiError::new(ErrorCode::NotFound, "there is no such route"))
        .method_not_allowed_fallback(async || {
            ApiError::new(
                ErrorCode::MethodNotAllowed,
                "the route does not take this method",
            )
        })
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(shared)
}

/// Returns the routes to what the operator wants done.
fn orders<C: Control>() -> Router<Shared<C>> {
    Router::new()
        .route(
            "/v1/block",
            post(async |Asked(app): Asked<C>, Body(it)| app.answer(Request::Block(it)).await),
        )
        .route(
            "/v1/publish",
            post(async |Asked(app): Asked<C>, Body(it)| app.answer(Request::Publish(it)).await),
        )
        .route(
            "/v1/unblock",
            post(async |Asked(app): Asked<C>, Body(it)| app.answer(Request::Unblock(it)).await),
        )
        .route(
            "/v1/import",
            post(async |Asked(app): Asked<C>, Body(it)| app.import(it).await)
                .layer(DefaultBodyLimit::max(IMPORT_BYTES_MAX)),
        )
}

/// Returns the routes about the server itself.
fn about<C: Control>() -> Router<Shared<C>> {
    Router::new()
        .route(
            "/metrics",
            get(async |Asked(app): Asked<C>, headers: HeaderMap| {
                metrics::answer(&app.control, app.caller, &headers).await
            }),
        )
        .route(
            "/v1/config/reload",
            post(async |Asked(app): Asked<C>, Plain| app.answer(Request::ReloadConfig).await),
        )
        .route(
            "/v1/openapi.json",
            get(async |Asked(_): Asked<C>, Plain| Json(openapi())),
        )
        .route(HEALTH, get(async |Plain: Plain| Json(UP)))
}

/// Returns the routes to what others think, and how far they are trusted.
fn opinions<C: Control>() -> Router<Shared<C>> {
    Router::new()
        .route(
            "/v1/ask",
            post(async |Asked(app): Asked<C>, Body(it): Body<AskRequest>| {
                app.answer(Request::Ask(it.indicator)).await
            }),
        )
        .route(
            "/v1/trust",
            get(async |Asked(app): Asked<C>, Named(peer)| app.answer(Request::Trust(peer)).await)
                .post(async |Asked(app): Asked<C>, Body(it)| {
                    app.answer(Request::SetTrust(it)).await
                })
                .delete(async |Asked(app): Asked<C>, Named(peer)| {
                    app.answer(Request::ForgetTrust(peer)).await
                }),
        )
}

/// Returns the routes to what was seen and done.
fn past<C: Control>() -> Router<Shared<C>> {
    Router::new()
        .route(
            "/v1/audit/verify",
            get(async |Asked(app): Asked<C>, Plain| app.answer(Request::VerifyAudit).await),
        )
        .route(
            "/v1/history",
            get(async |Asked(app): Asked<C>, History(it)| app.answer(Request::History(it)).await),
        )
        .route(
            "/v1/history/groups",
            get(async |Asked(app): Asked<C>, HistoryGroups(it)| {
                app.answer(Request::HistoryGroups(it)).await
            }),
        )
}

impl<C: Control> App<C> {
    async fn import(self, request: ImportRequest) -> Response {
        if request.entries.len() > IMPORT_ENTRIES_MAX {
            let message = format!("entries: {IMPORT_ENTRIES_MAX} at most; send several requests");
            return ApiError::new(ErrorCode::TooLarge, message).into_response();
        }
        self.answer(Request::Import(request)).await
    }

    /// Asks the node and shows what it says.
    async fn answer(self, request: Request) -> Response {
        let call = self.control.call(self.caller, request);
        let silence = || ApiError::new(ErrorCode::Timeout, "the node did not answer in time");
        let answer = timeout(ANSWER_TIMEOUT, call).await;
        let answer = answer.unwrap_or_else(|_| Err(silence()));
        let mut response = answer.map(Json::<Reply>).into_response();
        let seq = HeaderValue::from(self.control.events().seq());
        response.headers_mut().insert(EVENT_SEQ_HEADER, seq);
        response
    }
}

/// What is said to whoever asks whether the node is there.
const UP: Health = Health { status: "up" };

#[derive(Serialize)]
struct Health {
    status: &'static str,
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let code = self.code;
        let mut response = (code.status(), Json(self)).into_response();
        let headers = response.headers_mut();
        if code == ErrorCode::Unauthenticated {
            let realm = HeaderValue::from_static("Bearer realm=\"aegis\"");
            headers.insert(header::WWW_AUTHENTICATE, realm);
        }
        if code.is_for_later() {
            // In a second there is room again, or it is known that there is none.
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}
