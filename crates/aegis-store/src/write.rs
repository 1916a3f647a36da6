//! Records to rows.

use aegis_core::{
    Alert, AlertId, AllowEntry, Decision, Description, Indicator, KnownPeer, NodeId, Origin,
    Record, Timestamp, Unblock,
};
use rusqlite::{Connection, ToSql, params};

use crate::{StoreError, access, audit, file, history, organisation, report, trust};

/// The longest address of a peer that is kept; the longest real multiaddr is far shorter.
pub(crate) const ADDRESS_BYTES_MAX: usize = 256;

/// Entries of the allowlist: an operator's list by hand and some feeds' worth. Nothing may be
/// evicted from it, since that would let somebody be blocked whom the operator excepted.
pub(crate) const ALLOWED_ROWS_MAX: u64 = 100_000;

/// Returns the time as the database keeps it; beyond 292 million years it saturates.
pub(crate) fn millis(time: Timestamp) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// Writes the records in their order, the audit log's last.
pub(crate) fn records(connection: &Connection, records: &[Record]) -> Result<(), StoreError> {
    let (mut audited, mut happened) = (Vec::new(), Vec::new());
    let mut grows_allowlist = false;
    for record in records {
        match record {
            Record::Audit(entry) => audited.push(entry),
            Record::Happened(entry) => happened.push(entry),
            Record::Allowed(_) => grows_allowlist = true,
            Record::AlertAdded { .. }
            | Record::AlertRemoved(_)
            | Record::DecisionMade(_)
            | Record::DecisionEnded { .. }
            | Record::ReportKept(_)
            | Record::ReportGone { .. }
            | Record::ReportsEnded(_)
            | Record::Disallowed(_)
            | Record::Unblocked(_)
            | Record::UnblockEnded(_)
            | Record::PeerSeen(_)
            | Record::TrustKept(_)
            | Record::SharedTrustKept { .. }
            | Record::PretrustSet { .. }
            | Record::TrustForgotten(_)
            | Record::FileAnnounced(_)
            | Record::FileAnnouncementGone { .. }
            | Record::Organisation(_)
            | Record::Access(_) => {}
        }
        row(connection, record).map_err(StoreError::write)?;
    }
    if grows_allowlist {
        refuse_full_allowlist(connection)?;
    }
    history::append(connection, &happened).map_err(StoreError::write)?;
    audit::append(connection, &audited).map_err(StoreError::write)
}

/// Writes the row that a record is about.
fn row(connection: &Connection, record: &Record) -> rusqlite::Result<()> {
    match record {
        Record::AlertAdded { alert, received_at } => alert_added(connection, alert, *received_at),
        Record::AlertRemoved(id) => alert_removed(connection, *id),
        Record::DecisionMade(decision) => decision_made(connection, decision),
        Record::DecisionEnded {
            indicator,
            origin,
            author,
        } => decision_ended(connection, *indicator, *origin, *author),
        Record::ReportKept(it) => report::kept(connection, it),
        Record::ReportGone { indicator, source } => report::gone(connection, *indicator, source),
        Record::ReportsEnded(indicator) => report::ended(connection, *indicator),
        Record::Allowed(entry) => allowed(connection, entry),
        Record::Disallowed(indicator) => disallowed(connection, *indicator),
        Record::Unblocked(unblock) => unblocked(connection, unblock),
        Record::UnblockEnded(indicator) => unblock_ended(connection, *indicator),
        Record::PeerSeen(peer) => peer_seen(connection, peer),
        Record::TrustKept(kept) => trust::kept(connection, kept),
        Record::SharedTrustKept { model, memory } => trust::shared_kept(connection, *model, memory),
        Record::PretrustSet { peer, introduction } => {
            trust::pretrust_set(connection, peer, *introduction)
        }
        Record::TrustForgotten(peer) => trust::forgotten(connection, peer),
        Record::Happened(_) => Ok(()), // counted together by `records`
        Record::FileAnnounced(it) => file::announced(connection, it),
        Record::FileAnnouncementGone { file, author } => file::gone(connection, file, author),
        Record::Organisation(it) => organisation::row(connection, it),
        Record::Access(it) => access::row(connection, it),
        Record::Audit(_) => Ok(()), // chained to the rest of its kind by `records`
    }
}

/// The first arrival counts: the same id is the same bytes.
fn alert_added(
    connection: &Connection,
    alert: &Alert,
    received_at: Timestamp,
) -> rusqlite::Result<()> {
    execute(
        connection,
        "INSERT OR IGNORE INTO alert (id, author, indicator, received_at, expires_at, wire)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            alert.id().as_bytes(),
            alert.author().public_key(),
            alert.statement().indicator.to_string(),
            millis(received_at),
            millis(alert.statement().expires_at()),
            &alert.wire()[..],
        ],
    )
}

fn alert_removed(connection: &Connection, id: AlertId) -> rusqlite::Result<()> {
    execute(
        connection,
        "DELETE FROM alert WHERE id = ?1",
        params![id.as_bytes()],
    )
}

fn decision_made(connection: &Connection, decision: &Decision) -> rusqlite::Result<()> {
    execute(
        connection,
        "INSERT OR REPLACE INTO decision (indicator, origin, author, alert, threat_type,
            severity, evidence, decided_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            decision.indicator.to_string(),
            decision.origin.as_str(),
            decision.author.public_key(),
            decision.alert.as_ref().map(AlertId::as_bytes),
            decision.threat_type.as_str(),
            decision.severity.value(),
            decision.evidence.as_str(),
            millis(decision.decided_at),
            millis(decision.expires_at),
        ],
    )
}

fn decision_ended(
    connection: &Connection,
    indicator: Indicator,
    origin: Origin,
    author: NodeId,
) -> rusqlite::Result<()> {
    execute(
        connection,
        "DELETE FROM decision WHERE indicator = ?1 AND origin = ?2 AND author = ?3",
        params![indicator.to_string(), origin.as_str(), author.public_key()],
    )
}

fn allowed(connection: &Connection, entry: &AllowEntry) -> rusqlite::Result<()> {
    execute(
        connection,
        "INSERT OR REPLACE INTO allowed (indicator, added_at, expires_at, comment)
         VALUES (?1, ?2, ?3, ?4)",
        params![
            entry.indicator.to_string(),
            millis(entry.added_at),
            entry.expires_at.map(millis),
            entry.comment.as_ref().map(Description::as_str),
        ],
    )
}

fn refuse_full_allowlist(connection: &Connection) -> Result<(), StoreError> {
    let rows: i64 = connection
        .query_row("SELECT count(*) FROM allowed", [], |row| row.get(0))
        .map_err(StoreError::write)?;
    if rows.unsigned_abs() > ALLOWED_ROWS_MAX {
        return Err(StoreError::Full {
            table: "allowlist",
            rows_max: ALLOWED_ROWS_MAX,
        });
    }
    Ok(())
}

fn disallowed(connection: &Connection, indicator: Indicator) -> rusqlite::Result<()> {
    execute(
        connection,
        "DELETE FROM allowed WHERE indicator = ?1",
        params![indicator.to_string()],
    )
}

fn unblocked(connection: &Connection, unblock: &Unblock) -> rusqlite::Result<()> {
    execute(
        connection,
        "INSERT OR REPLACE INTO unblocked (indicator, unblocked_at, expires_at)
         VALUES (?1, ?2, ?3)",
        params![
            unblock.indicator.to_string(),
            millis(unblock.unblocked_at),
            millis(unblock.expires_at),
        ],
    )
}

fn unblock_ended(connection: &Connection, indicator: Indicator) -> rusqlite::Result<()> {
    execute(
        connection,
        "DELETE FROM unblocked WHERE indicator = ?1",
        params![indicator.to_string()],
    )
}

/// A peer seen again keeps the time of its first visit.
fn peer_seen(connection: &Connection, peer: &KnownPeer) -> rusqlite::Result<()> {
    if peer.address.len() > ADDRESS_BYTES_MAX {
        tracing::debug!(peer = %peer.peer, "Peer not remembered, its address is too long");
        return Ok(());
    }
    execute(
        connection,
        "INSERT INTO peer (peer, class, address, first_seen_at, last_seen_at)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (peer) DO UPDATE SET
            class = excluded.class,
            address = excluded.address,
            first_seen_at = min(first_seen_at, excluded.first_seen_at),
            last_seen_at = excluded.last_seen_at",
        params![
            peer.peer.public_key(),
            peer.class.as_str(),
            peer.address,
            millis(peer.first_seen_at),
            millis(peer.last_seen_at),
        ],
    )
}

pub(crate) fn execute(
    connection: &Connection,
    sql: &str,
    values: &[&dyn ToSql],
) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute(values)?;
    Ok(())
}
