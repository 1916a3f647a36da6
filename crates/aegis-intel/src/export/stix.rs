//! STIX 2.1 (OASIS): indicators, each with a pattern and the time in which it holds; alone or in a bundle.

use aegis_core::Timestamp;
use serde::Serialize;

use super::{
    Entry, Uuid,
    writing::{Numbered, Plan, Spelling},
};

/// TLP:GREEN, as the specification names it: among those who defend, and not for the public.
const TLP_GREEN: &str = "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da";
/// Who says so. One name for all nodes: which node it was is nobody's business.
pub(super) const AUTHOR: &str = "identity--8d0c0b6e-5a39-4f0e-9f5b-2c6d1e7a4b90";
/// When that identity was made: the same object always, so that readers keep one.
pub(super) const AUTHOR_MADE: &str = "2026-01-01T00:00:00.000Z";

#[derive(Serialize)]
struct Identity {
    #[serde(rename = "type")]
    kind: &'static str,
    spec_version: &'static str,
    id: &'static str,
    created: &'static str,
    modified: &'static str,
    name: &'static str,
    identity_class: &'static str,
}

#[derive(Serialize)]
struct Indicator<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    spec_version: &'static str,
    id: String,
    created_by_ref: &'static str,
    created: String,
    modified: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    revoked: bool,
    name: String,
    indicator_types: [&'static str; 1],
    pattern: String,
    pattern_type: &'static str,
    valid_from: String,
    valid_until: String,
    labels: [&'a str; 1],
    object_marking_refs: [&'static str; 1],
}

pub(super) fn bundle(now: Timestamp, entries: &[Numbered<'_>]) -> Plan {
    let names = entries.iter().map(|(_, it)| it.indicator.to_string());
    let names = names.collect::<String>();
    let id = Uuid::of(&[b"bundle", now.to_string().as_bytes(), names.as_bytes()]);
    let comma = if entries.is_empty() { "" } else { "," };
    let mut plan = Plan::default();
    plan.text(format!(
        "{{\"type\":\"bundle\",\"id\":\"bundle--{id}\",\"objects\":[\n{}{comma}\n",
        identity()
    ));
    plan.entries(entries, Spelling::Values(as_decided));
    plan.text("\n]}\n");
    plan
}

fn as_decided(entry: &Entry) -> String {
    indicator(entry, id(entry), entry.decided_at, false)
}

/// Returns the name of the object that a decision is: the same in each export, so that readers see
/// what is new.
pub(super) fn id(entry: &Entry) -> Uuid {
    let (address, decided) = (entry.indicator.to_string(), time(entry.decided_at));
    Uuid::of(&[b"indicator", address.as_bytes(), decided.as_bytes()])
}

/// Returns who says all this.
pub(super) fn identity() -> String {
    json(&Identity {
        kind: "identity",
        spec_version: "2.1",
        id: AUTHOR,
        created: AUTHOR_MADE,
        modified: AUTHOR_MADE,
        name: "AEGIS",
        identity_class: "system",
    })
}

/// Returns the object that a decision is, in the version of `modified_at`.
pub(super) fn indicator(
    entry: &Entry,
    id: Uuid,
    modified_at: Timestamp,
    is_revoked: bool,
) -> String {
    let kind = if entry.indicator.is_ipv4() {
        "ipv4-addr"
    } else {
        "ipv6-addr"
    };
    let decided = time(entry.decided_at);
    let address = entry.indicator.to_string();
    json(&Indicator {
        kind: "indicator",
        spec_version: "2.1",
        id: format!("indicator--{id}"),
        created_by_ref: AUTHOR,
        created: decided.clone(),
        modified: time(modified_at.max(entry.decided_at)),
        revoked: is_revoked,
        name: format!("{address}: {}", entry.threat_type),
        indicator_types: ["malicious-activity"],
        pattern: format!("[{kind}:value = '{address}']"),
        pattern_type: "stix",
        valid_from: decided,
        // It must be later than the start, and a decision of no length is none.
        valid_until: time(entry.expires_at),
        labels: [entry.threat_type.as_str()],
        object_marking_refs: [TLP_GREEN],
    })
}

/// Returns a time with the milliseconds that STIX asks of `created` and `modified`.
pub(super) fn time(at: Timestamp) -> String {
    let millis = at.as_millis() % 1000;
    at.to_string().replace('Z', &format!(".{millis:03}Z"))
}

fn json(value: &impl Serialize) -> String {
    // Cannot fail: no map with odd keys, no number that is none.
    serde_json::to_string(value).unwrap_or_default()
}
