//! The routes for programs on the host that saw something.

use axum::{
    Router,
    extract::State,
    routing::{get, post},
};

use super::{
    App,
    input::{Body, Plain},
};
use crate::{Control, ReportsRequest, Request};

/// Returns the routes.
pub(super) fn routes<C: Control>() -> Router<App<C>> {
    type On<C> = State<App<C>>;
    Router::new()
        .route(
            "/v1/logins",
            get(async |State(app): On<C>, Plain| app.answer(Request::Logins).await),
        )
        .route(
            "/v1/reports",
            post(async |State(app): On<C>, Body(it): Body<ReportsRequest>| {
                app.answer(Request::Report(it.reports)).await
            }),
        )
        .route(
            "/v1/preview",
            post(async |State(app): On<C>, Body(it)| app.answer(Request::Preview(it)).await),
        )
        .route(
            "/v1/reports/withdraw",
            post(async |State(app): On<C>, Body(it)| app.answer(Request::WithdrawReport(it)).await),
        )
}
