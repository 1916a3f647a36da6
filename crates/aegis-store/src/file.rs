//! Announcements of files, written and read as their signed bytes.

use std::sync::Arc;

use aegis_core::{
    NodeId,
    file::{Announcement, FileId},
};
use rusqlite::{Connection, Row, params};

use crate::{
    read::{CorruptRow, Readout, column, read},
    write::{execute, millis},
};

/// The longest announcement that is kept; the longest real one is somewhat shorter.
const WIRE_BYTES_MAX: usize = 2048;

pub(crate) fn announced(connection: &Connection, it: &Announcement) -> rusqlite::Result<()> {
    let offer = it.offer();
    execute(
        connection,
        "INSERT OR REPLACE INTO file_announcement (file, author, issued_at, expires_at, wire)
         VALUES (?1, ?2, ?3, ?4, ?5)",
        params![
            offer.file.as_bytes(),
            offer.author.public_key(),
            millis(offer.validity.issued_at()),
            millis(offer.validity.expires_at()),
            &it.wire()[..],
        ],
    )
}

pub(crate) fn gone(
    connection: &Connection,
    file: &FileId,
    author: &NodeId,
) -> rusqlite::Result<()> {
    execute(
        connection,
        "DELETE FROM file_announcement WHERE file = ?1 AND author = ?2",
        params![file.as_bytes(), author.public_key()],
    )
}

/// Reads the bytes; whether they are announcements is for the signature check to find out.
pub(crate) fn announcements(connection: &Connection) -> rusqlite::Result<Readout<Arc<[u8]>>> {
    let sql = "SELECT wire FROM file_announcement ORDER BY file, author";
    read(connection, sql, announcement)
}

fn announcement(row: &Row<'_>) -> Result<Arc<[u8]>, CorruptRow> {
    let wire: Vec<u8> = column(row, "wire")?;
    if wire.len() > WIRE_BYTES_MAX {
        return Err(CorruptRow("wire"));
    }
    Ok(wire.into())
}
