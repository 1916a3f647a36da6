//! The schema's versions and the way from each to the next.

use rusqlite::{Connection, TransactionBehavior};

/// Marks the file as a store of this program ("AEGS"), in the header that `file(1)` reads.
const APPLICATION_ID: i32 = 0x4145_4753;

/// What leads from each schema to the next: the first makes schema 1 out of an empty file.
///
/// A step that has been released is never changed again; a change is a new step at the end.
pub(crate) const MIGRATIONS: [&str; 8] = [
    include_str!("schema/v1.sql"),
    include_str!("schema/v2.sql"),
    include_str!("schema/v3.sql"),
    include_str!("schema/v4.sql"),
    include_str!("schema/v5.sql"),
    include_str!("schema/v6.sql"),
    include_str!("schema/v7.sql"),
    include_str!("schema/v8.sql"),
];

/// The schema that this build writes.
pub(crate) const NEWEST: u32 = MIGRATIONS.len() as u32;

/// Whose a database is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Identity {
    /// Nobody's yet: it is empty.
    New,
    /// A store of this program with this schema.
    Ours(u32),
    /// Another program's.
    Foreign,
}

/// Finds out whose the database is by reading alone.
pub(crate) fn identify(connection: &Connection) -> rusqlite::Result<Identity> {
    let number = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let application_id = number("PRAGMA application_id")?;
    let user_version = number("PRAGMA user_version")?;
    let tables = number("SELECT count(*) FROM sqlite_schema")?;
    let ours = u32::try_from(user_version).ok().filter(|it| *it > 0);
    Ok(match (application_id == i64::from(APPLICATION_ID), ours) {
        (true, Some(found)) => Identity::Ours(found),
        _ if (application_id, user_version, tables) == (0, 0, 0) => Identity::New,
        (true, None) | (false, _) => Identity::Foreign,
    })
}

/// Takes the steps after schema `found`, each in a transaction of its own with its number, so
/// that a node killed in between goes on where it stood.
pub(crate) fn migrate(
    connection: &mut Connection,
    found: u32,
    migrations: &[&str],
) -> rusqlite::Result<()> {
    for (version, step) in (1u32..).zip(migrations).skip(found as usize) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
        tracing::info!(schema = version, "Store schema brought up to date");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
