//! Following a journal: its active file by name, and the next one when that is archived.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use aegis_intel::journal::{Entry, Journal, JournalError};

/// Entries read in one go, so that other logs have a turn.
const TURN_ENTRIES: usize = 4_096;

/// A journal that is followed by the name of its active file.
#[derive(Debug)]
pub(super) struct Follower {
    path: PathBuf,
    open: Option<Open>,
    /// A file of this name was open: all that the next one has is new.
    was_open: bool,
    /// Everything up to here was read, in microseconds since 1970.
    passed_us: u64,
    /// The file that is damaged: it is not opened again.
    damaged: Option<(u64, u64)>,
}

#[derive(Debug)]
struct Open {
    journal: Journal<File>,
    file: (u64, u64), // device and inode
    entries: u64,     // as of the last look
    is_begun: bool,   // what was passed is of this file
}

impl Follower {
    pub(super) fn new(path: PathBuf, passed_us: u64) -> Self {
        Self {
            path,
            open: None,
            was_open: false,
            passed_us,
            damaged: None,
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns up to when everything was read, in microseconds since 1970.
    pub(super) fn passed_us(&self) -> u64 {
        self.passed_us
    }

    /// Hands on every entry that was written since; returns whether there is more.
    ///
    /// # Errors
    ///
    /// Fails where the system does and where the file is damaged, which is then left alone.
    pub(super) fn poll(&mut self, entry: impl FnMut(&Entry)) -> Result<bool, JournalError> {
        if self.open.is_none() && !self.reopen()? {
            return Ok(false);
        }
        // Looked at before the rest is read: what is written to a file comes before it is renamed.
        let is_replaced = self.is_replaced();
        match self.read(entry) {
            Ok(true) => Ok(true),
            Ok(false) if is_replaced => {
                self.open = None;
                Ok(true)
            }
            Ok(false) => Ok(false),
            Err(error) => {
                self.damaged = self.open.take().map(|it| it.file);
                Err(error)
            }
        }
    }

    /// Returns whether the file of this name is another by now.
    fn is_replaced(&self) -> bool {
        let found = fs::metadata(&self.path).ok();
        let found = found.map(|it| (it.dev(), it.ino()));
        let open = self.open.as_ref().map(|it| it.file);
        found.is_some() && open.is_some() && found != open
    }

    fn read(&mut self, mut entry: impl FnMut(&Entry)) -> Result<bool, JournalError> {
        let Some(open) = &mut self.open else {
            return Ok(false);
        };
        let entries = open.journal.entries()?;
        if entries == open.entries {
            return Ok(false);
        }
        for _ in 0..TURN_ENTRIES {
            let Some(found) = open.journal.next_entry()? else {
                open.entries = entries;
                return Ok(false);
            };
            // journald begins a file when the clock is set back: what was passed in the last one is
            // no measure for this one.
            let passed_us = if open.is_begun { self.passed_us } else { 0 };
            self.passed_us = passed_us.max(found.realtime_us);
            open.is_begun = true;
            entry(&found);
        }
        Ok(true)
    }

    /// Opens the file, the first one behind what was read; returns whether it is there and whole.
    fn reopen(&mut self) -> Result<bool, JournalError> {
        let file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        let metadata = file.metadata()?;
        let file_id = (metadata.dev(), metadata.ino());
        // An empty one is about to get its header.
        if self.damaged == Some(file_id) || metadata.len() == 0 {
            return Ok(false);
        }
        let passed_us = if self.was_open { 0 } else { self.passed_us };
        let opened = Journal::open(file).and_then(|mut it| it.seek(passed_us).map(|()| it));
        let journal = opened.inspect_err(|_| self.damaged = Some(file_id))?;
        self.open = Some(Open {
            journal,
            file: file_id,
            entries: 0,
            is_begun: !self.was_open,
        });
        self.was_open = true;
        Ok(true)
    }
}

#[cfg(test)]
mod tests;
