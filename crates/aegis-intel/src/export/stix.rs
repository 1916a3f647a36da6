//! STIX 2.1 (OASIS): a bundle of indicators, each with a pattern and the time in which it holds.

use aegis_core::Timestamp;
use serde::Serialize;

use super::{Entry, Export};

/// TLP:GREEN, as the specification names it: among those who defend, and not for the public.
const TLP_GREEN: &str = "marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da";
/// Who says so. One name for all nodes: which node it was is nobody's business.
const AUTHOR: &str = "identity--8d0c0b6e-5a39-4f0e-9f5b-2c6d1e7a4b90";
/// When that identity was made: the same object always, so that readers keep one.
const AUTHOR_MADE: &str = "2026-01-01T00:00:00.000Z";

#[derive(Serialize)]
struct Bundle<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: String,
    objects: Vec<Object<'a>>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Object<'a> {
    Identity {
        #[serde(rename = "type")]
        kind: &'static str,
        spec_version: &'static str,
        id: &'static str,
        created: &'static str,
        modified: &'static str,
        name: &'static str,
        identity_class: &'static str,
    },
    Indicator {
        #[serde(rename = "type")]
        kind: &'static str,
        spec_version: &'static str,
        id: String,
        created_by_ref: &'static str,
        created: String,
        modified: String,
        name: String,
        indicator_types: [&'static str; 1],
        pattern: String,
        pattern_type: &'static str,
        valid_from: String,
        valid_until: String,
        labels: [&'a str; 1],
        object_marking_refs: [&'static str; 1],
    },
}

pub(super) fn bundle(now: Timestamp, entries: &[Entry]) -> Export {
    let mut objects = vec![Object::Identity {
        kind: "identity",
        spec_version: "2.1",
        id: AUTHOR,
        created: AUTHOR_MADE,
        modified: AUTHOR_MADE,
        name: "AEGIS",
        identity_class: "system",
    }];
    objects.extend(entries.iter().map(indicator));
    let names = entries.iter().map(|it| it.indicator.to_string());
    let bundle = Bundle {
        kind: "bundle",
        id: format!(
            "bundle--{}",
            uuid(&[&now.to_string(), &names.collect::<String>()])
        ),
        objects,
    };
    Export {
        text: serde_json::to_string_pretty(&bundle).unwrap_or_default() + "\n",
        written: entries.len(),
        covered: 0,
        left_out: 0,
    }
}

fn indicator(entry: &Entry) -> Object<'_> {
    let kind = if entry.indicator.is_ipv4() {
        "ipv4-addr"
    } else {
        "ipv6-addr"
    };
    let decided = time(entry.decided_at);
    let address = entry.indicator.to_string();
    Object::Indicator {
        kind: "indicator",
        spec_version: "2.1",
        // The same decision is the same object in each export: readers see what is new.
        id: format!("indicator--{}", uuid(&[&address, &decided])),
        created_by_ref: AUTHOR,
        created: decided.clone(),
        modified: decided.clone(),
        name: format!("{address}: {}", entry.threat_type),
        indicator_types: ["malicious-activity"],
        pattern: format!("[{kind}:value = '{address}']"),
        pattern_type: "stix",
        valid_from: decided,
        // It must be later than the start, and a decision of no length is none.
        valid_until: time(entry.expires_at),
        labels: [entry.threat_type.as_str()],
        object_marking_refs: [TLP_GREEN],
    }
}

/// Returns a time with the milliseconds that STIX asks of `created` and `modified`.
fn time(at: Timestamp) -> String {
    at.to_string().replace('Z', ".000Z")
}

/// Returns a UUID of version 4 that depends on `parts` alone: 122 bits of their BLAKE3 hash in place of
/// chance, so that the same thing has the same name.
fn uuid(parts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new_derive_key("aegis 2026 stix identifiers");
    for part in parts {
        hasher.update(&(part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex: String = bytes.iter().map(|it| format!("{it:02x}")).collect();
    let [a, b, c, d, e] = [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ];
    format!("{a}-{b}-{c}-{d}-{e}")
}
