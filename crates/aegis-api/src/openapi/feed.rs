//! What goes in and comes out of the routes for feeds.

use serde_json::{Value, json};

use super::{
    operations::{Operation, delete, get, post, required},
    schemas::{any, closed, of},
};
use crate::{ErrorCode, Scope};

/// Returns what can be asked about feeds.
pub(super) fn operations() -> Vec<Operation> {
    let admin = |it: Operation| it.for_scope(Scope::Admin);
    vec![
        get("/v1/feeds", "Feeds that are subscribed to", of("FeedList")),
        admin(post(
            "/v1/feeds",
            "Subscribe to a feed",
            "FeedAddRequest",
            "FeedLine",
        ))
        .may([ErrorCode::Taken]),
        delete(
            "/v1/feeds",
            "End that, and free what it lists",
            "FeedRemoved",
        )
        .takes([required("name", of("FeedName"))]),
        admin(post(
            "/v1/feeds/refresh",
            "Fetch a feed now",
            "FeedRefreshRequest",
            "FeedLine",
        ))
        .may([ErrorCode::NotFound, ErrorCode::TooFast]),
    ]
}

/// Returns their schemas.
pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    let maybe = |it: Value| json!({ "anyOf": [it, { "type": "null" }] });
    let text = |bytes_max: u32| json!({ "type": ["string", "null"], "maxLength": bytes_max });
    let url = json!({ "type": ["string", "null"], "maxLength": 1024, "pattern": "^https?://" });
    let interval = json!({ "type": "integer", "minimum": 60, "maximum": 604_800 });
    let trust = json!({ "type": "integer", "minimum": 1, "maximum": 100 });
    let name = [("name", of("FeedName"))];
    vec![
        (
            "FeedName",
            json!({ "type": "string", "pattern": "^[a-z0-9-]{1,16}$" }),
        ),
        (
            "FeedAddRequest",
            closed(
                &name,
                &[
                    ("url", url),
                    ("kind", text(16)),
                    ("key_file", text(4096)),
                    ("key_header", text(64)),
                    ("interval_secs", maybe(interval)),
                    ("trust", maybe(trust)),
                ],
            ),
        ),
        (
            "FeedRefreshRequest",
            closed(&name, &[("accept", json!({ "type": "boolean" }))]),
        ),
        (
            "FeedLine",
            any(&[
                "name",
                "kind",
                "url",
                "interval_secs",
                "trust",
                "under_way",
                "next_at",
                "failures",
                "alarms",
            ]),
        ),
        ("FeedList", any(&["feeds", "built_in", "need_key"])),
        ("FeedRemoved", any(&["name", "was_there"])),
    ]
}
