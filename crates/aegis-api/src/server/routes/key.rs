//! The routes that are about keys.

use aegis_core::KeyName;
use axum::{
    Router, extract::FromRequestParts, http::request::Parts, response::Response, routing::get,
};
use serde::Deserialize;

use super::{
    App, Asked, Shared,
    input::{Body, Plain, invalid, query},
};
use crate::{ApiError, Control, KeyRequest, Request};

/// The key of `?name=`.
struct Called(KeyName);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NameQuery {
    name: String,
}

/// Returns the routes.
pub(super) fn routes<C: Control>() -> Router<Shared<C>> {
    Router::new().route(
        "/v1/keys",
        get(async |Asked(app): Asked<C>, Plain| app.key(KeyRequest::List).await)
            .post(async |Asked(app): Asked<C>, Body(it)| app.key(KeyRequest::Create(it)).await)
            .delete(async |Asked(app): Asked<C>, Called(it)| app.key(KeyRequest::Revoke(it)).await),
    )
}

impl<C: Control> App<C> {
    async fn key(self, request: KeyRequest) -> Response {
        self.answer(Request::Key(request)).await
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Called {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let NameQuery { name } = query(parts)?;
        name.parse().map(Self).map_err(|it| invalid("name", it))
    }
}
