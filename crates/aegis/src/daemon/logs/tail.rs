//! Following a file that others write, rename, cut and write anew.

use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use aegis_intel::log::LINE_BYTES_MAX;
use nix::fcntl::OFlag;
use serde::{Deserialize, Serialize};

/// Bytes read at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// Bytes read in one go, so that other logs have a turn.
const TURN_BYTES: usize = 1024 * 1024;

/// Bytes of a file's beginning in which its head is looked for.
const HEAD_BYTES: usize = 64 * 1024;

/// Where a file was read to, over a restart.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub(super) struct Mark {
    device: u64,
    inode: u64,
    offset: u64,
}

/// Where reading a file begins.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Start {
    /// Behind what is in it: nobody is blamed for what was before.
    End,
    /// Where it was read to, if it is the same file still.
    Mark(Mark),
    /// At its first line: it came into being while this ran.
    Beginning,
}

/// A file that is followed by its name.
#[derive(Debug)]
pub(super) struct Tail {
    path: PathBuf,
    file: Option<Open>,
    start: Start,
    line_bytes_max: usize,
    has_head: bool,
}

#[derive(Debug)]
struct Open {
    file: File,
    device: u64,
    inode: u64,
    offset: u64,
    line: Vec<u8>,     // the beginning of a line whose end is not written yet
    is_too_long: bool, // what follows of it is passed over
    line_bytes_max: usize,
}

impl Tail {
    pub(super) fn new(path: PathBuf, start: Start) -> Self {
        Self {
            path,
            file: None,
            start,
            line_bytes_max: LINE_BYTES_MAX,
            has_head: false,
        }
    }

    /// Takes lines of up to so many bytes.
    pub(super) fn with_lines_of(mut self, line_bytes_max: usize) -> Self {
        self.line_bytes_max = line_bytes_max;
        self
    }

    /// Hands on the lines at the file's beginning that begin with `#`, also where reading begins
    /// behind them: they say how to read the rest.
    pub(super) fn with_head(mut self) -> Self {
        self.has_head = true;
        self
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Returns to where it was read: to the end of the last whole line.
    pub(super) fn mark(&self) -> Option<Mark> {
        let open = self.file.as_ref()?;
        Some(Mark {
            device: open.device,
            inode: open.inode,
            offset: open.offset - open.line.len() as u64,
        })
    }

    /// Hands on every whole line that was written since; returns whether there is more.
    ///
    /// # Errors
    ///
    /// Fails where the system does; a file that is not there is no error.
    pub(super) fn poll(&mut self, mut line: impl FnMut(&[u8])) -> io::Result<bool> {
        if self.file.is_none() && !self.open(&mut line)? {
            return Ok(false);
        }
        let Some(open) = &mut self.file else {
            return Ok(false);
        };
        if open.read(&mut line)? {
            return Ok(true);
        }
        // All of it is read. Another file of that name is gone on with.
        let is_other = match std::fs::metadata(&self.path) {
            Ok(found) => (found.dev(), found.ino()) != (open.device, open.inode),
            Err(_) => false, // it is being rotated: what is written to the old one still counts
        };
        if is_other {
            (self.file, self.start) = (None, Start::Beginning);
        }
        Ok(is_other)
    }

    /// Opens the file; returns whether it is there.
    fn open(&mut self, line: &mut impl FnMut(&[u8])) -> io::Result<bool> {
        // Whoever puts a pipe there must not make this wait for its other end.
        let opened = OpenOptions::new()
            .read(true)
            .custom_flags(OFlag::O_NONBLOCK.bits())
            .open(&self.path);
        let file = match opened {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.start = Start::Beginning; // if it comes, it is new
                return Ok(false);
            }
            Err(error) => return Err(error),
        };
        let found = file.metadata()?;
        if !found.is_file() {
            return Err(io::Error::other("it is no regular file"));
        }
        let (device, inode, length) = (found.dev(), found.ino(), found.len());
        let offset = match self.start {
            Start::End => length,
            Start::Beginning => 0,
            Start::Mark(it) if (it.device, it.inode) == (device, inode) => it.offset.min(length),
            Start::Mark(_) => 0, // it was rotated meanwhile; what is old in it counts for nothing
        };
        if self.has_head && offset > 0 {
            hand_on_head(&file, line)?;
        }
        self.file = Some(Open {
            file,
            device,
            inode,
            offset,
            line: Vec::new(),
            is_too_long: false,
            line_bytes_max: self.line_bytes_max,
        });
        Ok(true)
    }
}

impl Open {
    /// Reads up to a turn's worth; returns whether there is more.
    fn read(&mut self, line: &mut impl FnMut(&[u8])) -> io::Result<bool> {
        if self.file.metadata()?.len() < self.offset {
            // It was cut, as by copytruncate, and is written anew.
            (self.offset, self.is_too_long) = (0, false);
            self.line.clear();
        }
        let mut chunk = vec![0; CHUNK_BYTES];
        let mut done = 0;
        while done < TURN_BYTES {
            let count = match self.file.read_at(&mut chunk, self.offset) {
                Ok(0) => return Ok(false),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            self.offset += count as u64;
            done += count;
            self.split(&chunk[..count], line);
        }
        Ok(true)
    }

    fn split(&mut self, mut bytes: &[u8], line: &mut impl FnMut(&[u8])) {
        while let Some(end) = bytes.iter().position(|it| *it == b'\n') {
            self.keep(&bytes[..end]);
            if !self.is_too_long {
                let whole = self.line.strip_suffix(b"\r").unwrap_or(&self.line);
                line(whole);
            }
            self.line.clear();
            self.is_too_long = false;
            bytes = &bytes[end + 1..];
        }
        self.keep(bytes);
    }

    /// Keeps the beginning of a line. One that is too long is passed over: what is cut could be made
    /// to end in words of somebody's choice.
    fn keep(&mut self, part: &[u8]) {
        self.is_too_long |= self.line.len() + part.len() > self.line_bytes_max;
        if self.is_too_long {
            self.line.clear();
        } else {
            self.line.extend_from_slice(part);
        }
    }
}

fn hand_on_head(file: &File, line: &mut impl FnMut(&[u8])) -> io::Result<()> {
    let mut bytes = vec![0; HEAD_BYTES];
    let mut length = 0;
    while length < bytes.len() {
        match file.read_at(&mut bytes[length..], length as u64) {
            Ok(0) => break,
            Ok(count) => length += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let lines = bytes[..length].split_inclusive(|it| *it == b'\n');
    let whole = lines.filter_map(|it| it.strip_suffix(b"\n"));
    whole.take_while(|it| it.starts_with(b"#")).for_each(line);
    Ok(())
}

#[cfg(test)]
mod tests;
