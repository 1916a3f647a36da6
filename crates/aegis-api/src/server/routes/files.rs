//! Routes about files: content streams through them, in and out, and is never held as a whole.

use aegis_core::file::FileId;
use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::FromRequestParts,
    http::{header, request::Parts},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use futures::StreamExt as _;
use serde::Deserialize;
use tokio_stream::wrappers::ReceiverStream;

use super::{
    Asked, Shared,
    input::{self, Cursor, query},
};
use crate::{ApiError, Control, ErrorCode, FileBody, FileContent, FileRequest, Reply, Request};

/// The file of `?file=`.
struct Named(FileId);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileQuery {
    file: String,
}

impl FileQuery {
    fn parse(&self) -> Result<FileId, ApiError> {
        let invalid = |it| ApiError::new(ErrorCode::InvalidRequest, format!("file: {it}"));
        self.file.parse().map_err(invalid)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        query::<FileQuery>(parts)?.parse().map(Self)
    }
}

/// Returns the routes about files.
pub(super) fn routes<C: Control>() -> Router<Shared<C>> {
    let file = |it| Request::File(it);
    Router::new()
        .route(
            "/v1/files",
            get(async move |Asked(app): Asked<C>, Cursor(page)| {
                app.answer(file(FileRequest::List(page))).await
            })
            .post(share::<C>)
            .delete(async move |Asked(app): Asked<C>, Named(it)| {
                app.answer(file(FileRequest::Forget(it))).await
            }),
        )
        .route(
            "/v1/files/one",
            get(async move |Asked(app): Asked<C>, Named(it)| {
                app.answer(file(FileRequest::Show(it))).await
            }),
        )
        .route(
            "/v1/files/fetch",
            post(
                async move |Asked(app): Asked<C>, input::Body(it): input::Body<FileQuery>| match it
                    .parse()
                {
                    Ok(it) => app.answer(file(FileRequest::Fetch(it))).await,
                    Err(error) => error.into_response(),
                },
            ),
        )
        .route(
            "/v1/files/apply",
            post(async move |Asked(app): Asked<C>, input::Body(it)| {
                app.answer(file(FileRequest::Apply(it))).await
            }),
        )
        .route("/v1/files/content", get(content::<C>))
}

/// Takes in a file, however long that takes: who stops sending is given up on.
async fn share<C: Control>(Asked(app): Asked<C>, body: Body) -> Response {
    let (share, body) = match FileBody::read(body).await {
        Ok(it) => it,
        Err(error) => return error.into_response(),
    };
    let shared = app.control.share_file(app.caller, share, body).await;
    shared.map(Json::<Reply>).into_response()
}

async fn content<C: Control>(Asked(app): Asked<C>, Named(file): Named) -> Response {
    let FileContent { size, pieces_rx } = match app.control.file_content(app.caller, file).await {
        Ok(it) => it,
        Err(error) => return error.into_response(),
    };
    let pieces = ReceiverStream::new(pieces_rx).map(|it| it.map(Bytes::from));
    let head = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_LENGTH, size.to_string()),
    ];
    (head, Body::from_stream(pieces)).into_response()
}
