//! The routes that are about organisations.

use axum::{
    Router,
    response::Response,
    routing::{get, post},
};

use super::{
    App, Asked, Shared,
    input::{Body, OfOrganisation, Plain},
};
use crate::{Control, OrganisationRequest, Request};

/// Returns the routes.
pub(super) fn routes<C: Control>() -> Router<Shared<C>> {
    Router::new()
        .route(
            "/v1/organisations",
            get(async |Asked(app): Asked<C>, Plain| {
                app.organisation(OrganisationRequest::List).await
            })
            .post(async |Asked(app): Asked<C>, Body(it)| {
                app.organisation(OrganisationRequest::Create(it)).await
            }),
        )
        .route(
            "/v1/organisations/sign",
            post(async |Asked(app): Asked<C>, Body(it)| {
                app.organisation(OrganisationRequest::Sign(it)).await
            }),
        )
        .route(
            "/v1/organisations/join",
            post(async |Asked(app): Asked<C>, Body(it)| {
                app.organisation(OrganisationRequest::Join(it)).await
            })
            .delete(async |Asked(app): Asked<C>, OfOrganisation(it)| {
                app.organisation(OrganisationRequest::Leave(it)).await
            }),
        )
        .route(
            "/v1/organisations/members",
            get(async |Asked(app): Asked<C>, OfOrganisation(it)| {
                app.organisation(OrganisationRequest::Members(it)).await
            }),
        )
        .route(
            "/v1/organisations/trust",
            post(async |Asked(app): Asked<C>, Body(it)| {
                app.organisation(OrganisationRequest::Trust(it)).await
            })
            .delete(async |Asked(app): Asked<C>, OfOrganisation(it)| {
                app.organisation(OrganisationRequest::Distrust(it)).await
            }),
        )
        .route(
            "/v1/organisations/revoke",
            post(async |Asked(app): Asked<C>, Body(it)| {
                app.organisation(OrganisationRequest::Revoke(it)).await
            }),
        )
}

impl<C: Control> App<C> {
    async fn organisation(self, request: OrganisationRequest) -> Response {
        self.answer(Request::Organisation(request)).await
    }
}
