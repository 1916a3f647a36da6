//! The routes that are about feeds.

use axum::{
    Router,
    extract::FromRequestParts,
    http::request::Parts,
    response::Response,
    routing::{get, post},
};
use serde::Deserialize;

use super::{
    App, Asked, Shared,
    input::{Body, Plain, query},
};
use crate::{ApiError, Control, FeedRequest, Request};

/// The feed of `?name=`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Called {
    name: String,
}

/// Returns the routes.
pub(super) fn routes<C: Control>() -> Router<Shared<C>> {
    Router::new()
        .route(
            "/v1/feeds",
            get(async |Asked(app): Asked<C>, Plain| app.feed(FeedRequest::List).await)
                .post(async |Asked(app): Asked<C>, Body(it)| {
                    app.feed(FeedRequest::Add(Box::new(it))).await
                })
                .delete(async |Asked(app): Asked<C>, it: Called| {
                    app.feed(FeedRequest::Remove(it.name)).await
                }),
        )
        .route(
            "/v1/feeds/refresh",
            post(async |Asked(app): Asked<C>, Body(it)| app.feed(FeedRequest::Refresh(it)).await),
        )
}

impl<C: Control> App<C> {
    async fn feed(self, request: FeedRequest) -> Response {
        self.answer(Request::Feed(request)).await
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Called {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        query(parts)
    }
}
