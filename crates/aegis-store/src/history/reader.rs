//! Searching the history beside whoever writes it.

use std::sync::Arc;

use aegis_core::{HistoryEntry, HistoryId, Severity};
use rusqlite::{Connection, Row};

use super::query::{self, Condition, GroupBy, HistoryFilter, HistoryGroup};
use crate::{
    AuditReport, StoreError,
    audit::{self, actor},
    lock::StoreLock,
    open,
    read::{CorruptRow, column, time, timestamp},
};

/// Entries of one answer at most.
const ENTRIES_MAX: usize = 10_000;

/// A view of a store's history on a connection of its own, for any thread.
#[derive(Debug)]
pub struct HistoryReader {
    connection: Connection, // before the lock, so that it is closed first
    _lock: Arc<StoreLock>,
}

impl HistoryReader {
    pub(crate) fn open(lock: Arc<StoreLock>) -> Result<Self, StoreError> {
        let connection = open::beside(lock.path()).map_err(StoreError::read)?;
        connection
            .pragma_update(None, "query_only", true)
            .map_err(StoreError::read)?;
        Ok(Self {
            connection,
            _lock: lock,
        })
    }

    /// Returns the newest `limit` entries, 10,000 at most, that the filter leaves and that come
    /// before `before`; newest first.
    ///
    /// A row that cannot be read is skipped and logged.
    pub fn entries(
        &self,
        filter: &HistoryFilter,
        before: Option<HistoryId>,
        limit: usize,
    ) -> Result<Vec<(HistoryId, HistoryEntry)>, StoreError> {
        let mut condition = Condition::of(filter);
        if let Some(before) = before {
            condition.before(before);
        }
        let sql = format!(
            "SELECT seq, at, kind, actor, indicator, threat_type, severity, until, detail
             FROM history {} ORDER BY at DESC, seq DESC LIMIT {}",
            condition.sql(),
            limit.min(ENTRIES_MAX)
        );
        let rows = || -> rusqlite::Result<Vec<_>> {
            let mut statement = self.connection.prepare(&sql)?;
            let rows = statement.query_map(&condition.values()[..], |row| Ok(entry(row)))?;
            rows.collect()
        };
        Ok(whole(rows().map_err(StoreError::read)?))
    }

    /// Recomputes the chain of the audit log, as [`Store::audit_verify`](crate::Store::audit_verify)
    /// does.
    pub fn audit_verify(&self) -> Result<AuditReport, StoreError> {
        let verify = || {
            // One view of it, whatever is written meanwhile.
            let view = self.connection.unchecked_transaction()?;
            audit::verify(&view)
        };
        verify().map_err(StoreError::read)
    }

    /// Counts what the filter leaves by `by`: the largest `limit` groups, 10,000 at most, the
    /// largest first; of days the latest, latest first.
    pub fn groups(
        &self,
        filter: &HistoryFilter,
        by: &GroupBy,
        limit: usize,
    ) -> Result<Vec<HistoryGroup>, StoreError> {
        let groups = query::groups(&self.connection, filter, by, limit);
        Ok(whole(groups.map_err(StoreError::read)?))
    }
}

/// Returns what could be read, and logs the rest.
fn whole<T>(rows: Vec<Result<T, CorruptRow>>) -> Vec<T> {
    let log = |CorruptRow(column)| {
        tracing::warn!(column, "Skipped a corrupt row of the history");
    };
    let rows = rows.into_iter().map(|it| it.map_err(log));
    rows.filter_map(Result::ok).collect()
}

fn entry(row: &Row<'_>) -> Result<(HistoryId, HistoryEntry), CorruptRow> {
    let at = time(row, "at")?;
    let seq = u64::try_from(column::<i64>(row, "seq")?).map_err(|_| CorruptRow("seq"))?;
    let text = |name: &'static str| column::<Option<String>>(row, name);
    let parsed = |it: String| it.parse().map_err(|_| CorruptRow("indicator"));
    let severity: Option<u8> = column(row, "severity")?;
    let until: Option<i64> = column(row, "until")?;
    let kind: String = column(row, "kind")?;
    let entry = HistoryEntry {
        at,
        kind: kind.parse().map_err(|_| CorruptRow("kind"))?,
        actor: actor(&column::<String>(row, "actor")?).ok_or(CorruptRow("actor"))?,
        indicator: text("indicator")?.map(parsed).transpose()?,
        threat_type: text("threat_type")?
            .map(|it| it.parse().map_err(|_| CorruptRow("threat_type")))
            .transpose()?,
        severity: severity
            .map(|it| Severity::new(it).ok_or(CorruptRow("severity")))
            .transpose()?,
        until: until
            .map(|it| timestamp(it).ok_or(CorruptRow("until")))
            .transpose()?,
        detail: column(row, "detail")?,
    };
    Ok((HistoryId { at, seq }, entry))
}
