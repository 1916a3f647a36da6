//! Files with a secret: nobody but their owner may read them, and what is wrong with one is said
//! without a word of what is in it.

use std::{
    fs,
    io::{self, Read as _},
    os::unix::fs::PermissionsExt as _,
    path::Path,
};

/// The permissions that others have to such a file: none.
const OTHERS: u32 = 0o077;

/// Returns the first `bytes_max` bytes of a file that nobody but its owner may read, or what is
/// wrong with it: a clause that names the file.
pub(crate) fn read(path: &Path, bytes_max: u64) -> Result<String, String> {
    let shown = path.display();
    let unreadable = |it: io::Error| {
        let error = format!("cannot read {shown}: {it}");
        if it.kind() != io::ErrorKind::PermissionDenied {
            return error;
        }
        // A service is not root, and root without its capabilities is a user like others.
        format!(
            "{error}; it must belong to whom the node runs as, and lie where that may look (as a \
             service: chown aegis, in /etc/aegis)"
        )
    };
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
    let read = file.take(bytes_max).read_to_string(&mut text);
    read.map_err(unreadable)?;
    Ok(text)
}
