//! The links of the chain: what a hash covers, and where the chain ends.

use aegis_core::AuditEntry;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{AuditHash, actor_text, shortened};
use crate::write::millis;

/// Separates these hashes from every other use of BLAKE3.
const HASH_CONTEXT: &str = "aegis-store 2026-11 audit log row";

/// What the first row is chained to.
pub(super) const GENESIS: AuditHash = AuditHash([0; 32]);

/// A row as the table holds it, whatever it says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct RawRow {
    pub(super) seq: i64,
    pub(super) at: i64,
    pub(super) actor: String,
    pub(super) action: String,
    pub(super) indicator: Option<String>,
    pub(super) detail: String,
}

impl RawRow {
    pub(super) fn of(seq: i64, entry: &AuditEntry) -> Self {
        Self {
            seq,
            at: millis(entry.at),
            actor: actor_text(&entry.actor),
            action: entry.action.as_str().to_owned(),
            indicator: entry.indicator.map(|it| it.to_string()),
            detail: shortened(&entry.detail).to_owned(),
        }
    }

    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            seq: row.get("seq")?,
            at: row.get("at")?,
            actor: row.get("actor")?,
            action: row.get("action")?,
            indicator: row.get("indicator")?,
            detail: row.get("detail")?,
        })
    }

    /// Returns the hash over this row and, by way of `before`, all rows before it.
    ///
    /// Numbers are 8 bytes, little-endian; texts come after their length, a missing one as the
    /// length that no text can have, so that no two rows give the same bytes.
    pub(super) fn hash(&self, before: AuditHash) -> AuditHash {
        let mut hasher = blake3::Hasher::new_derive_key(HASH_CONTEXT);
        hasher.update(&before.0);
        hasher.update(&self.seq.to_le_bytes());
        hasher.update(&self.at.to_le_bytes());
        let texts = [
            Some(&self.actor),
            Some(&self.action),
            self.indicator.as_ref(),
            Some(&self.detail),
        ];
        for text in texts {
            let length = text.map_or(u64::MAX, |it| it.len() as u64);
            hasher.update(&length.to_le_bytes());
            hasher.update(text.map_or(&[], |it| it.as_bytes()));
        }
        AuditHash(*hasher.finalize().as_bytes())
    }
}

/// Where the chain ends: the number and hash of its last row.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Head {
    pub(super) seq: i64,
    pub(super) hash: AuditHash,
}

impl Head {
    /// The end of an empty chain.
    pub(super) const START: Self = Self {
        seq: 0,
        hash: GENESIS,
    };

    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let head = connection
            .prepare_cached("SELECT seq, hash FROM audit_head WHERE only = 1")?
            .query_row([], |row| {
                Ok(Self {
                    seq: row.get(0)?,
                    hash: AuditHash(row.get(1)?),
                })
            })
            .optional()?;
        Ok(head.unwrap_or(Self::START))
    }

    pub(super) fn write(self, connection: &Connection) -> rusqlite::Result<()> {
        connection
            .prepare_cached(
                "INSERT OR REPLACE INTO audit_head (only, seq, hash) VALUES (1, ?1, ?2)",
            )?
            .execute(params![self.seq, self.hash.0])?;
        Ok(())
    }

    /// Writes `row` after this end of the chain and returns the new end.
    pub(super) fn append(self, connection: &Connection, row: &RawRow) -> rusqlite::Result<Self> {
        let hash = row.hash(self.hash);
        connection
            .prepare_cached(
                "INSERT INTO audit (seq, at, actor, action, indicator, detail, hash)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                row.seq,
                row.at,
                row.actor,
                row.action,
                row.indicator,
                row.detail,
                hash.0
            ])?;
        Ok(Self { seq: row.seq, hash })
    }
}
