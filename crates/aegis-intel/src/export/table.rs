//! Lists and tables for people and scripts.

use serde::Serialize;

use super::{
    with_length,
    writing::{Numbered, Plan},
};

pub(super) fn plain(entries: &[Numbered<'_>]) -> Plan {
    Plan::lines("", entries, |it, _| it.indicator.to_string())
}

pub(super) fn cidr(entries: &[Numbered<'_>]) -> Plan {
    Plan::lines("", entries, |it, _| with_length(&it.indicator))
}

/// RFC 4180. No field can hold a comma, a quote or a line's end; a threat type may start with `-`, which
/// spreadsheets take for a formula, and then has an apostrophe in front.
pub(super) fn csv(entries: &[Numbered<'_>]) -> Plan {
    let head = "indicator,threat_type,severity,origin,decided_at,expires_at\r\n";
    Plan::lines(head, entries, |it, _| {
        format!(
            "{},{},{},{},{},{}\r",
            it.indicator,
            plain_text(it.threat_type.as_str()),
            it.severity.value(),
            it.origin,
            it.decided_at,
            it.expires_at
        )
    })
}

#[derive(Serialize)]
struct Line {
    indicator: String,
    threat_type: String,
    severity: u8,
    origin: &'static str,
    decided_at: String,
    expires_at: String,
}

pub(super) fn jsonl(entries: &[Numbered<'_>]) -> Plan {
    Plan::lines("", entries, |it, _| {
        let line = Line {
            indicator: it.indicator.to_string(),
            threat_type: it.threat_type.to_string(),
            severity: it.severity.value(),
            origin: it.origin,
            decided_at: it.decided_at.to_string(),
            expires_at: it.expires_at.to_string(),
        };
        serde_json::to_string(&line).unwrap_or_default()
    })
}

fn plain_text(word: &str) -> String {
    if word.starts_with('-') {
        format!("'{word}")
    } else {
        word.to_owned()
    }
}
