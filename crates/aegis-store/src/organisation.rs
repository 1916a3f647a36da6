//! Organisations, written and read. What was signed stays in its bytes and is verified again by
//! whoever reads it.

use std::sync::Arc;

use aegis_core::{
    Confidence, FoundedOrganisation, OrganisationId, OrganisationRecord, OrganisationSnapshot,
    TrustedOrganisation,
};
use rusqlite::{Connection, Row, params};

use crate::{
    read::{CorruptRow, column, read, time},
    write::{execute, millis},
};

/// The longest signed thing that is kept: more than the longest list of revocations.
const WIRE_BYTES_MAX: usize = 128 * 1024;

/// Writes the row that a record is about.
pub(crate) fn row(connection: &Connection, record: &OrganisationRecord) -> rusqlite::Result<()> {
    match record {
        OrganisationRecord::Trusted(it) => execute(
            connection,
            "INSERT OR REPLACE INTO organisation_trusted (organisation, weight, trusted_at)
             VALUES (?1, ?2, ?3)",
            params![it.id.public_key(), it.weight.value(), millis(it.trusted_at)],
        ),
        OrganisationRecord::Distrusted(id) => execute(
            connection,
            "DELETE FROM organisation_trusted WHERE organisation = ?1",
            params![id.public_key()],
        ),
        OrganisationRecord::Founded(it) => execute(
            connection,
            "INSERT OR REPLACE INTO organisation_founded (organisation, name, founded_at, serial)
             VALUES (?1, ?2, ?3, ?4)",
            params![
                it.id.public_key(),
                it.name.as_ref().map(|it| it.as_str().to_owned()),
                millis(it.founded_at),
                i64::try_from(it.serial).unwrap_or(i64::MAX),
            ],
        ),
        OrganisationRecord::MembershipKept(it) => execute(
            connection,
            "INSERT OR REPLACE INTO membership (organisation, member, expires_at, wire)
             VALUES (?1, ?2, ?3, ?4)",
            params![
                it.grant().organisation().public_key(),
                it.grant().member().public_key(),
                millis(it.grant().not_after()),
                &it.wire()[..],
            ],
        ),
        OrganisationRecord::MembershipGone {
            organisation,
            member,
        } => execute(
            connection,
            "DELETE FROM membership WHERE organisation = ?1 AND member = ?2",
            params![organisation.public_key(), member.public_key()],
        ),
        OrganisationRecord::RevocationsKept(it) => execute(
            connection,
            "INSERT OR REPLACE INTO revocation_list (organisation, wire) VALUES (?1, ?2)",
            params![it.revocations().organisation().public_key(), &it.wire()[..]],
        ),
        OrganisationRecord::KeysKept(it) => execute(
            connection,
            "INSERT OR REPLACE INTO key_ring (organisation, wire) VALUES (?1, ?2)",
            params![it.organisation().public_key(), &it.wire()[..]],
        ),
        OrganisationRecord::KeysGone(id) => execute(
            connection,
            "DELETE FROM key_ring WHERE organisation = ?1",
            params![id.public_key()],
        ),
        OrganisationRecord::RevocationsGone(id) => execute(
            connection,
            "DELETE FROM revocation_list WHERE organisation = ?1",
            params![id.public_key()],
        ),
    }
}

/// Reads everything there is, and counts the rows that had to be skipped.
pub(crate) fn snapshot(connection: &Connection) -> rusqlite::Result<(OrganisationSnapshot, u64)> {
    let trusted = read(
        connection,
        "SELECT organisation, weight, trusted_at FROM organisation_trusted ORDER BY organisation",
        trusted,
    )?;
    let founded = read(
        connection,
        "SELECT organisation, name, founded_at, serial FROM organisation_founded
         ORDER BY organisation",
        founded,
    )?;
    let memberships = read(
        connection,
        "SELECT member, wire FROM membership ORDER BY organisation, member",
        |row| column::<[u8; 32]>(row, "member").and_then(|_| wire(row)),
    )?;
    let revocations = read(
        connection,
        "SELECT wire FROM revocation_list ORDER BY organisation",
        wire,
    )?;
    let keys = read(
        connection,
        "SELECT wire FROM key_ring ORDER BY organisation",
        wire,
    )?;
    let corrupt_rows = keys.corrupt_rows
        + trusted.corrupt_rows
        + founded.corrupt_rows
        + memberships.corrupt_rows
        + revocations.corrupt_rows;
    let snapshot = OrganisationSnapshot {
        trusted: trusted.items,
        founded: founded.items,
        memberships: memberships.items,
        revocations: revocations.items,
        keys: keys.items,
    };
    Ok((snapshot, corrupt_rows))
}

fn organisation(row: &Row<'_>) -> Result<OrganisationId, CorruptRow> {
    column(row, "organisation").map(OrganisationId::from_public_key)
}

fn trusted(row: &Row<'_>) -> Result<TrustedOrganisation, CorruptRow> {
    Ok(TrustedOrganisation {
        id: organisation(row)?,
        weight: Confidence::new(column(row, "weight")?).ok_or(CorruptRow("weight"))?,
        trusted_at: time(row, "trusted_at")?,
    })
}

fn founded(row: &Row<'_>) -> Result<FoundedOrganisation, CorruptRow> {
    let name: Option<String> = column(row, "name")?;
    let serial: i64 = column(row, "serial")?;
    Ok(FoundedOrganisation {
        id: organisation(row)?,
        name: name
            .map(|it| it.parse().map_err(|_| CorruptRow("name")))
            .transpose()?,
        founded_at: time(row, "founded_at")?,
        serial: u64::try_from(serial).map_err(|_| CorruptRow("serial"))?,
    })
}

fn wire(row: &Row<'_>) -> Result<Arc<[u8]>, CorruptRow> {
    let wire: Vec<u8> = column(row, "wire")?;
    if wire.len() > WIRE_BYTES_MAX {
        return Err(CorruptRow("wire"));
    }
    Ok(wire.into())
}
