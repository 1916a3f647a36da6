//! The contract as an OpenAPI 3.1 document: every route with its parameters, body, limits, answers.
//!
//! Written from the constants that the server keeps, so that a limit that changes changes here; a test
//! holds it against the routes.

mod feed;
mod host;
mod operations;
mod schemas;
mod view;

use serde_json::{Map, Value, json};

use self::operations::{Operation, operations};
use crate::ErrorCode;

/// Returns the document.
pub fn openapi() -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for it in operations() {
        let path = paths.entry(it.path.clone()).or_insert_with(|| json!({}));
        path[it.method] = it.describe();
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "AEGIS control contract",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What an AEGIS node can be asked. Over TCP whoever asks shows a key; on the \
                            control socket the kernel says who asks.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" },
        },
        "servers": [{ "url": "http://127.0.0.1:9002" }],
        "security": [{ "bearer": [] }, { "key": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer" },
                "key": { "type": "apiKey", "in": "header", "name": "X-Api-Key" },
            },
            "schemas": schemas::all(),
        },
    })
}

/// Returns the document as it is kept in the repository.
pub fn openapi_text() -> String {
    let document = openapi();
    // Cannot fail: it is a value already.
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

impl Operation {
    fn describe(&self) -> Value {
        let mut told = json!({
            "operationId": self.id(),
            "summary": self.summary,
            "description": format!("Needs a key of the scope `{}`.", self.scope),
            "responses": self.responses(),
        });
        if self.path == "/health" {
            told["description"] = "Needs no key.".into();
            told["security"] = json!([]);
        }
        if !self.parameters.is_empty() {
            told["parameters"] = self.parameters.clone().into();
        }
        if let Some((media_type, schema)) = &self.body {
            told["requestBody"] = json!({
                "required": true,
                "content": { *media_type: { "schema": schema } },
            });
        }
        told
    }

    fn id(&self) -> String {
        let words = self.path.trim_start_matches("/v1").split('/');
        let words: Vec<&str> = words.filter(|it| !it.is_empty()).collect();
        format!("{}_{}", self.method, words.join("_").replace('.', "_"))
    }

    fn responses(&self) -> Value {
        let (media_type, schema) = &self.answer;
        let mut responses = json!({
            "200": {
                "description": "What was asked for.",
                "content": { *media_type: { "schema": schema } },
            },
        });
        let mut statuses: Vec<u16> = self
            .refusals
            .iter()
            .map(|it| it.status().as_u16())
            .collect();
        statuses.sort_unstable();
        statuses.dedup();
        for status in statuses {
            let codes = self
                .refusals
                .iter()
                .filter(|it| it.status().as_u16() == status);
            let codes: Vec<&str> = codes.map(|it| it.as_str()).collect();
            responses[status.to_string()] = json!({
                "description": format!("Refused: {}.", codes.join(", ")),
                "headers": headers(status),
                "content": { "application/json": { "schema": schemas::of("Error") } },
            });
        }
        responses
    }
}

/// Returns the headers that an error of this status carries.
fn headers(status: u16) -> Value {
    if status == ErrorCode::Unauthenticated.status().as_u16() {
        return json!({ "WWW-Authenticate": { "schema": { "type": "string" } } });
    }
    let is_for_later = |it: &ErrorCode| it.is_for_later() && it.status().as_u16() == status;
    if ErrorCode::ALL.iter().any(is_for_later) {
        let description = "In so many seconds it may well be done.";
        return json!({ "Retry-After": {
            "description": description,
            "schema": { "type": "integer", "minimum": 1 },
        } });
    }
    json!({})
}

#[cfg(test)]
mod tests;
