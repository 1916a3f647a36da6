//! What goes in and comes out of the routes to rows of lists.

use serde_json::{Value, json};

use super::{
    operations::{Operation, get, query},
    schemas::of,
};
use crate::{BlockSort, PeerSort, VIEW_ROWS_DEFAULT, VIEW_TEXT_CHARS_MAX};

/// Returns the routes.
pub(super) fn operations() -> Vec<Operation> {
    vec![
        view("/v1/blocks/view", "Rows of what is blocked", "BlockSort"),
        view("/v1/peers/view", "Rows of the other nodes", "PeerSort"),
    ]
}

fn view(path: &str, summary: &'static str, sort: &str) -> Operation {
    let number = |least: u32, default: u16| json!({ "type": "integer", "minimum": least, "maximum": u32::MAX, "default": default });
    get(path, summary, of("View")).takes([
        query("sort", of(sort)),
        query("reversed", json!({ "type": "boolean", "default": false })),
        query("text", of("ViewText")),
        query("offset", number(0, 0)),
        query("limit", number(1, VIEW_ROWS_DEFAULT.get())),
    ])
}

/// Returns the schemas.
pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    let count = json!({ "type": "integer", "minimum": 0 });
    vec![
        (
            "BlockSort",
            json!({ "enum": BlockSort::ALL.map(BlockSort::as_str) }),
        ),
        (
            "PeerSort",
            json!({ "enum": PeerSort::ALL.map(PeerSort::as_str) }),
        ),
        (
            "ViewText",
            json!({ "type": "string", "minLength": 1, "maxLength": VIEW_TEXT_CHARS_MAX }),
        ),
        (
            "View",
            json!({
                "type": "object",
                "properties": {
                    "total": count,
                    "matching": count,
                    "items": { "type": "array", "maxItems": 5000 },
                },
                "required": ["total", "matching", "items"],
            }),
        ),
    ]
}
