//! How much the store keeps, and what goes first when it is more.

use aegis_core::{ACCESS_KEYS_MAX, Timestamp};
use rusqlite::Connection;

use crate::write::millis;

/// Live alerts: what all peers may have alive at once within their budgets. At the 4 KiB an
/// alert may have this is 0.8 GB, at the usual 400 bytes 0.1 GB.
const ALERT_ROWS_MAX: i64 = 200_000;

/// Decisions: what the largest blocklist of the kernel holds, about 0.2 GB.
const DECISION_ROWS_MAX: i64 = 1_000_000;

/// Unblocks: made by hand, each alive for a day or so.
const UNBLOCKED_ROWS_MAX: i64 = 100_000;

/// Peers: far more than a node has connections, enough to find the network again after weeks.
const PEER_ROWS_MAX: i64 = 2_000;

/// A table with a bound and the order in which its rows go.
struct Bound {
    table: &'static str,
    rows_max: i64,
    /// SQL terms, first to go first.
    first_to_go: &'static str,
    /// The primary key, in SQL.
    key: &'static str,
}

/// Peers whose trust is kept: five times those that are known at once, since a liar that comes
/// back after a crowd of others must still be known.
const TRUST_ROWS_MAX: i64 = 10_000;

/// Announcements of files: more than the catalogue holds, which says what is forgotten.
const FILE_ANNOUNCEMENT_ROWS_MAX: i64 = 10_000;

/// Memberships: what the Engine knows at once, and this node's own.
const MEMBERSHIP_ROWS_MAX: i64 = 9_000;

/// Organisations trusted, founded or heard of: far more than the Engine follows.
const ORGANISATION_ROWS_MAX: i64 = 200;

/// Keys: the node gives out no more.
const ACCESS_KEY_ROWS_MAX: i64 = ACCESS_KEYS_MAX as i64;

/// Reports: each rests on a decision of this node's own, so few are ever beyond this.
const REPORT_ROWS_MAX: i64 = 1_000_000;

const BOUNDS: [Bound; 14] = [
    Bound {
        table: "report",
        rows_max: REPORT_ROWS_MAX,
        first_to_go: "expires_at",
        key: "indicator, source",
    },
    Bound {
        table: "alert",
        rows_max: ALERT_ROWS_MAX,
        first_to_go: "expires_at",
        key: "id",
    },
    Bound {
        table: "decision",
        rows_max: DECISION_ROWS_MAX,
        // Peers' first, so that no flood of alerts pushes out what this host saw for itself.
        first_to_go: "CASE origin WHEN 'operator' THEN 3 WHEN 'detector' THEN 2 WHEN 'feed' THEN 1 WHEN 'import' THEN 1 ELSE 0 END,
            expires_at",
        key: "indicator, origin, author",
    },
    Bound {
        table: "unblocked",
        rows_max: UNBLOCKED_ROWS_MAX,
        first_to_go: "expires_at",
        key: "indicator",
    },
    Bound {
        table: "peer",
        rows_max: PEER_ROWS_MAX,
        // Strangers first: a crowd of them must not make the node forget its configured peers.
        first_to_go: "CASE class WHEN 'configured' THEN 2 WHEN 'lan' THEN 1 ELSE 0 END,
            last_seen_at",
        key: "peer",
    },
    Bound {
        table: "peer_trust",
        rows_max: TRUST_ROWS_MAX,
        // Who earned most goes last: a crowd of new keys must not wash out what others earned.
        first_to_go: "right, kept_at",
        key: "peer",
    },
    Bound {
        table: "pretrust",
        rows_max: TRUST_ROWS_MAX,
        first_to_go: "peer", // the Engine takes no more than these
        key: "peer",
    },
    Bound {
        table: "file_announcement",
        rows_max: FILE_ANNOUNCEMENT_ROWS_MAX,
        first_to_go: "issued_at",
        key: "file, author",
    },
    Bound {
        table: "membership",
        rows_max: MEMBERSHIP_ROWS_MAX,
        first_to_go: "expires_at",
        key: "organisation, member",
    },
    Bound {
        table: "organisation_trusted",
        rows_max: ORGANISATION_ROWS_MAX,
        first_to_go: "trusted_at",
        key: "organisation",
    },
    Bound {
        table: "organisation_founded",
        rows_max: ORGANISATION_ROWS_MAX,
        first_to_go: "founded_at",
        key: "organisation",
    },
    Bound {
        table: "revocation_list",
        rows_max: ORGANISATION_ROWS_MAX,
        first_to_go: "organisation",
        key: "organisation",
    },
    Bound {
        table: "key_ring",
        rows_max: ORGANISATION_ROWS_MAX,
        first_to_go: "organisation",
        key: "organisation",
    },
    Bound {
        table: "access_key",
        rows_max: ACCESS_KEY_ROWS_MAX,
        first_to_go: "created_at",
        key: "name",
    },
];

/// Removes every row whose time is over at `now`.
pub(crate) fn remove_expired(connection: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    for table in [
        "alert",
        "decision",
        "report",
        "allowed",
        "unblocked",
        "file_announcement",
        "membership",
    ] {
        let sql = format!("DELETE FROM {table} WHERE expires_at <= ?1");
        connection.prepare_cached(&sql)?.execute([millis(now)])?;
    }
    Ok(())
}

/// Removes from each table what is beyond its bound.
pub(crate) fn evict(connection: &Connection) -> rusqlite::Result<()> {
    BOUNDS.iter().try_for_each(|it| it.evict(connection))
}

impl Bound {
    fn evict(&self, connection: &Connection) -> rusqlite::Result<()> {
        let table = self.table;
        let rows: i64 =
            connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |it| it.get(0))?;
        let surplus = rows - self.rows_max;
        if surplus <= 0 {
            return Ok(());
        }
        tracing::warn!(table, evicted = surplus, "Store is full, rows evicted");
        let (key, first_to_go) = (self.key, self.first_to_go);
        let sql = format!(
            "DELETE FROM {table} WHERE ({key}) IN
                (SELECT {key} FROM {table} ORDER BY {first_to_go} LIMIT ?1)"
        );
        connection.execute(&sql, [surplus])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
