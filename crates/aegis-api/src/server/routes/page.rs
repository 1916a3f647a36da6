//! The routes to charts, and to the page that draws them.

use axum::{
    Json, Router,
    response::{IntoResponse as _, Response},
    routing::{get, post},
};

use super::{
    App, Asked, Shared,
    input::{Cursor, Plain},
};
use crate::{ChartRequest, Control, Request};

/// Returns the routes.
pub(super) fn routes<C: Control>() -> Router<Shared<C>> {
    Router::new()
        .route(
            "/v1/chart/traffic",
            get(async |Asked(app): Asked<C>, Plain| {
                app.answer(Request::Chart(ChartRequest::Traffic)).await
            }),
        )
        .route(
            "/v1/chart/trust",
            get(async |Asked(app): Asked<C>, Cursor(page)| {
                app.answer(Request::Chart(ChartRequest::Trust(page))).await
            }),
        )
        .route(
            "/v1/page/link",
            post(async |Asked(app): Asked<C>, Plain| app.page_link().await),
        )
}

impl<C: Control> App<C> {
    async fn page_link(self) -> Response {
        let link = self.control.page_link(self.caller).await;
        link.map(Json).into_response()
    }
}
