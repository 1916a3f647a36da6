//! Segments of the audit log that have left the store: one text file each, one line for a row.

use std::{
    fmt::Write as _,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use super::chain::RawRow;

/// Ends the name of a finished segment; an unfinished one has another.
const SUFFIX: &str = ".log";

/// Writes the rows to a file of their own, whole or not at all; it is on the disk on return.
///
/// The same rows give the same file, so doing it again after a crash does no harm.
pub(super) fn write(directory: &Path, rows: &[(RawRow, Vec<u8>)]) -> io::Result<()> {
    let (Some((first, _)), Some((last, _))) = (rows.first(), rows.last()) else {
        return Ok(());
    };
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)?;
    let name = format!("{:012}-{:012}{SUFFIX}", first.seq, last.seq);
    let unfinished = directory.join(format!("{name}.tmp"));
    let text: String = rows.iter().map(|(row, hash)| line(row, hash)).collect();
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o600)
        .open(&unfinished)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&unfinished, directory.join(name))?;
    File::open(directory)?.sync_all()
}

/// Removes the oldest segments until `segments_max` are left.
pub(super) fn keep_newest(directory: &Path, segments_max: usize) -> io::Result<()> {
    let mut segments = segments(directory)?;
    segments.sort_unstable(); // names count upwards with leading zeros
    let surplus = segments.len().saturating_sub(segments_max);
    segments.iter().take(surplus).try_for_each(fs::remove_file)
}

fn segments(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut segments = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(SUFFIX) {
            segments.push(path);
        }
    }
    Ok(segments)
}

/// Number, milliseconds, actor, action, indicator or `-`, detail and hash, between tabs.
fn line(row: &RawRow, hash: &[u8]) -> String {
    let indicator = row.indicator.as_deref().unwrap_or("-");
    let mut line = format!("{}\t{}", row.seq, row.at);
    for text in [&row.actor, &row.action, indicator, &row.detail] {
        line.push('\t');
        push_escaped(&mut line, text);
    }
    line.push('\t');
    for byte in hash {
        let _ = write!(line, "{byte:02x}"); // cannot fail: a String takes everything
    }
    line.push('\n');
    line
}

/// Details quote strangers: whatever could end a line or move a cursor is written in digits.
fn push_escaped(line: &mut String, text: &str) {
    for it in text.chars() {
        if it.is_control() || it == '\\' {
            line.extend(it.escape_unicode());
        } else {
            line.push(it);
        }
    }
}
