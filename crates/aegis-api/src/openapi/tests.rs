//! The document names what is served, and nothing else; what it refers to is there.

use serde_json::Value;

use super::{openapi, openapi_text, operations::operations};
use crate::{Scope, server::answers_at};

#[test]
fn the_committed_document_is_what_the_program_writes() {
    let committed = include_str!("../../../../docs/openapi.json");
    assert!(
        committed == openapi_text(),
        "run `cargo xtask tidy --bless`"
    );
}

#[tokio::test]
async fn every_operation_is_served() {
    for it in operations() {
        let method = it.method.to_uppercase();
        let status = answers_at(&method, &it.path).await;
        let is_served = status != 404 && status != 405;
        assert!(is_served, "{method} {} is answered with {status}", it.path);
    }
}

#[test]
fn every_route_of_the_documentation_is_described() {
    let page = include_str!("../../../../docs/cli.md");
    let document = openapi();
    let routes = page.split('`').filter_map(|it| it.split_once(" /v1/"));
    let mut seen = 0;
    for (method, route) in routes.filter(|(it, _)| ["GET", "POST", "DELETE"].contains(it)) {
        let path = format!("/v1/{}", route.split('?').next().unwrap_or_default());
        let operation = &document["paths"][&path][method.to_lowercase()];
        assert!(operation.is_object(), "{method} {path}");
        seen += 1;
    }
    assert!(seen > 30, "{seen}");
}

#[test]
fn what_is_referred_to_is_there() {
    let document = openapi();
    let mut open = vec![&document];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(fields) => {
                if let Some(to) = fields.get("$ref").and_then(Value::as_str) {
                    let place = to.trim_start_matches('#');
                    assert!(document.pointer(place).is_some(), "{to}");
                }
                open.extend(fields.values());
            }
            Value::Array(items) => open.extend(items),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

#[test]
fn a_scope_is_named_for_every_operation() {
    for it in operations() {
        let changes = it.method != "get";
        assert!(
            !changes || it.scope > Scope::Read,
            "{} {}",
            it.method,
            it.path
        );
    }
}
