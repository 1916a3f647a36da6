//! The routes that are about organisations.

use axum::{
    Router,
    extract::State,
    response::Response,
    routing::{get, post},
};

use super::{
    App,
    input::{Body, OfOrganisation, Plain},
};
use crate::{Control, OrganisationRequest, Request};

/// Returns the routes.
pub(super) fn routes<C: Control>() -> Router<App<C>> {
    type On<C> = State<App<C>>;
    Router::new()
        .route(
            "/v1/organisations",
            get(async |State(app): On<C>, Plain| app.organisation(OrganisationRequest::List).await)
                .post(async |State(app): On<C>, Body(it)| {
                    app.organisation(OrganisationRequest::Create(it)).await
                }),
        )
        .route(
            "/v1/organisations/sign",
            post(async |State(app): On<C>, Body(it)| {
                app.organisation(OrganisationRequest::Sign(it)).await
            }),
        )
        .route(
            "/v1/organisations/join",
            post(async |State(app): On<C>, Body(it)| {
                app.organisation(OrganisationRequest::Join(it)).await
            })
            .delete(async |State(app): On<C>, OfOrganisation(it)| {
                app.organisation(OrganisationRequest::Leave(it)).await
            }),
        )
        .route(
            "/v1/organisations/members",
            get(async |State(app): On<C>, OfOrganisation(it)| {
                app.organisation(OrganisationRequest::Members(it)).await
            }),
        )
        .route(
            "/v1/organisations/trust",
            post(async |State(app): On<C>, Body(it)| {
                app.organisation(OrganisationRequest::Trust(it)).await
            })
            .delete(async |State(app): On<C>, OfOrganisation(it)| {
                app.organisation(OrganisationRequest::Distrust(it)).await
            }),
        )
        .route(
            "/v1/organisations/revoke",
            post(async |State(app): On<C>, Body(it)| {
                app.organisation(OrganisationRequest::Revoke(it)).await
            }),
        )
}

impl<C: Control> App<C> {
    async fn organisation(self, request: OrganisationRequest) -> Response {
        self.answer(Request::Organisation(request)).await
    }
}
