//! Keys of feeds: each in a file of its own, which is read for each fetch and never shown.

use std::{fs, io::Read as _, os::unix::fs::PermissionsExt as _, path::Path};

use aegis_fetch::Secret;

/// The permissions that others have to such a file: none.
const OTHERS: u32 = 0o077;

/// The longest file that is read.
const FILE_BYTES_MAX: u64 = 4096;

/// Reads a key: the one line that the file has. What is said where that is not so quotes none of it.
pub(super) fn read(path: &Path) -> Result<Secret, String> {
    let shown = path.display();
    let unreadable = |it: std::io::Error| format!("cannot read {shown}: {it}");
    let file = fs::File::open(path).map_err(unreadable)?;
    let about = file.metadata().map_err(unreadable)?;
    let mode = about.permissions().mode() & 0o777;
    if !about.is_file() {
        return Err(format!("{shown} is no file"));
    }
    if mode & OTHERS != 0 {
        return Err(format!(
            "{shown} has permissions {mode:04o}, others must have none (0600)"
        ));
    }
    let mut text = String::new();
    let read = file.take(FILE_BYTES_MAX).read_to_string(&mut text);
    read.map_err(unreadable)?;
    // One line alone, so that no other file of the host is sent out in place of a key.
    let no_key = || format!("{shown} must hold a key and nothing else: one line of visible ASCII");
    Secret::new(text.trim_end_matches(['\r', '\n'])).ok_or_else(no_key)
}
