//! What goes in and comes out of the routes to charts, and to the page that draws them.

use serde_json::{Value, json};

use super::{
    operations::{Operation, get, pages, post},
    schemas::{any, of},
};
use crate::Scope;

/// Returns the routes.
pub(super) fn operations() -> Vec<Operation> {
    let link = post(
        "/v1/page/link",
        "A link to the node's page that lets in whoever has it, once",
        "PageLink",
        "PageLink",
    );
    vec![
        get(
            "/v1/chart/traffic",
            "What the kernel counted over the last days",
            of("TrafficChart"),
        ),
        get(
            "/v1/chart/trust",
            "How far peers were trusted over the last days",
            of("Page"),
        )
        .takes(pages("NodeId")),
        Operation {
            body: None,
            ..link.for_scope(Scope::Admin)
        },
    ]
}

/// Returns their schemas.
pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    vec![
        ("PageLink", any(&["url", "valid_secs"])),
        ("TrafficChart", json!({ "type": "object" })),
    ]
}
