//! A file that is written beside another and takes its place once it is whole.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

/// A file on its way; dropping it before it is whole leaves the old one.
#[derive(Debug)]
pub(super) struct Replacing {
    path: PathBuf,
    new: PathBuf,
    file: File,
    is_whole: bool,
}

impl Replacing {
    /// Begins a file that is to take the place of the one at `path`, if there is one.
    pub(super) fn begin(path: &Path) -> io::Result<Self> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".new");
        let new = path.with_file_name(name);
        // Made anew: in a folder where others may write, a link of that name could lead anywhere.
        if let Err(error) = fs::remove_file(&new)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error);
        }
        Ok(Self {
            file: File::create_new(&new)?,
            path: path.to_owned(),
            new,
            is_whole: false,
        })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    /// Puts it in the old one's place.
    pub(super) fn finish(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.new, &self.path)?;
        self.is_whole = true;
        Ok(())
    }
}

impl Drop for Replacing {
    fn drop(&mut self) {
        if !self.is_whole {
            // Best effort: the next one begins by removing it.
            let _ = fs::remove_file(&self.new);
        }
    }
}
