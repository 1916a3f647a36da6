//! Keys of feeds: each in a file of its own, which is read for each fetch and never shown.

use std::path::Path;

use aegis_fetch::Secret;

use crate::private_file;

/// The longest file that is read.
const FILE_BYTES_MAX: u64 = 4096;

/// Reads a key: the one line that the file has. What is said where that is not so quotes none of it.
pub(super) fn read(path: &Path) -> Result<Secret, String> {
    let text = private_file::read(path, FILE_BYTES_MAX)?;
    // One line alone, so that no other file of the host is sent out in place of a key.
    let shown = path.display();
    let no_key = || format!("{shown} must hold a key and nothing else: one line of visible ASCII");
    Secret::new(text.trim_end_matches(['\r', '\n'])).ok_or_else(no_key)
}
