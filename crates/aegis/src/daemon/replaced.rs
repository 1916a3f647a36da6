//! Small files of the state directory that are replaced as a whole.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

/// The permissions of what is kept.
const MODE: u32 = 0o600;

/// Returns where the file of that `name` lies.
pub(super) fn path(dir: &Path, name: &str) -> PathBuf {
    dir.join(format!("{name}.json"))
}

/// Writes the file of that `name` so that after a crash it is the old or the new one.
pub(super) fn replace(dir: &Path, name: &str, text: &[u8]) -> io::Result<()> {
    let new = dir.join(format!("{name}.new"));
    let mut out = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(MODE)
        .open(&new)?;
    out.write_all(text)?;
    out.sync_all()?;
    fs::rename(&new, path(dir, name))?;
    File::open(dir)?.sync_all()
}
