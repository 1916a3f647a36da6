//! What goes in and comes out of the routes for programs of the host, and for safety.

use aegis_core::{HostName, ReportSource};
use serde_json::{Value, json};

use super::{
    operations::{OF_GUARDS, Operation, delete, get, post, query, required},
    schemas::{any, closed, of},
};
use crate::{ErrorCode, REPORTS_MAX, Scope};

/// A name in the DNS: labels with dots between and at most one behind, of which the last is no number.
const HOST_NAME: &str = concat!(
    "^((?![A-Za-z0-9_-]{64})[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?\\.)*",
    "(?!0[xX]|[0-9]+\\.?$|[A-Za-z0-9_-]{64})[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?\\.?$",
);

/// Returns what programs of the host ask for.
#[expect(clippy::too_many_lines, reason = "a table reads better whole")]
pub(super) fn operations() -> Vec<Operation> {
    let admin = |it: Operation| it.for_scope(Scope::Admin);
    let decide = |it: Operation| it.may(OF_GUARDS).for_scope(Scope::Decide);
    let mode = |path, summary| Operation {
        body: None,
        ..admin(post(path, summary, "EnforceRequest", "ModeState"))
    };
    let may = [
        ErrorCode::TableFull,
        ErrorCode::Protected,
        ErrorCode::TooWide,
        ErrorCode::NotFound,
    ];
    vec![
        decide(post(
            "/v1/reports",
            "Report what this host saw",
            "ReportsRequest",
            "ReportOutcomes",
        )),
        decide(post(
            "/v1/reports/withdraw",
            "Take a report back",
            "ReportWithdrawRequest",
            "ReportWithdrawn",
        )),
        get("/v1/logins", "Who logged in", of("LoginList")),
        decide(post(
            "/v1/preview",
            "The bytes that would be sent",
            "PreviewRequest",
            "Preview",
        )),
        admin(post(
            "/v1/enforce",
            "Drop from now on",
            "EnforceRequest",
            "ModeState",
        )),
        mode("/v1/confirm", "Keep what is on trial"),
        mode("/v1/observe", "Drop nothing from now on"),
        get(
            "/v1/protected",
            "What nobody blocks, and why",
            of("ProtectedList"),
        ),
        get(
            "/v1/allow/names",
            "Names that are never blocked",
            of("AllowNameList"),
        ),
        admin(post(
            "/v1/allow/names",
            "Never block what a name stands for",
            "AllowNameRequest",
            "AllowName",
        ))
        .may(may),
        delete("/v1/allow/names", "End that", "NameDisallowed")
            .takes([required("name", of("HostName"))]),
        get(
            "/v1/regions",
            "Countries and autonomous systems that are blocked",
            of("RegionList"),
        ),
        admin(post(
            "/v1/regions",
            "Block one",
            "RegionRequest",
            "RegionBlock",
        ))
        .may(may),
        delete("/v1/regions", "End that", "RegionUnblocked")
            .takes([required("region", of("Region"))]),
        get(
            "/v1/summary",
            "What was blocked, or would have been",
            of("Summary"),
        )
        .takes([
            query("since", of("Moment")),
            query("would_have_blocked", json!({ "type": "boolean" })),
        ]),
        Operation {
            body: None,
            ..admin(post(
                "/v1/config/reload",
                "Read the configuration anew",
                "EnforceRequest",
                "Reloaded",
            ))
        },
    ]
}

/// Returns their schemas.
#[expect(clippy::too_many_lines, reason = "a table reads better whole")]
pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    let yes_no = || json!({ "type": "boolean" });
    let secs = json!({ "type": "integer", "minimum": 1, "maximum": u32::MAX });
    let maybe = |it: Value| json!({ "anyOf": [it, { "type": "null" }] });
    let day = json!({ "type": ["integer", "null"], "minimum": 1, "maximum": 86_400 });
    let report = closed(
        &[
            ("indicator", of("Indicator")),
            ("threat_type", of("ThreatType")),
            ("source", of("ReportSource")),
        ],
        &[
            ("severity", maybe(of("Severity"))),
            ("duration_secs", day),
            ("evidence", of("Evidence")),
            (
                "events",
                json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX }),
            ),
            ("reason", of("Description")),
            ("share", yes_no()),
            ("restored", yes_no()),
        ],
    );
    let reports = json!({ "type": "array", "minItems": 1, "maxItems": REPORTS_MAX, "items": of("ReportRequest") });
    let withdraw = [
        ("indicator", of("Indicator")),
        ("source", of("ReportSource")),
    ];
    let name = [("name", of("HostName"))];
    let region = [("region", of("Region")), ("duration_secs", secs.clone())];
    vec![
        (
            "ReportSource",
            json!({
                "type": "string",
                "pattern": format!("^[A-Za-z0-9_.:@/-]{{1,{}}}$", ReportSource::CHARS_MAX),
            }),
        ),
        (
            "HostName",
            json!({
                "description": "Labels of at most 63 characters; the last is no number, as an address ends with one.",
                "type": "string",
                "maxLength": HostName::CHARS_MAX,
                "pattern": HOST_NAME,
            }),
        ),
        (
            "Region",
            json!({
                "description": "A country as two letters (ISO 3166-1), or an autonomous system such as AS64500.",
                "type": "string",
                "pattern": "^([A-Za-z]{2}|(AS|as)?[0-9]{1,9})$",
            }),
        ),
        ("ReportRequest", report),
        ("ReportsRequest", closed(&[("reports", reports)], &[])),
        ("ReportWithdrawRequest", closed(&withdraw, &[])),
        (
            "PreviewRequest",
            json!({ "oneOf": [
                closed(&[("publish", of("PublishRequest"))], &[]),
                closed(&[("report", of("ReportRequest"))], &[]),
            ] }),
        ),
        (
            "EnforceRequest",
            closed(&[], &[("confirm_secs", maybe(secs))]),
        ),
        (
            "AllowNameRequest",
            closed(&name, &[("comment", of("Description"))]),
        ),
        ("RegionRequest", closed(&region, &[])),
        ("ReportOutcomes", any(&["reports"])),
        (
            "ReportWithdrawn",
            any(&["indicator", "source", "was_reported"]),
        ),
        ("LoginList", json!({ "type": "object" })),
        ("Preview", json!({ "type": "object" })),
        ("ModeState", any(&["mode", "changed"])),
        ("ProtectedList", json!({ "type": "object" })),
        ("AllowName", any(&["name"])),
        ("AllowNameList", any(&["names"])),
        ("NameDisallowed", any(&["name"])),
        ("RegionBlock", any(&["region", "configured"])),
        ("RegionList", any(&["regions"])),
        ("RegionUnblocked", any(&["region"])),
        ("Summary", json!({ "type": "object" })),
        ("Reloaded", any(&["applied", "needs_restart"])),
    ]
}
