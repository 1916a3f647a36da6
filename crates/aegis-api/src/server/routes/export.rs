//! The routes for other programs: lists in their formats, the TAXII server, the feed of MISP, and the
//! blocklist as CrowdSec's mirror has it.

use std::{convert::Infallible, sync::Arc};

use aegis_core::Timestamp;
use axum::{
    Router,
    body::{Body, Bytes},
    extract::{FromRequestParts, Path},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header, request::Parts},
    response::{IntoResponse as _, Response},
    routing::{any, get},
};
use futures::stream;
use serde_json::json;
use tokio::{sync::OwnedSemaphorePermit, time::timeout};

use super::{ANSWER_TIMEOUT, App, Asked, Shared, input};
use crate::{
    ApiError, Control, EXPORT_FORMATS, ErrorCode, ExportBody, ExportFilter, ExportRequest,
    Exported, TaxiiRequest,
    export::{Conditions, Deflating, RawExportFilter},
    lapi::{ListFile, Pairs},
};

/// Where these routes are: there a key may be shown as a password, too.
const PLACES: [&str; 4] = ["/v1/export/", "/taxii2", "/misp/", "/security/blocklist"];

/// Where the TAXII server is.
const TAXII: &str = "/taxii2";

/// What its answers are, and its errors.
const TAXII_TYPE: &str = "application/taxii+json;version=2.1";

/// Pieces that are small together are sent in one go.
const ONE_GO_BYTES: usize = 64 * 1024;

/// The entries of `?ipv4only=&ipv6only=&origin=&min_severity=`.
struct Filtered(ExportFilter);

/// Returns the routes.
pub(super) fn routes<C: Control>() -> Router<Shared<C>> {
    Router::new()
        .route("/v1/export/{format}", get(list::<C>))
        .route("/misp/{file}", get(misp::<C>))
        .route("/security/blocklist", get(blocklist::<C>))
        .route(TAXII, any(taxii::<C>))
        .route("/taxii2/", any(taxii::<C>))
        .route("/taxii2/{*path}", any(taxii::<C>))
}

/// Returns whether a key may be shown as a password at this path.
pub(in crate::server) fn takes_passwords(path: &str) -> bool {
    PLACES.iter().any(|it| path.starts_with(it))
}

impl<S: Send + Sync> FromRequestParts<S> for Filtered {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let raw: RawExportFilter = input::query(parts)?;
        let filter = raw.parse();
        filter
            .map(Self)
            .map_err(|(field, why)| input::invalid(field, why))
    }
}

async fn list<C: Control>(
    Asked(app): Asked<C>,
    Filtered(filter): Filtered,
    Path(format): Path<String>,
    headers: HeaderMap,
) -> Response {
    let known = EXPORT_FORMATS.into_iter().find(|it| it.0 == format);
    let Some((format, _)) = known else {
        let message = "there is no such format";
        return ApiError::new(ErrorCode::NotFound, message).into_response();
    };
    app.hand_over(ExportRequest::List { format, filter }, &headers)
        .await
}

async fn misp<C: Control>(
    Asked(app): Asked<C>,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Response {
    app.hand_over(ExportRequest::Misp(file), &headers).await
}

async fn blocklist<C: Control>(
    Asked(app): Asked<C>,
    uri: Uri,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let (exported, permit) = match app.export(ExportRequest::Decisions).await {
        Ok(exported) => exported,
        Err(error) => return error.into_response(),
    };
    let ExportBody::Decisions(decisions) = exported.body else {
        return ApiError::new(ErrorCode::Internal, "these are no decisions").into_response();
    };
    let now = exported.version.map_or(Timestamp::EPOCH, |it| it.now);
    let list = match ListFile::new(decisions, &Pairs::of(&uri), now) {
        Ok(list) => list,
        Err(error) => {
            return ApiError::new(ErrorCode::InvalidRequest, error.to_string()).into_response();
        }
    };
    let head = Exported {
        body: ExportBody::Decisions(Box::new(std::iter::empty())),
        ..exported
    };
    if method == Method::HEAD {
        return answer(&head, std::iter::empty(), permit, &headers);
    }
    answer(&head, list, permit, &headers)
}

async fn taxii<C: Control>(
    Asked(app): Asked<C>,
    uri: Uri,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let path = uri.path().strip_prefix(TAXII).unwrap_or_default();
    let accept: Vec<&str> = headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|it| it.to_str().ok())
        .collect();
    let request = TaxiiRequest {
        is_read: matches!(method, Method::GET | Method::HEAD),
        path: path.trim_start_matches('/').to_owned(),
        pairs: Pairs::of(&uri).into_inner(),
        accept: (!accept.is_empty()).then(|| accept.join(",")),
    };
    match app.export(ExportRequest::Taxii(request)).await {
        Ok((exported, permit)) => deliver(exported, permit, &headers),
        Err(error) => taxii_error(error),
    }
}

/// Returns an error of the node's in the words of the standard.
fn taxii_error(error: ApiError) -> Response {
    let status = error.code.status();
    let said = json!({
        "title": error.code.as_str(),
        "description": error.message,
        "http_status": status.as_u16().to_string(),
    });
    let mut response = error.into_response();
    *response.body_mut() = Body::from(said.to_string());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(TAXII_TYPE));
    headers.remove(header::CONTENT_LENGTH);
    response
}

impl<C: Control> App<C> {
    async fn hand_over(self, request: ExportRequest, headers: &HeaderMap) -> Response {
        match self.export(request).await {
            Ok((exported, permit)) => deliver(exported, permit, headers),
            Err(error) => error.into_response(),
        }
    }

    /// Asks the node for something, once it is this request's turn.
    async fn export(
        &self,
        request: ExportRequest,
    ) -> Result<(Exported, OwnedSemaphorePermit), ApiError> {
        let export = async {
            let turn = Arc::clone(&self.export_slots).acquire_owned().await;
            let busy = |_| ApiError::new(ErrorCode::Busy, "the node stops");
            let permit = turn.map_err(busy)?;
            let exported = self.control.export(self.caller, request).await?;
            Ok((exported, permit))
        };
        let silence = || ApiError::new(ErrorCode::Busy, "too many lists are being written");
        let exported = timeout(ANSWER_TIMEOUT, export).await;
        exported.unwrap_or_else(|_| Err(silence()))
    }
}

fn deliver(exported: Exported, permit: OwnedSemaphorePermit, headers: &HeaderMap) -> Response {
    let Exported { body, .. } = exported;
    let head = Exported {
        body: ExportBody::Decisions(Box::new(std::iter::empty())),
        ..exported
    };
    match body {
        ExportBody::Text(pieces) => answer(&head, pieces.map(String::into_bytes), permit, headers),
        ExportBody::Decisions(_) => {
            ApiError::new(ErrorCode::Internal, "these are not in any format").into_response()
        }
    }
}

/// Answers with pieces, unless the client has them already.
fn answer(
    exported: &Exported,
    pieces: impl Iterator<Item = Vec<u8>> + Send + 'static,
    permit: OwnedSemaphorePermit,
    headers: &HeaderMap,
) -> Response {
    let conditions = Conditions(headers);
    if let Some(version) = &exported.version
        && conditions.has(version)
    {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        version.describe(response.headers_mut());
        return response;
    }
    let is_deflated = conditions.takes_gzip();
    let body = if is_deflated {
        body(Deflating::new(pieces), permit)
    } else {
        body(pieces, permit)
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(exported.status).unwrap_or_default();
    let told = response.headers_mut();
    let media_type = HeaderValue::from_static(exported.media_type);
    told.insert(header::CONTENT_TYPE, media_type);
    told.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    if is_deflated {
        told.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    if let Some(version) = &exported.version {
        version.describe(told);
    }
    for (name, value) in &exported.headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            told.insert(HeaderName::from_static(name), value);
        }
    }
    response
}

/// Returns what is sent of pieces: all in one go where they are few, or one after another.
fn body(
    mut pieces: impl Iterator<Item = Vec<u8>> + Send + 'static,
    permit: OwnedSemaphorePermit,
) -> Body {
    let mut head = Vec::new();
    while head.len() < ONE_GO_BYTES {
        match pieces.next() {
            Some(piece) => head.extend(piece),
            None => return Body::from(head),
        }
    }
    let state = (Some(head), pieces, permit);
    let rest = stream::unfold(state, async |(head, mut pieces, permit)| {
        // Whoever shares this thread has a turn between two pieces.
        tokio::task::yield_now().await;
        let piece = head.or_else(|| pieces.next())?;
        Some((
            Ok::<_, Infallible>(Bytes::from(piece)),
            (None, pieces, permit),
        ))
    });
    Body::from_stream(rest)
}
