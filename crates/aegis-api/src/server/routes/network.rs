//! The routes that are about tickets.

use axum::{
    Router, extract::FromRequestParts, http::request::Parts, response::Response, routing::get,
};
use serde::Deserialize;

use super::{
    App, Asked, Shared,
    input::{Body, Named, Plain, invalid, query},
};
use crate::{ApiError, Control, InvitationId, NetworkRequest, Request};

/// The invitation of `?invitation=`.
struct Of(InvitationId);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InvitationQuery {
    invitation: String,
}

/// Returns the routes.
pub(super) fn routes<C: Control>() -> Router<Shared<C>> {
    Router::new()
        .route(
            "/v1/tickets",
            get(async |Asked(app): Asked<C>, Plain| app.network(NetworkRequest::Invitations).await)
                .post(async |Asked(app): Asked<C>, Body(it)| {
                    app.network(NetworkRequest::Print(it)).await
                })
                .delete(async |Asked(app): Asked<C>, Of(it)| {
                    app.network(NetworkRequest::TakeBack(it)).await
                }),
        )
        .route(
            "/v1/join",
            get(async |Asked(app): Asked<C>, Named(it)| {
                app.network(NetworkRequest::HowFar(it)).await
            })
            .post(async |Asked(app): Asked<C>, Body(it)| {
                app.network(NetworkRequest::Join(it)).await
            }),
        )
}

impl<C: Control> App<C> {
    async fn network(self, request: NetworkRequest) -> Response {
        self.answer(Request::Network(request)).await
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Of {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let InvitationQuery { invitation } = query(parts)?;
        let invitation = invitation.parse();
        invitation.map(Self).map_err(|it| invalid("invitation", it))
    }
}
