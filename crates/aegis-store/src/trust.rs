//! Trust in peers, written and read.

use std::sync::Arc;

use aegis_core::{
    Confidence, KeptTrust, NodeId, Timestamp,
    trust::model::{Introduction, ModelKind, PEER_MEMORY_BYTES_MAX},
};
use rusqlite::{Connection, Row, params};

use crate::{
    read::{CorruptRow, Readout, column, one_of, read, time},
    write::{execute, millis},
};

/// What a model may keep of all peers together: far more than any does.
const SHARED_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Points of a trend: more than are ever shown.
const TREND_MAX: usize = 256;

/// Bytes of a point of a trend.
const POINT_BYTES: usize = 16;

const MODELS: [ModelKind; 3] = [ModelKind::Aegis, ModelKind::Fides, ModelKind::Dovecot];

pub(crate) fn kept(connection: &Connection, it: &KeptTrust) -> rusqlite::Result<()> {
    let trend: Vec<u8> = it
        .trend
        .iter()
        .rev()
        .take(TREND_MAX)
        .rev()
        .flat_map(|(at, trust)| [at.as_millis().to_le_bytes(), trust.value().to_le_bytes()])
        .flatten()
        .collect();
    execute(
        connection,
        "INSERT OR REPLACE INTO peer_trust (peer, model, memory, trend, right, kept_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            it.peer.public_key(),
            it.model.as_str(),
            &it.memory[..],
            trend,
            i64::try_from(it.right).unwrap_or(i64::MAX),
            millis(it.kept_at),
        ],
    )
}

pub(crate) fn shared_kept(
    connection: &Connection,
    model: ModelKind,
    memory: &[u8],
) -> rusqlite::Result<()> {
    execute(
        connection,
        "INSERT OR REPLACE INTO shared_trust (model, memory) VALUES (?1, ?2)",
        params![model.as_str(), memory],
    )
}

pub(crate) fn pretrust_set(
    connection: &Connection,
    peer: &NodeId,
    it: Introduction,
) -> rusqlite::Result<()> {
    execute(
        connection,
        "INSERT OR REPLACE INTO pretrust (peer, pretrust, is_fixed) VALUES (?1, ?2, ?3)",
        params![peer.public_key(), it.pretrust.value(), it.is_fixed],
    )
}

pub(crate) fn forgotten(connection: &Connection, peer: &NodeId) -> rusqlite::Result<()> {
    for sql in [
        "DELETE FROM peer_trust WHERE peer = ?1",
        "DELETE FROM pretrust WHERE peer = ?1",
    ] {
        execute(connection, sql, params![peer.public_key()])?;
    }
    Ok(())
}

pub(crate) fn kept_trust(row: &Row<'_>) -> Result<KeptTrust, CorruptRow> {
    let memory: Vec<u8> = column(row, "memory")?;
    if memory.len() > PEER_MEMORY_BYTES_MAX {
        return Err(CorruptRow("memory"));
    }
    Ok(KeptTrust {
        peer: column(row, "peer").map(NodeId::from_public_key)?,
        model: model(row)?,
        memory: memory.into(),
        trend: trend(&column::<Vec<u8>>(row, "trend")?).ok_or(CorruptRow("trend"))?,
        right: column::<i64>(row, "right")?
            .try_into()
            .map_err(|_| CorruptRow("right"))?,
        kept_at: time(row, "kept_at")?,
    })
}

pub(crate) fn all_shared(
    connection: &Connection,
) -> rusqlite::Result<Readout<(ModelKind, Arc<[u8]>)>> {
    let sql = "SELECT model, memory FROM shared_trust ORDER BY model";
    read(connection, sql, shared_trust)
}

pub(crate) fn all_pretrust(
    connection: &Connection,
) -> rusqlite::Result<Readout<(NodeId, Introduction)>> {
    let sql = "SELECT peer, pretrust, is_fixed FROM pretrust ORDER BY peer";
    read(connection, sql, pretrust)
}

fn shared_trust(row: &Row<'_>) -> Result<(ModelKind, Arc<[u8]>), CorruptRow> {
    let memory: Vec<u8> = column(row, "memory")?;
    if memory.len() > SHARED_BYTES_MAX {
        return Err(CorruptRow("memory"));
    }
    Ok((model(row)?, memory.into()))
}

fn pretrust(row: &Row<'_>) -> Result<(NodeId, Introduction), CorruptRow> {
    let pretrust = Confidence::new(column(row, "pretrust")?).ok_or(CorruptRow("pretrust"))?;
    let introduction = Introduction {
        pretrust,
        is_fixed: column(row, "is_fixed")?,
    };
    let peer = column(row, "peer").map(NodeId::from_public_key)?;
    Ok((peer, introduction))
}

fn model(row: &Row<'_>) -> Result<ModelKind, CorruptRow> {
    one_of(row, "model", MODELS, ModelKind::as_str)
}

/// Reads the points of a trend; `None` where it is not one.
fn trend(bytes: &[u8]) -> Option<Vec<(Timestamp, Confidence)>> {
    let points = bytes.chunks_exact(POINT_BYTES);
    if !points.remainder().is_empty() || points.len() > TREND_MAX {
        return None;
    }
    let number = |bytes: &[u8]| bytes.try_into().ok();
    let points = points.map(|it| {
        let (at, trust) = it.split_at(8);
        let at = Timestamp::from_millis(u64::from_le_bytes(number(at)?));
        let trust = Confidence::new(f64::from_le_bytes(number(trust)?))?;
        Some((at, trust))
    });
    points.collect()
}
