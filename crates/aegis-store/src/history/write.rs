//! History entries to rows.

use aegis_core::{Actor, HistoryEntry, HistoryKind};
use rusqlite::{Connection, params};

use super::net;
use crate::{
    audit::ActorTexts,
    write::{execute, millis},
};

/// The longest detail that is kept; the rest of a longer one is cut off.
const DETAIL_BYTES_MAX: usize = 600;

/// What a row takes beside its texts: its numbers, and its places in the indexes.
const ROW_BYTES: usize = 90;

/// How often a text that is indexed is written.
const KEY_COPIES: usize = 2;

/// Adds the entries, and counts them.
pub(crate) fn append(connection: &Connection, entries: &[&HistoryEntry]) -> rusqlite::Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let (mut rows, mut of_peers, mut bytes) = (0, 0, 0);
    let mut texts = ActorTexts::default();
    for entry in entries {
        rows += 1;
        bytes += insert(connection, entry, texts.of(&entry.actor))?;
        of_peers += i64::from(is_peers(entry));
    }
    execute(
        connection,
        "UPDATE history_size
         SET rows = rows + ?1, peers_rows = peers_rows + ?2, bytes = bytes + ?3",
        params![rows, of_peers, bytes],
    )
}

/// Writes a row and returns how many bytes it takes, about.
fn insert(connection: &Connection, entry: &HistoryEntry, actor: &str) -> rusqlite::Result<i64> {
    let detail = &entry.detail[..entry.detail.floor_char_boundary(DETAIL_BYTES_MAX)];
    let indicator = entry.indicator.map(|it| it.to_string());
    let net = entry.indicator.as_ref().map(net::key);
    let threat_type = entry.threat_type.as_ref().map(|it| it.as_str());
    let bytes = ROW_BYTES
        + actor.len()
        + detail.len()
        + indicator.as_ref().map_or(0, String::len)
        + net.as_ref().map_or(0, |it| it.len() * KEY_COPIES)
        + threat_type.map_or(0, str::len);
    let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
    execute(
        connection,
        "INSERT INTO history (at, kind, actor, indicator, net, threat_type, severity, until,
            detail, is_peers, bytes)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            millis(entry.at),
            entry.kind.as_str(),
            actor,
            indicator,
            net,
            threat_type,
            entry.severity.map(|it| it.value()),
            entry.until.map(millis),
            detail,
            is_peers(entry),
            bytes,
        ],
    )?;
    Ok(bytes)
}

/// Returns whether peers can cause such an entry as often as they like: then it must not push out
/// what this host saw and what its operator did.
fn is_peers(entry: &HistoryEntry) -> bool {
    matches!(entry.actor, Actor::Peer(_)) || entry.kind == HistoryKind::Ended
}
