//! A feed of MISP: a manifest, one event with an attribute for each entry, and the hashes of their values.
//!
//! A MISP instance that follows a feed fetches the manifest, then what changed of the events. The event is
//! the same always, so that there is one, with a name that follows from a secret of the node's: two nodes'
//! events are two, and none says whose it is.

use aegis_core::Timestamp;
use md5::{Digest as _, Md5};
use serde::Serialize;
use serde_json::json;

use super::{
    Entry, Uuid,
    writing::{Numbered, Plan, Spelling},
};

/// What the hash is for, so that no other hash of the same secret is the name of an event.
const HASH_CONTEXT: &str = "aegis 2026-11 name of a MISP event";
/// Who says so; one name for all nodes.
const ORGANISATION: &str = "f7a3c5d2-61be-4c0d-8f29-0e4b7d913a65";
/// What the event is called.
const INFO: &str = "AEGIS: sources that are blocked now";

#[derive(Serialize)]
struct Attribute {
    uuid: String,
    r#type: &'static str,
    category: &'static str,
    value: String,
    to_ids: bool,
    timestamp: String,
    comment: String,
}

/// Returns the name of the event of whoever has this secret.
pub fn event_name(secret: &[u8]) -> Uuid {
    let hash = blake3::derive_key(HASH_CONTEXT, secret);
    Uuid::of(&[b"event", &hash])
}

/// Returns the manifest of a feed whose event was last changed at `changed_at`.
pub fn manifest(event: Uuid, changed_at: Timestamp) -> String {
    let manifest = json!({ event.to_string(): about(changed_at) });
    manifest.to_string() + "\n"
}

/// Returns what both the manifest and the event say. Numbers are text, as MISP itself writes them.
fn about(changed_at: Timestamp) -> serde_json::Value {
    json!({
        "info": INFO,
        "date": changed_at.to_string().split('T').next(),
        "analysis": "2",
        "threat_level_id": "2",
        "timestamp": changed_at.as_secs().to_string(),
        "Orgc": { "name": "AEGIS", "uuid": ORGANISATION },
        "Tag": [{ "name": "tlp:green", "colour": "#339900" }],
    })
}

pub(super) fn event(event: Uuid, changed_at: Timestamp, entries: &[Numbered<'_>]) -> Plan {
    let mut about = about(changed_at);
    about["uuid"] = event.to_string().into();
    about["published"] = true.into();
    about["publish_timestamp"] = about["timestamp"].clone();
    let about = about.to_string();
    let mut plan = Plan::default();
    // The list of attributes is the last of its fields.
    let fields = about.strip_suffix('}').unwrap_or(&about);
    plan.text(format!("{{\"Event\":{fields},\"Attribute\":[\n"));
    plan.entries(entries, Spelling::Values(attribute));
    plan.text("\n]}}\n");
    plan
}

fn attribute(entry: &Entry) -> String {
    let value = entry.indicator.to_string();
    let decided_at = entry.decided_at.as_secs().to_string();
    let attribute = Attribute {
        uuid: Uuid::of(&[b"attribute", value.as_bytes(), decided_at.as_bytes()]).to_string(),
        r#type: "ip-src",
        category: "Network activity",
        value,
        to_ids: true,
        timestamp: decided_at,
        comment: format!(
            "{}, severity {}, until {}",
            entry.threat_type, entry.severity, entry.expires_at
        ),
    };
    // Cannot fail: nothing in it but text.
    serde_json::to_string(&attribute).unwrap_or_default()
}

pub(super) fn hashes(event: Uuid, entries: &[Numbered<'_>]) -> Plan {
    let mut plan = Plan::default();
    plan.entries(entries, Spelling::Hashes(event));
    plan
}

/// Returns the line of an entry: MISP finds a value by it before it fetches the event.
pub(super) fn hash(entry: &Entry, event: Uuid) -> String {
    let digest = Md5::digest(entry.indicator.to_string().as_bytes());
    let hex: String = digest.iter().map(|it| format!("{it:02x}")).collect();
    format!("{hex},{event}")
}
