//! What a request carries, parsed before the node hears of it.

mod whole;

use std::{fmt::Display, str::FromStr, time::Duration};

use aegis_core::{Indicator, NodeId, OrganisationId};
use axum::{
    Json,
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Query, rejection::JsonRejection},
    http::{HeaderMap, StatusCode, header, request::Parts},
};
use serde::{Deserialize, de::DeserializeOwned};
use tokio::time::timeout;

use crate::{
    ApiError, ErrorCode, HistoryGroupsQuery, HistoryQuery,
    history::RawHistoryQuery,
    page::{PageQuery, RawPageQuery},
};

/// How long the body of a request may take to arrive.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(10);

/// A JSON body.
pub(super) struct Body<T>(pub(super) T);

/// The address or prefix of `?ip=`.
pub(super) struct Ip(pub(super) Indicator);

/// The peer of `?peer=`.
pub(super) struct Named(pub(super) NodeId);

/// The organisation of `?organisation=`.
pub(super) struct OfOrganisation(pub(super) OrganisationId);

/// The page of `?limit=&after=`.
pub(super) struct Cursor<K>(pub(super) PageQuery<K>);

/// Entries of the history: `?ip=&since=&until=&limit=&after=`.
pub(super) struct History(pub(super) HistoryQuery);

/// Entries of the history, counted: `?by=&ip=&since=&until=&limit=`.
pub(super) struct HistoryGroups(pub(super) HistoryGroupsQuery);

/// No query at all.
pub(super) struct Plain;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IpQuery {
    ip: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PeerQuery {
    peer: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OrganisationQuery {
    organisation: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlainQuery {}

impl<T, S> FromRequest<S> for Body<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request(request: axum::extract::Request, state: &S) -> Result<Self, ApiError> {
        if !is_json(request.headers()) {
            let message = "the body must be JSON: `Content-Type: application/json`";
            return Err(ApiError::new(ErrorCode::UnsupportedMediaType, message));
        }
        let Ok(body) = timeout(BODY_TIMEOUT, Bytes::from_request(request, state)).await else {
            let message = "the body did not arrive in time";
            return Err(ApiError::new(ErrorCode::TooSlow, message));
        };
        let body = body.map_err(|rejection| {
            let code = match rejection.status() {
                StatusCode::PAYLOAD_TOO_LARGE => ErrorCode::TooLarge,
                _ => ErrorCode::InvalidRequest,
            };
            ApiError::new(code, rejection.body_text())
        })?;
        read(&body).map(Self)
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|it| it.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}

/// Reads a body. A whole number is one however it is written: 60.0 is 60.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let read = match Json::<T>::from_bytes(body) {
        Err(JsonRejection::JsonDataError(error)) => match whole::written_as_such(body) {
            Some(body) => Json::<T>::from_bytes(&body),
            None => Err(error.into()),
        },
        read => read,
    };
    let invalid = |it: JsonRejection| ApiError::new(ErrorCode::InvalidRequest, it.body_text());
    read.map(|Json(value)| value).map_err(invalid)
}

impl<S: Send + Sync> FromRequestParts<S> for Ip {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let IpQuery { ip } = query(parts)?;
        ip.parse().map(Self).map_err(|it| invalid("ip", it))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let PeerQuery { peer } = query(parts)?;
        peer.parse().map(Self).map_err(|it| invalid("peer", it))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for OfOrganisation {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let OrganisationQuery { organisation } = query(parts)?;
        let organisation = organisation.parse();
        organisation
            .map(Self)
            .map_err(|it| invalid("organisation", it))
    }
}

impl<K, S> FromRequestParts<S> for Cursor<K>
where
    K: FromStr<Err: Display>,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let raw: RawPageQuery = query(parts)?;
        raw.parse().map(Self).map_err(|it| invalid("after", it))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for History {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let raw: RawHistoryQuery = query(parts)?;
        raw.entries()
            .map(Self)
            .map_err(|(field, why)| invalid(field, why))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for HistoryGroups {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let raw: RawHistoryQuery = query(parts)?;
        raw.groups()
            .map(Self)
            .map_err(|(field, why)| invalid(field, why))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Plain {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        query(parts).map(|PlainQuery {}| Self)
    }
}

pub(super) fn query<T: DeserializeOwned>(parts: &Parts) -> Result<T, ApiError> {
    match Query::try_from_uri(&parts.uri) {
        Ok(Query(value)) => Ok(value),
        Err(rejection) => Err(ApiError::new(
            ErrorCode::InvalidRequest,
            rejection.body_text(),
        )),
    }
}

pub(super) fn invalid(field: &str, why: impl Display) -> ApiError {
    ApiError::new(ErrorCode::InvalidRequest, format!("{field}: {why}"))
}
