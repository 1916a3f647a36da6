//! The routes that are about safety.

use aegis_core::{HostName, Region};
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
    input::{Body, Plain, invalid, query},
};
use crate::{ApiError, Control, Request, SafetyRequest, SummaryQuery};

/// The region of `?region=`.
struct OfRegion(Region);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RegionQuery {
    region: String,
}

/// The name of `?name=`.
struct Name(HostName);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NameQuery {
    name: String,
}

/// The summary of `?since=&would_have_blocked=`.
struct Of(SummaryQuery);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSummaryQuery {
    since: Option<String>,
    #[serde(default)]
    would_have_blocked: bool,
}

/// Returns the routes.
pub(super) fn routes<C: Control>() -> Router<Shared<C>> {
    Router::new()
        .route(
            "/v1/enforce",
            post(async |Asked(app): Asked<C>, Body(it)| {
                app.safety(SafetyRequest::Enforce(it)).await
            }),
        )
        .route(
            "/v1/confirm",
            post(async |Asked(app): Asked<C>, Plain| app.safety(SafetyRequest::Confirm).await),
        )
        .route(
            "/v1/observe",
            post(async |Asked(app): Asked<C>, Plain| app.safety(SafetyRequest::Observe).await),
        )
        .route(
            "/v1/protected",
            get(async |Asked(app): Asked<C>, Plain| app.safety(SafetyRequest::Protected).await),
        )
        .route(
            "/v1/allow/names",
            get(async |Asked(app): Asked<C>, Plain| app.safety(SafetyRequest::AllowNames).await)
                .post(async |Asked(app): Asked<C>, Body(it)| {
                    app.safety(SafetyRequest::AllowName(it)).await
                })
                .delete(async |Asked(app): Asked<C>, Name(it)| {
                    app.safety(SafetyRequest::DisallowName(it)).await
                }),
        )
        .route(
            "/v1/regions",
            get(async |Asked(app): Asked<C>, Plain| app.safety(SafetyRequest::Regions).await)
                .post(async |Asked(app): Asked<C>, Body(it)| {
                    app.safety(SafetyRequest::BlockRegion(it)).await
                })
                .delete(async |Asked(app): Asked<C>, OfRegion(it)| {
                    app.safety(SafetyRequest::UnblockRegion(it)).await
                }),
        )
        .route(
            "/v1/summary",
            get(async |Asked(app): Asked<C>, Of(it)| app.safety(SafetyRequest::Summary(it)).await),
        )
}

impl<C: Control> App<C> {
    async fn safety(self, request: SafetyRequest) -> Response {
        self.answer(Request::Safety(request)).await
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Of {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let raw: RawSummaryQuery = query(parts)?;
        let since = raw.since.map(|it| it.parse()).transpose();
        let since = since.map_err(|it| invalid("since", it))?;
        Ok(Self(SummaryQuery {
            since: since.unwrap_or_else(|| SummaryQuery::default().since),
            would_have_blocked: raw.would_have_blocked,
        }))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Name {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let NameQuery { name } = query(parts)?;
        name.parse().map(Self).map_err(|it| invalid("name", it))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for OfRegion {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let RegionQuery { region } = query(parts)?;
        region.parse().map(Self).map_err(|it| invalid("region", it))
    }
}
