//! What goes in and comes out of the routes for other programs. TAXII, MISP and CrowdSec's mirror are
//! described by those who made them.

use serde_json::{Map, Value, json};

use super::{
    operations::{Operation, get, query},
    schemas::of,
};
use crate::{EXPORT_FORMATS, ErrorCode, ExportFilter};

const LIST: &str = "/v1/export/{format}";

/// Returns what other programs ask for.
pub(super) fn operations() -> Vec<Operation> {
    let flag = || json!({ "type": "string", "enum": ["", "true", "false"] });
    let formats = EXPORT_FORMATS.map(|it| it.0);
    let list = get(
        LIST,
        "What is blocked, in another program's format",
        Value::Null,
    );
    vec![
        list.takes([
            json!({
                "name": "format",
                "in": "path",
                "required": true,
                "schema": { "type": "string", "enum": formats },
            }),
            query("ipv4only", flag()),
            query("ipv6only", flag()),
            query(
                "origin",
                json!({ "type": "string", "enum": ExportFilter::origins() }),
            ),
            query("min_severity", of("Severity")),
        ])
        .may([ErrorCode::NotFound]),
    ]
}

/// Writes into the document what a list is in each format, and that a client may have it already.
pub(super) fn amend(paths: &mut Map<String, Value>) {
    let mut content = Map::new();
    for (name, media_type) in EXPORT_FORMATS {
        let schema = match name {
            "stix" => json!({ "type": "object", "required": ["type", "id", "objects"] }),
            _ => json!({ "type": "string" }),
        };
        content.insert(media_type.to_owned(), json!({ "schema": schema }));
    }
    let text = json!({ "schema": { "type": "string" } });
    let headers = json!({ "ETag": text, "Last-Modified": text });
    let responses = &mut paths[LIST]["get"]["responses"];
    responses["200"] = json!({
        "description": "What was asked for.",
        "headers": headers,
        "content": content,
    });
    responses["304"] = json!({
        "description": "The list that `If-None-Match` or `If-Modified-Since` names is still the one.",
        "headers": headers,
    });
}
