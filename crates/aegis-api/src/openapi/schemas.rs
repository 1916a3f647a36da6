//! What goes in and comes out, with its bounds. What goes in is described to the last field; of what comes
//! out, those fields are named that are always there.

use aegis_core::{AccessScope, Description, KeyName, ThreatType, file::FILE_BYTES_MAX};
use serde_json::{Map, Value, json};

use crate::{ErrorCode, HistoryBy, IMPORT_ENTRIES_MAX, SECRET_BYTES};

/// A text without control characters.
const PRINTABLE: &str = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$";

/// The same without blanks at its ends.
const NAME: &str = concat!(
    "^[^\\s\\u0000-\\u001f\\u007f-\\u009f]",
    "([^\\u0000-\\u001f\\u007f-\\u009f]*[^\\s\\u0000-\\u001f\\u007f-\\u009f])?$",
);

/// Returns a reference to a schema by its name.
pub(super) fn of(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// Returns every schema by its name.
pub(super) fn all() -> Map<String, Value> {
    let mut all = Map::new();
    let of_host = super::host::schemas().into_iter();
    let of_host = of_host.chain(super::view::schemas());
    let of_host = of_host.chain(super::feed::schemas());
    let parts = words().into_iter().chain(requests()).chain(replies());
    let of_page = super::page::schemas();
    for (name, schema) in parts.chain(of_host).chain(of_page) {
        all.insert(name.to_owned(), schema);
    }
    all
}

#[expect(clippy::too_many_lines, reason = "a table reads better whole")]
fn words() -> Vec<(&'static str, Value)> {
    let text = |pattern: &str| json!({ "type": "string", "pattern": pattern });
    let byte = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])";
    let port = "([1-9][0-9]{0,3}|[1-5][0-9]{4})";
    let prefix = format!("^{byte}\\.{byte}\\.{byte}\\.{byte}/([89]|[12][0-9]|3[0-2])$");
    let id = "^12D3KooW[A-HJ-NP-R][1-9A-HJ-NP-Za-km-z]{43}$";
    let codes = ErrorCode::ALL.map(ErrorCode::as_str);
    vec![
        (
            "Indicator",
            json!({
                "description": "An IPv4 or IPv6 address, or a prefix of either such as 192.0.2.0/24.",
                "anyOf": [
                    { "type": "string", "format": "ipv4" },
                    { "type": "string", "format": "ipv6" },
                    { "type": "string", "pattern": prefix },
                ],
            }),
        ),
        ("NodeId", text(id)),
        (
            "HostAddress",
            json!({
                "description": "A host and a port as a multiaddr, for TCP or QUIC.",
                "type": "string",
                "pattern": format!(
                    "^/({}|{}|{})/({}|{})$",
                    format_args!("ip4/{byte}\\.{byte}\\.{byte}\\.{byte}"),
                    "ip6/([0-9a-f]{1,4}:){7}[0-9a-f]{1,4}|ip6/(([0-9a-f]{1,4}:){1,6}|:):[0-9a-f]{1,4}",
                    "dns[46]?/[a-z][a-z0-9.-]{0,62}",
                    format_args!("tcp/{port}"),
                    format_args!("udp/{port}/quic-v1"),
                ),
            }),
        ),
        ("OrganisationId", text(id)),
        ("FileId", text("^[0-9a-f]{64}$")),
        ("InvitationId", text("^[0-9a-f]{8}$")),
        ("HistoryId", text("^[0-9]{1,15}-[0-9]{1,15}$")),
        (
            "Moment",
            json!({
                "description": "So long ago, such as 90s, 15m, 2h, 7d or 4w, or a date or time of UTC.",
                "anyOf": [
                    { "type": "string", "pattern": "^[0-9]{1,9}[smhdw]$" },
                    { "type": "string", "pattern": "^20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])$" },
                ],
            }),
        ),
        (
            "HistoryBy",
            json!({ "enum": HistoryBy::ALL.map(HistoryBy::as_str) }),
        ),
        (
            "ThreatType",
            json!({
                "type": "string",
                "pattern": format!("^[a-z0-9_.-]{{1,{}}}$", ThreatType::CHARS_MAX),
            }),
        ),
        (
            "Severity",
            json!({ "type": "integer", "minimum": 1, "maximum": 10 }),
        ),
        (
            "Evidence",
            json!({ "enum": ["spoofable", "verified", null] }),
        ),
        (
            "Description",
            json!({
                "type": ["string", "null"],
                "maxLength": Description::BYTES_MAX,
                "pattern": PRINTABLE,
                "description": "At most 512 bytes of UTF-8.",
            }),
        ),
        (
            "KeyName",
            text(&format!(
                "^[A-Za-z0-9][A-Za-z0-9._@-]{{0,{}}}$",
                KeyName::BYTES_MAX - 1
            )),
        ),
        (
            "Scope",
            json!({ "enum": AccessScope::ALL.map(AccessScope::as_str) }),
        ),
        ("Role", json!({ "enum": ["member", "publisher"] })),
        (
            "Share",
            json!({ "type": "number", "minimum": 0, "maximum": 1 }),
        ),
        (
            "Error",
            object(
                &[
                    ("code", json!({ "enum": codes })),
                    ("message", json!({ "type": "string" })),
                ],
                &[],
            ),
        ),
        (
            "Health",
            object(&[("status", json!({ "const": "up" }))], &[]),
        ),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table reads better whole")]
fn requests() -> Vec<(&'static str, Value)> {
    let yes_no = || json!({ "type": "boolean" });
    let day = || json!({ "type": "integer", "minimum": 1, "maximum": 86_400 });
    let secs = || json!({ "type": "integer", "minimum": 1, "maximum": u32::MAX });
    let optional_id = || json!({ "anyOf": [of("OrganisationId"), { "type": "null" }] });
    let alert = [
        ("indicator", of("Indicator")),
        ("duration_secs", day()),
        ("threat_type", of("ThreatType")),
        ("severity", of("Severity")),
    ];
    let about_alert = [
        ("evidence", of("Evidence")),
        ("description", of("Description")),
        ("to", optional_id()),
        ("force", yes_no()),
    ];
    let block = [&about_alert[..], &[("publish", yes_no())]].concat();
    let entry = [
        ("indicator", of("Indicator")),
        ("duration_secs", secs()),
        ("threat_type", of("ThreatType")),
    ];
    let entries = json!({
        "type": "array",
        "maxItems": IMPORT_ENTRIES_MAX,
        "items": closed(&entry, &[]),
    });
    let follow = json!({ "type": "integer", "minimum": 0, "maximum": u32::MAX });
    let allow = [
        (
            "duration_secs",
            json!({ "type": ["integer", "null"], "minimum": 1, "maximum": u32::MAX }),
        ),
        ("comment", of("Description")),
    ];
    let word = |pattern: &str| json!({ "type": "string", "pattern": pattern });
    let name = json!({ "type": ["string", "null"], "maxLength": 64, "pattern": NAME });
    let addresses = json!({ "type": "array", "maxItems": 8, "items": of("HostAddress") });
    vec![
        ("BlockRequest", closed(&alert, &block)),
        ("PublishRequest", closed(&alert, &about_alert)),
        (
            "UnblockRequest",
            closed(&alert[..1], &[("withdraw", yes_no())]),
        ),
        ("AskRequest", closed(&alert[..1], &[])),
        ("AllowRequest", closed(&alert[..1], &allow)),
        (
            "ImportRequest",
            closed(
                &[("source", of("Description")), ("entries", entries)],
                &[("follow", follow)],
            ),
        ),
        (
            "TrustRequest",
            closed(
                &[("peer", of("NodeId")), ("trust", of("Share"))],
                &[("fixed", yes_no())],
            ),
        ),
        ("FileQuery", closed(&[("file", of("FileId"))], &[])),
        (
            "FileApplyRequest",
            closed(
                &[("file", of("FileId"))],
                &[
                    ("dry_run", yes_no()),
                    (
                        "format",
                        json!({ "type": ["string", "null"], "maxLength": 16 }),
                    ),
                ],
            ),
        ),
        ("OrganisationCreateRequest", closed(&[], &[("name", name)])),
        (
            "MembershipRequest",
            closed(
                &[
                    ("peer", of("NodeId")),
                    ("role", of("Role")),
                    ("valid_secs", secs()),
                ],
                &[("organisation", optional_id())],
            ),
        ),
        (
            "JoinRequest",
            closed(
                &[("membership", word("^aegis-membership:[A-Za-z0-9_-]+$"))],
                &[],
            ),
        ),
        (
            "OrganisationTrustRequest",
            closed(
                &[
                    ("organisation", of("OrganisationId")),
                    ("weight", of("Share")),
                ],
                &[],
            ),
        ),
        (
            "RevokeRequest",
            closed(
                &[
                    ("organisation", of("OrganisationId")),
                    ("peer", of("NodeId")),
                ],
                &[],
            ),
        ),
        (
            "TicketRequest",
            closed(
                &[
                    ("role", of("Role")),
                    ("membership_secs", secs()),
                    (
                        "valid_secs",
                        json!({ "type": "integer", "minimum": 1, "maximum": 31_622_400 }),
                    ),
                    (
                        "uses",
                        json!({ "type": "integer", "minimum": 1, "maximum": 1000 }),
                    ),
                ],
                &[("organisation", optional_id()), ("addresses", addresses)],
            ),
        ),
        (
            "TicketJoinRequest",
            closed(&[("ticket", word("^aegis1[02-9ac-hj-np-z]+$"))], &[]),
        ),
        (
            "KeyCreateRequest",
            closed(&[("name", of("KeyName")), ("scope", of("Scope"))], &[]),
        ),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table reads better whole")]
fn replies() -> Vec<(&'static str, Value)> {
    let (yes_no, count) = (
        json!({ "type": "boolean" }),
        json!({ "type": "integer", "minimum": 0 }),
    );
    let time = json!({ "type": "string", "format": "date-time" });
    let list = |it: Value| json!({ "type": "array", "items": it });
    let indicator = ("indicator", of("Indicator"));
    let text = json!({ "type": "string" });
    let size = json!({ "type": "integer", "minimum": 0, "maximum": FILE_BYTES_MAX });
    let refusal = object(
        &[
            ("indicator", of("Indicator")),
            ("code", text.clone()),
            ("message", text.clone()),
        ],
        &[],
    );
    let key = [("name", of("KeyName")), ("scope", of("Scope"))];
    let secret = json!({ "type": "string", "minLength": SECRET_BYTES, "maxLength": SECRET_BYTES });
    vec![
        (
            "Page",
            object(
                &[
                    ("items", json!({ "type": "array", "maxItems": 5000 })),
                    ("next", json!({ "type": ["string", "null"] })),
                ],
                &[],
            ),
        ),
        (
            "Blocked",
            object(
                &[
                    indicator.clone(),
                    ("expires_at", time.clone()),
                    ("ttl_secs", count.clone()),
                ],
                &[],
            ),
        ),
        (
            "Published",
            object(
                &[
                    indicator.clone(),
                    ("alert_id", text),
                    ("expires_at", time.clone()),
                ],
                &[],
            ),
        ),
        (
            "Unblocked",
            object(
                &[
                    indicator.clone(),
                    ("was_blocked", yes_no.clone()),
                    ("withdrawn", count.clone()),
                ],
                &[("feeds", list(json!({ "type": "string" })))],
            ),
        ),
        (
            "Check",
            object(&[indicator.clone(), ("blocked", yes_no.clone())], &[]),
        ),
        (
            "AllowEntry",
            object(&[indicator.clone(), ("added_at", time.clone())], &[]),
        ),
        (
            "Disallowed",
            object(&[indicator.clone(), ("was_allowed", yes_no.clone())], &[]),
        ),
        (
            "Imported",
            object(&[("blocked", count), ("refused", list(refusal))], &[]),
        ),
        (
            "KeyCreated",
            object(&[&key[..], &[("secret", secret)]].concat(), &[]),
        ),
        (
            "KeyList",
            object(
                &[(
                    "keys",
                    list(object(&[&key[..], &[("created_at", time)]].concat(), &[])),
                )],
                &[],
            ),
        ),
        (
            "KeyRevoked",
            object(&[("name", of("KeyName")), ("was_there", yes_no)], &[]),
        ),
        (
            "Status",
            any(&[
                "version",
                "node_id",
                "instance",
                "mode",
                "uptime_secs",
                "interfaces",
                "ruleset",
                "blocks_active",
                "memory_bytes",
                "problems",
            ]),
        ),
        (
            "Stats",
            any(&["total", "passed", "dropped", "alerts", "net"]),
        ),
        (
            "Why",
            any(&["indicator", "blocked", "decisions", "refusals", "evidence"]),
        ),
        ("AuditReport", any(&["whole", "rows", "last_seq", "head"])),
        ("NetworkOpinion", json!({ "type": "object" })),
        ("PeerTrust", any(&["peer"])),
        ("TrustForgotten", any(&["peer", "was_known"])),
        ("File", object(&[], &[("size", size)])),
        ("FileForgotten", any(&["file"])),
        ("FileApplied", any(&["file", "dry_run"])),
        ("OrganisationReply", json!({ "type": "object" })),
        ("InvitationList", any(&["invitations"])),
        ("InvitationTakenBack", any(&["invitation", "was_there"])),
        (
            "TicketPrinted",
            any(&["ticket", "invitation", "peer", "uses"]),
        ),
        ("Joining", any(&["peer", "connected", "admission"])),
    ]
}

/// Returns an object that has these fields, whatever they hold, and more to come.
pub(super) fn any(names: &[&'static str]) -> Value {
    let fields: Vec<_> = names.iter().map(|it| (*it, json!({}))).collect();
    object(&fields, &[])
}

/// Returns an object that has these fields, may have those, and more to come.
fn object(required: &[(&'static str, Value)], optional: &[(&'static str, Value)]) -> Value {
    let names: Vec<&str> = required.iter().map(|(name, _)| *name).collect();
    let fields: Map<String, Value> = required
        .iter()
        .chain(optional)
        .map(|(name, schema)| ((*name).to_owned(), schema.clone()))
        .collect();
    json!({ "type": "object", "required": names, "properties": fields })
}

/// Returns an object that has these fields, may have those, and no other.
pub(super) fn closed(
    required: &[(&'static str, Value)],
    optional: &[(&'static str, Value)],
) -> Value {
    let mut schema = object(required, optional);
    schema["additionalProperties"] = false.into();
    schema
}
