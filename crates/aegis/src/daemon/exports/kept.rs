//! What was shown, in a file beside the store, from when a TAXII client first asked: so that it goes on after a
//! restart where it was, and hears what was taken back before that.
//!
//! Each renewal adds a few lines; when they are more than what is shown, the file is written anew. What it is made
//! of is in `aegis_intel::export`.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufRead as _, BufReader, BufWriter, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use aegis_intel::export::{KEPT_LINE_BYTES_MAX, Listed as _, Publication, Recall, Uuid};

/// What the file is called, and while it is written anew.
const NAME: &str = "published.list";
const NEW_NAME: &str = "published.new";

/// The permissions of it: what is blocked is not for everybody.
const MODE: u32 = 0o600;

/// Lines that are added before the file is written anew, however little is shown.
const ADDED_MIN: usize = 1_000;

/// The file, and what it has.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    dir: PathBuf,
    /// What is in it; `None` where it is to be written anew.
    written: Option<Arc<Publication>>,
    /// Lines that were added since it was.
    added: usize,
}

impl Kept {
    pub(super) fn new(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            written: None,
            added: 0,
        }
    }

    /// Reads what was shown last, of the node whose event this is; `None` where nothing was kept.
    pub(super) fn read(&self, event: Uuid) -> io::Result<Option<Publication>> {
        let file = match File::open(self.dir.join(NAME)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let (mut file, mut recall) = (BufReader::new(file), Recall::default());
        let (mut line, most) = (Vec::new(), KEPT_LINE_BYTES_MAX as u64);
        loop {
            line.clear();
            (&mut file).take(most).read_until(b'\n', &mut line)?;
            // What has no end was being written when the node ended.
            let text = line.strip_suffix(b"\n").map(std::str::from_utf8);
            let Some(Ok(text)) = text else { break };
            if recall.take(text).is_err() {
                break;
            }
        }
        let recalled = recall.finish(event);
        let damaged = || io::Error::new(io::ErrorKind::InvalidData, "it holds nothing whole");
        recalled.map(Some).ok_or_else(damaged)
    }

    /// Has the file say what is shown. It is there however this process ends; after a loss of power it may be
    /// what it was a while ago.
    pub(super) fn write(&mut self, shown: &Arc<Publication>) -> io::Result<()> {
        let written = self.written.take(); // what failed half-way is written anew
        if written.as_ref().is_some_and(|it| Arc::ptr_eq(it, shown)) {
            self.written = written;
            return Ok(());
        }
        match written.filter(|_| self.added <= shown.count().max(ADDED_MIN)) {
            Some(before) => self.add(shown.kept_since(&before))?,
            None => self.replace(shown.kept())?,
        }
        self.written = Some(Arc::clone(shown));
        Ok(())
    }

    fn add(&mut self, lines: Vec<String>) -> io::Result<()> {
        self.added = self.added.saturating_add(lines.len());
        let file = OpenOptions::new().append(true).open(self.dir.join(NAME))?;
        write_lines(&file, lines.into_iter())
    }

    fn replace(&mut self, lines: impl Iterator<Item = String>) -> io::Result<()> {
        let new = self.dir.join(NEW_NAME);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(MODE)
            .open(&new)?;
        write_lines(&file, lines)?;
        file.sync_all()?;
        fs::rename(&new, self.dir.join(NAME))?;
        self.added = 0;
        File::open(&self.dir)?.sync_all()
    }
}

fn write_lines(file: &File, lines: impl Iterator<Item = String>) -> io::Result<()> {
    let mut out = BufWriter::new(file);
    for line in lines {
        out.write_all(line.as_bytes())?;
        out.write_all(b"\n")?;
    }
    out.flush()
}

#[cfg(test)]
mod tests;
