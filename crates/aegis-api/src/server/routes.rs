//! The routes under `/v1`: each parses its input into one [`Request`] and shows one [`Reply`].

mod events;
mod files;
mod input;
mod key;
mod network;
mod organisation;
mod reports;

use std::{sync::Arc, time::Duration};

use aegis_core::Indicator;
use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, State},
    http::{HeaderMap, HeaderValue},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use tokio::{
    sync::{Semaphore, watch},
    time::timeout,
};

use self::input::{Body, Cursor, History, HistoryGroups, Ip, Named, Plain};
use crate::{ApiError, Caller, Control, ErrorCode, Reply, Request, metrics, opinion::AskRequest};

pub use self::{events::EVENT_STREAMS_MAX, input::BODY_TIMEOUT};

/// The largest request body in bytes; the largest that makes sense has two or three thousand.
pub const BODY_BYTES_MAX: usize = 64 * 1024;

/// How long the node may take to answer.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);

/// The header with the number of the last event that happened before the reply, so that a client
/// which also reads events knows when it has seen all that its request caused.
pub(crate) const EVENT_SEQ_HEADER: &str = "aegis-event-seq";

/// What the routes of one connection need.
#[derive(Clone)]
pub(super) struct App<C> {
    pub(super) control: C,
    pub(super) caller: Caller,
    pub(super) event_slots: Arc<Semaphore>,
    pub(super) stopping_rx: watch::Receiver<bool>,
}

type On<C> = State<App<C>>;

/// Returns the routes of one connection.
pub(super) fn router<C: Control>(app: App<C>) -> Router {
    Router::new()
        .route(
            "/v1/status",
            get(async |State(app): On<C>, Plain| app.answer(Request::Status).await),
        )
        .route(
            "/v1/stats",
            get(async |State(app): On<C>, Plain| app.answer(Request::Stats).await),
        )
        .route(
            "/v1/blocks",
            get(async |State(app): On<C>, Cursor(page)| app.answer(Request::Blocks(page)).await),
        )
        .route(
            "/v1/check",
            get(async |State(app): On<C>, Ip(ip)| app.answer(Request::Check(ip)).await),
        )
        .route(
            "/v1/why",
            get(async |State(app): On<C>, Ip(ip)| app.answer(Request::Why(ip)).await),
        )
        .route(
            "/v1/peers",
            get(async |State(app): On<C>, Cursor(page)| app.answer(Request::Peers(page)).await),
        )
        .route(
            "/v1/allow",
            get(async |State(app): On<C>, Cursor(page): Cursor<Indicator>| {
                app.answer(Request::AllowEntries(page)).await
            })
            .post(async |State(app): On<C>, Body(it)| app.answer(Request::Allow(it)).await)
            .delete(async |State(app): On<C>, Ip(ip)| app.answer(Request::Disallow(ip)).await),
        )
        .route(
            "/v1/block",
            post(async |State(app): On<C>, Body(it)| app.answer(Request::Block(it)).await),
        )
        .route(
            "/v1/publish",
            post(async |State(app): On<C>, Body(it)| app.answer(Request::Publish(it)).await),
        )
        .route(
            "/v1/unblock",
            post(async |State(app): On<C>, Body(it)| app.answer(Request::Unblock(it)).await),
        )
        .route(
            "/metrics",
            get(async |State(app): On<C>, headers: HeaderMap| {
                metrics::answer(&app.control, app.caller, &headers).await
            }),
        )
        .route(
            "/v1/config/reload",
            post(async |State(app): On<C>, Plain| app.answer(Request::ReloadConfig).await),
        )
        .merge(opinions())
        .merge(past())
        .merge(files::routes::<C>())
        .merge(organisation::routes())
        .merge(network::routes())
        .merge(key::routes())
        .merge(reports::routes())
        .route("/v1/events", get(events::stream::<C>))
        .fallback(async || ApiError::new(ErrorCode::NotFound, "there is no such route"))
        .method_not_allowed_fallback(async || {
            ApiError::new(
                ErrorCode::MethodNotAllowed,
                "the route does not take this method",
            )
        })
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(app)
}

/// Returns the routes to what others think, and how far they are trusted.
fn opinions<C: Control>() -> Router<App<C>> {
    type On<C> = State<App<C>>;
    Router::new()
        .route(
            "/v1/ask",
            post(async |State(app): On<C>, Body(it): Body<AskRequest>| {
                app.answer(Request::Ask(it.indicator)).await
            }),
        )
        .route(
            "/v1/trust",
            get(async |State(app): On<C>, Named(peer)| app.answer(Request::Trust(peer)).await)
                .post(async |State(app): On<C>, Body(it)| app.answer(Request::SetTrust(it)).await)
                .delete(async |State(app): On<C>, Named(peer)| {
                    app.answer(Request::ForgetTrust(peer)).await
                }),
        )
}

/// Returns the routes to what was seen and done.
fn past<C: Control>() -> Router<App<C>> {
    type On<C> = State<App<C>>;
    Router::new()
        .route(
            "/v1/audit/verify",
            get(async |State(app): On<C>, Plain| app.answer(Request::VerifyAudit).await),
        )
        .route(
            "/v1/history",
            get(async |State(app): On<C>, History(it)| app.answer(Request::History(it)).await),
        )
        .route(
            "/v1/history/groups",
            get(async |State(app): On<C>, HistoryGroups(it)| {
                app.answer(Request::HistoryGroups(it)).await
            }),
        )
}

impl<C: Control> App<C> {
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

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.code.status(), Json(self)).into_response()
    }
}
