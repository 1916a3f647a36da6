//! The routes to rows of lists, sorted and filtered.

use axum::{Router, extract::FromRequestParts, http::request::Parts, routing::get};
use serde::de::DeserializeOwned;

use super::{
    Asked, Shared,
    input::{invalid, query},
};
use crate::{
    ApiError, BlockSort, Control, PeerSort, Request, ViewQuery, ViewRequest, view::RawViewQuery,
};

/// The view of `?sort=&reversed=&text=&offset=&limit=`.
struct Rows<S>(ViewQuery<S>);

/// Returns the routes.
pub(super) fn routes<C: Control>() -> Router<Shared<C>> {
    Router::new()
        .route(
            "/v1/blocks/view",
            get(async |Asked(app): Asked<C>, Rows(it): Rows<BlockSort>| {
                app.answer(Request::View(ViewRequest::Blocks(it))).await
            }),
        )
        .route(
            "/v1/peers/view",
            get(async |Asked(app): Asked<C>, Rows(it): Rows<PeerSort>| {
                app.answer(Request::View(ViewRequest::Peers(it))).await
            }),
        )
}

impl<S, T> FromRequestParts<T> for Rows<S>
where
    S: DeserializeOwned + Default,
    T: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &T) -> Result<Self, ApiError> {
        let raw: RawViewQuery<S> = query(parts)?;
        raw.parse().map(Self).map_err(|it| invalid("text", it))
    }
}
