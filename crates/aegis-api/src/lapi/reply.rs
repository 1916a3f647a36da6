//! Replies: what every one of them looks like, whatever went wrong.

use std::convert::Infallible;

use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::Response,
};
use futures::stream;
use serde::Serialize;

use crate::{ApiError, ErrorCode};

/// Pieces that are small together are sent in one go.
const ONE_GO_BYTES: usize = 64 * 1024;

/// Something went wrong. There is always a message: a bouncer of Debian's dies where it lacks.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) status: StatusCode,
    pub(super) message: String,
}

#[derive(Serialize)]
struct FailureText {
    message: String,
}

impl Failure {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { status, message }
    }

    /// Whoever asks shows nothing that opens this door.
    pub(super) fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "access forbidden")
    }

    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        // A status that the node's own API has for a key that is no good is one that agents do
        // not log in again for.
        let is_door = matches!(error.code, ErrorCode::Unauthenticated | ErrorCode::Denied);
        let status = if is_door {
            StatusCode::FORBIDDEN
        } else {
            error.code.status()
        };
        Self::new(status, error.message)
    }
}

/// Returns the reply to whatever became of a request.
pub(super) fn finish(done: Result<Response, Failure>) -> Response {
    done.unwrap_or_else(|Failure { status, message }| json(status, &FailureText { message }))
}

/// Returns `value` as JSON.
pub(super) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    let (status, body) = match serde_json::to_vec(value) {
        Ok(body) => (status, body),
        Err(_) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            b"{\"message\":\"the reply cannot be written\"}".to_vec(),
        ),
    };
    typed(status, Body::from(body))
}

/// Returns a reply without a body.
pub(super) fn empty(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// Returns JSON that comes in pieces. It is never compressed: some bouncers cannot read that.
pub(super) fn pieces(mut pieces: impl Iterator<Item = Vec<u8>> + Send + 'static) -> Response {
    let mut head = Vec::new();
    while head.len() < ONE_GO_BYTES {
        match pieces.next() {
            Some(piece) => head.extend(piece),
            None => return typed(StatusCode::OK, Body::from(head)),
        }
    }
    let rest = stream::unfold((Some(head), pieces), async |(head, mut pieces)| {
        // Whoever shares this thread has a turn between two pieces.
        tokio::task::yield_now().await;
        let piece = head.or_else(|| pieces.next())?;
        Some((Ok::<_, Infallible>(Bytes::from(piece)), (None, pieces)))
    });
    typed(StatusCode::OK, Body::from_stream(rest))
}

fn typed(status: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}
