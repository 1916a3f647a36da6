//! The links of the chain: what a hash covers, where the chain begins and where it ends.

use aegis_core::AuditEntry;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{AuditHash, shortened};
use crate::write::millis;

/// Separates these hashes from every other use of BLAKE3.
const HASH_CONTEXT: &str = "aegis-store 2026-11 audit log row";

/// The action of a row that says that the rows before some number are no longer in the store.
pub(super) const CUT: &str = "cut";

/// No log gets here by itself; a mark beyond it is not ours, and arithmetic on it would overflow.
const SEQ_MAX: i64 = 1 << 53;

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
    pub(super) fn of(seq: i64, entry: &AuditEntry, actor: String) -> Self {
        Self {
            seq,
            at: millis(entry.at),
            actor,
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

/// A link of the chain: the number and hash of a row.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Link {
    pub(super) seq: i64,
    pub(super) hash: AuditHash,
}

/// A link that is kept apart from the rows, so that rows missing at either end are missed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Mark {
    /// The last row that was cut off the start.
    Base,
    /// The last row written.
    Head,
}

impl Mark {
    const fn table(self) -> &'static str {
        match self {
            Self::Base => "audit_base",
            Self::Head => "audit_head",
        }
    }
}

impl Link {
    /// What the first row is chained to.
    pub(super) const START: Self = Self {
        seq: 0,
        hash: AuditHash([0; 32]),
    };

    /// Reads a kept link; where there is none, the chain begins or ends at its start.
    ///
    /// So does it where somebody made nonsense of the mark: the log must go on, and `verify`
    /// tells that the mark and the rows do not agree.
    pub(super) fn read(connection: &Connection, mark: Mark) -> rusqlite::Result<Self> {
        let sql = format!("SELECT seq, hash FROM {} WHERE only = 1", mark.table());
        let link = connection
            .prepare_cached(&sql)?
            .query_row([], |row| Ok(Self::from_row(row).ok()))
            .optional()?;
        let link = link.flatten().filter(|it| (0..=SEQ_MAX).contains(&it.seq));
        Ok(link.unwrap_or(Self::START))
    }

    pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            seq: row.get("seq")?,
            hash: AuditHash(row.get("hash")?),
        })
    }

    pub(super) fn write(self, connection: &Connection, mark: Mark) -> rusqlite::Result<()> {
        let sql = format!(
            "INSERT OR REPLACE INTO {} (only, seq, hash) VALUES (1, ?1, ?2)",
            mark.table()
        );
        let mut statement = connection.prepare_cached(&sql)?;
        statement.execute(params![self.seq, self.hash.0])?;
        Ok(())
    }

    /// Writes `row` after this link and returns the link that it makes.
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

    /// Returns what a cut row says when this is the last link cut off.
    pub(super) fn cut_detail(self) -> String {
        format!("{} {}", self.seq, self.hash)
    }
}
