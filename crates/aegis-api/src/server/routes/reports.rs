//! The routes for programs on the host that saw something.

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};

use super::{
    Asked, Shared,
    input::{Body, Plain},
};
use crate::{Control, REPORTS_BYTES_MAX, ReportsRequest, Request};

/// Returns the routes.
pub(super) fn routes<C: Control>() -> Router<Shared<C>> {
    Router::new()
        .route(
            "/v1/logins",
            get(async |Asked(app): Asked<C>, Plain| app.answer(Request::Logins).await),
        )
        .route(
            "/v1/reports",
            post(
                async |Asked(app): Asked<C>, Body(it): Body<ReportsRequest>| {
                    app.answer(Request::Report(it.reports)).await
                },
            )
            .layer(DefaultBodyLimit::max(REPORTS_BYTES_MAX)),
        )
        .route(
            "/v1/preview",
            post(async |Asked(app): Asked<C>, Body(it)| app.answer(Request::Preview(it)).await),
        )
        .route(
            "/v1/reports/withdraw",
            post(async |Asked(app): Asked<C>, Body(it)| {
                app.answer(Request::WithdrawReport(it)).await
            }),
        )
}
