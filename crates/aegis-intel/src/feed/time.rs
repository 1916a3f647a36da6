//! Times as feeds write them: UTC, in more than one spelling.

use aegis_core::Timestamp;

use crate::log::Stamp;

/// Reads `2026-11-20`, `2026-11-20 12:00:00`, `2026-11-20 12:00:00 UTC` and RFC 3339 with or without a zone.
pub(super) fn utc(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let text = text.strip_suffix(" UTC").unwrap_or(text);
    if !text.is_ascii() || text.len() < 10 {
        return None;
    }
    let (date, clock) = text.split_at(10);
    let clock = clock.strip_prefix(['T', ' ']).unwrap_or(clock);
    let clock = if clock.is_empty() { "00:00:00" } else { clock };
    let has_zone = clock.ends_with('Z') || clock.contains(['+', '-']);
    let zone = if has_zone { "" } else { "Z" };
    match Stamp::rfc3339(&format!("{date}T{clock}{zone}"))? {
        Stamp::At(at) => Some(at),
        Stamp::Local { .. } => None,
    }
}
