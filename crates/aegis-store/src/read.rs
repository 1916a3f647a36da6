//! Rows to the types of the core, through their checked constructors.

use std::sync::Arc;

use aegis_core::{
    ALERT_BYTES_MAX, AlertId, AllowEntry, Decision, Evidence, Indicator, KnownPeer, NodeId, Origin,
    PeerClass, Severity, Snapshot, Timestamp, Unblock,
};
use rusqlite::{Connection, Row, types::FromSql};

use crate::{access, file, organisation, report, trust, write::ADDRESS_BYTES_MAX};

/// A row that does not say what it must, with the column where that shows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct CorruptRow(pub(crate) &'static str);

/// What a table gave: what could be read, and how many rows could not.
pub(crate) struct Readout<T> {
    pub(crate) items: Vec<T>,
    pub(crate) corrupt_rows: u64,
}

/// Reads everything there is, always in the same order, and counts the rows that had to be skipped.
pub(crate) fn snapshot(connection: &Connection) -> rusqlite::Result<(Snapshot, u64)> {
    let alerts = read(
        connection,
        "SELECT id, wire, received_at FROM alert ORDER BY rowid",
        alert,
    )?;
    let decisions = read(
        connection,
        "SELECT indicator, origin, author, alert, threat_type, severity, evidence, decided_at,
            expires_at
         FROM decision ORDER BY indicator, origin, author",
        decision,
    )?;
    let reports = report::reports(connection)?;
    let allowlist = read(
        connection,
        "SELECT indicator, added_at, expires_at, comment FROM allowed ORDER BY indicator",
        allow_entry,
    )?;
    let unblocks = read(
        connection,
        "SELECT indicator, unblocked_at, expires_at FROM unblocked ORDER BY indicator",
        unblock,
    )?;
    let peers = read(
        connection,
        "SELECT peer, class, address, first_seen_at, last_seen_at FROM peer
         ORDER BY last_seen_at DESC, peer",
        known_peer,
    )?;
    let trust = read(
        connection,
        "SELECT peer, model, memory, trend, right, kept_at FROM peer_trust
         ORDER BY kept_at DESC, peer",
        trust::kept_trust,
    )?;
    let shared_trust = trust::all_shared(connection)?;
    let pretrust = trust::all_pretrust(connection)?;
    let file_announcements = file::announcements(connection)?;
    let (organisations, corrupt_organisations) = organisation::snapshot(connection)?;
    let access_keys = access::keys(connection)?;
    let corrupt_rows = corrupt_organisations
        + access_keys.corrupt_rows
        + alerts.corrupt_rows
        + decisions.corrupt_rows
        + reports.corrupt_rows
        + allowlist.corrupt_rows
        + unblocks.corrupt_rows
        + peers.corrupt_rows
        + trust.corrupt_rows
        + shared_trust.corrupt_rows
        + pretrust.corrupt_rows
        + file_announcements.corrupt_rows;
    let snapshot = Snapshot {
        alerts: alerts.items,
        decisions: decisions.items,
        reports: reports.items,
        allowlist: allowlist.items,
        unblocks: unblocks.items,
        peers: peers.items,
        trust: trust.items,
        shared_trust: shared_trust.items,
        pretrust: pretrust.items,
        file_announcements: file_announcements.items,
        organisations,
        access_keys: access_keys.items,
    };
    Ok((snapshot, corrupt_rows))
}

/// Runs a query and parses each row, skipping those that are corrupt.
pub(crate) fn read<T>(
    connection: &Connection,
    sql: &str,
    parse: impl Fn(&Row<'_>) -> Result<T, CorruptRow>,
) -> rusqlite::Result<Readout<T>> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut readout = Readout {
        items: Vec::new(),
        corrupt_rows: 0,
    };
    while let Some(row) = rows.next()? {
        match parse(row) {
            Ok(item) => readout.items.push(item),
            Err(CorruptRow(column)) => {
                readout.corrupt_rows += 1;
                tracing::warn!(column, "Skipped a corrupt row of the store");
            }
        }
    }
    Ok(readout)
}

fn alert(row: &Row<'_>) -> Result<(Arc<[u8]>, Timestamp), CorruptRow> {
    let id: [u8; 16] = column(row, "id")?;
    let wire: Vec<u8> = column(row, "wire")?;
    // The id is a hash of the bytes: it tells every change of them.
    if wire.len() > ALERT_BYTES_MAX || AlertId::of(&wire) != AlertId::from_bytes(id) {
        return Err(CorruptRow("wire"));
    }
    Ok((wire.into(), time(row, "received_at")?))
}

fn decision(row: &Row<'_>) -> Result<Decision, CorruptRow> {
    let alert: Option<[u8; 16]> = column(row, "alert")?;
    Ok(Decision {
        indicator: indicator(row)?,
        origin: origin(row)?,
        author: node(row, "author")?,
        alert: alert.map(AlertId::from_bytes),
        threat_type: text(row, "threat_type")?
            .parse()
            .map_err(|_| CorruptRow("threat_type"))?,
        severity: Severity::new(column(row, "severity")?).ok_or(CorruptRow("severity"))?,
        evidence: evidence(row)?,
        decided_at: time(row, "decided_at")?,
        expires_at: time(row, "expires_at")?,
    })
}

fn allow_entry(row: &Row<'_>) -> Result<AllowEntry, CorruptRow> {
    let expires_at: Option<i64> = column(row, "expires_at")?;
    let comment: Option<String> = column(row, "comment")?;
    Ok(AllowEntry {
        indicator: indicator(row)?,
        added_at: time(row, "added_at")?,
        expires_at: expires_at
            .map(|it| timestamp(it).ok_or(CorruptRow("expires_at")))
            .transpose()?,
        comment: comment
            .map(|it| it.parse().map_err(|_| CorruptRow("comment")))
            .transpose()?,
    })
}

fn unblock(row: &Row<'_>) -> Result<Unblock, CorruptRow> {
    Ok(Unblock {
        indicator: indicator(row)?,
        unblocked_at: time(row, "unblocked_at")?,
        expires_at: time(row, "expires_at")?,
    })
}

fn known_peer(row: &Row<'_>) -> Result<KnownPeer, CorruptRow> {
    let address = text(row, "address")?;
    if address.len() > ADDRESS_BYTES_MAX {
        return Err(CorruptRow("address"));
    }
    Ok(KnownPeer {
        peer: node(row, "peer")?,
        class: class(row)?,
        address,
        first_seen_at: time(row, "first_seen_at")?,
        last_seen_at: time(row, "last_seen_at")?,
    })
}

pub(crate) fn indicator(row: &Row<'_>) -> Result<Indicator, CorruptRow> {
    text(row, "indicator")?
        .parse()
        .map_err(|_| CorruptRow("indicator"))
}

fn origin(row: &Row<'_>) -> Result<Origin, CorruptRow> {
    one_of(
        row,
        "origin",
        [
            Origin::Peers,
            Origin::Import,
            Origin::Feed,
            Origin::Detector,
            Origin::Operator,
        ],
        Origin::as_str,
    )
}

pub(crate) fn evidence(row: &Row<'_>) -> Result<Evidence, CorruptRow> {
    one_of(
        row,
        "evidence",
        [Evidence::Spoofable, Evidence::Verified],
        Evidence::as_str,
    )
}

fn class(row: &Row<'_>) -> Result<PeerClass, CorruptRow> {
    one_of(
        row,
        "class",
        [PeerClass::Dht, PeerClass::Lan, PeerClass::Configured],
        PeerClass::as_str,
    )
}

/// Returns the value whose word the column holds.
pub(crate) fn one_of<T: Copy, const N: usize>(
    row: &Row<'_>,
    name: &'static str,
    values: [T; N],
    word: fn(T) -> &'static str,
) -> Result<T, CorruptRow> {
    let text = text(row, name)?;
    let found = values.into_iter().find(|it| word(*it) == text);
    found.ok_or(CorruptRow(name))
}

fn node(row: &Row<'_>, name: &'static str) -> Result<NodeId, CorruptRow> {
    column(row, name).map(NodeId::from_public_key)
}

pub(crate) fn text(row: &Row<'_>, name: &'static str) -> Result<String, CorruptRow> {
    column(row, name)
}

pub(crate) fn time(row: &Row<'_>, name: &'static str) -> Result<Timestamp, CorruptRow> {
    timestamp(column(row, name)?).ok_or(CorruptRow(name))
}

pub(crate) fn timestamp(millis: i64) -> Option<Timestamp> {
    u64::try_from(millis).ok().map(Timestamp::from_millis)
}

pub(crate) fn column<T: FromSql>(row: &Row<'_>, name: &'static str) -> Result<T, CorruptRow> {
    row.get(name).map_err(|_| CorruptRow(name))
}
