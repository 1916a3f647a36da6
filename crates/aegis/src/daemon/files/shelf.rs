//! The shelf: a directory with the files that are here, and those that are on their way.
//!
//! | name | holds |
//! |---|---|
//! | `<id>.manifest` | size and hashes |
//! | `<id>.data` | a whole file |
//! | `<id>.part` | a file on its way, chunks in their places |
//! | `<id>.have` | which of its chunks were written, one bit each |
//! | `incoming-<n>` | what is being shared, until its id is known |
//!
//! Nothing that a peer wrote is part of a path: names are ids of this node's own making. All of this
//! blocks, and is for threads that may.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _},
    os::unix::fs::{DirBuilderExt as _, FileExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use aegis_core::file::{CHUNK_BYTES, ChunkSet, FileId, Manifest};
use aegis_net::file::{FileReply, REPLY_BYTES_MAX, decode_reply, encode_reply};

/// After how many chunks the disk is waited for: a loss of power costs that much at most. What the
/// process wrote outlives the process in any case.
const SYNC_EVERY: u64 = 64;

/// The directory.
#[derive(Debug)]
pub(super) struct Shelf {
    dir: PathBuf,
    next_incoming: AtomicU64,
}

/// A file that the directory holds.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) file: FileId,
    pub(super) manifest: Manifest,
    pub(super) is_whole: bool,
}

/// A file on its way. Every chunk that it says it has was checked.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) have: ChunkSet,
    pub(super) body: PartBody,
}

/// Where the chunks of a file on its way lie.
#[derive(Debug)]
pub(super) struct PartBody {
    data: File,
    marks: Mutex<Marks>, // held for one small write
    written: AtomicU64,
}

/// Which chunks were written, as the disk knows it.
#[derive(Debug)]
struct Marks {
    have: ChunkSet,
    file: File,
}

/// What is being shared, until its id is known.
#[derive(Debug)]
pub(super) struct Incoming {
    path: PathBuf,
    data: File,
}

impl Shelf {
    /// Opens the directory, and removes what it does not know.
    pub(super) fn open(dir: &Path) -> io::Result<(Self, Vec<Found>)> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(dir)?;
        let shelf = Self {
            dir: dir.to_owned(),
            next_incoming: AtomicU64::new(0),
        };
        let mut found = Vec::new();
        for entry in fs::read_dir(dir)? {
            let name = entry?.file_name();
            let file = name.to_str().and_then(|it| it.split_once('.'));
            let file = file.and_then(|(id, kind)| Some((id.parse::<FileId>().ok()?, kind)));
            match file {
                Some((file, "manifest")) => found.extend(shelf.look(file)),
                Some((file, "data" | "part" | "have")) if shelf.path(file, "manifest").exists() => {
                }
                Some(_) | None => drop(fs::remove_file(dir.join(name))),
            }
        }
        Ok((shelf, found))
    }

    /// Returns what is here of a file; what is not what its name says is removed.
    fn look(&self, file: FileId) -> Option<Found> {
        let Some(manifest) = self.read_manifest(file) else {
            self.remove(file);
            return None;
        };
        let size = manifest.size().bytes();
        let is_whole = fs::metadata(self.path(file, "data")).is_ok_and(|it| it.len() == size);
        Some(Found {
            file,
            manifest,
            is_whole,
        })
    }

    fn read_manifest(&self, file: FileId) -> Option<Manifest> {
        let mut bytes = Vec::new();
        let manifest = File::open(self.path(file, "manifest")).ok()?;
        let most = REPLY_BYTES_MAX as u64 + 1;
        manifest.take(most).read_to_end(&mut bytes).ok()?;
        match decode_reply(bytes) {
            Ok(FileReply::Manifest(it)) if it.id() == file => Some((*it).clone()),
            Ok(_) | Err(_) => None,
        }
    }

    fn write_manifest(&self, manifest: &Manifest) -> io::Result<()> {
        let bytes = encode_reply(FileReply::Manifest(manifest.clone().into()));
        let draft = self
            .dir
            .join(format!("incoming-manifest-{}", self.number()));
        fs::write(&draft, bytes)?;
        File::open(&draft)?.sync_all()?;
        fs::rename(&draft, self.path(manifest.id(), "manifest"))
    }

    /// Opens a file on its way, or begins one, and checks every chunk that was written before.
    pub(super) fn open_part(&self, manifest: &Manifest) -> io::Result<Part> {
        let file = manifest.id();
        if self.read_manifest(file).is_none() {
            self.write_manifest(manifest)?;
        }
        let chunks = manifest.size().chunks();
        let data = open(&self.path(file, "part"))?;
        let marks = open(&self.path(file, "have"))?;
        let mut bytes = vec![0; chunks.div_ceil(8) as usize];
        let known = marks.metadata()?.len() == bytes.len() as u64;
        if known {
            marks.read_exact_at(&mut bytes, 0)?;
        }
        let marked = ChunkSet::from_bytes(chunks, &bytes).unwrap_or_else(|| ChunkSet::none(chunks));
        data.set_len(manifest.size().bytes())?;
        let mut have = ChunkSet::none(chunks);
        for chunk in marked.iter() {
            if read_checked(&data, manifest, chunk).is_some() {
                have.insert(chunk);
            }
        }
        marks.set_len(0)?;
        marks.write_all_at(have.as_bytes(), 0)?;
        let body = PartBody {
            data,
            marks: Mutex::new(Marks {
                have: have.clone(),
                file: marks,
            }),
            written: AtomicU64::new(0),
        };
        Ok(Part { have, body })
    }

    /// Makes a whole file of one on its way, after it was checked once more; an error says what is
    /// wrong, and then it stays on its way.
    pub(super) fn finish(&self, manifest: &Manifest, body: &PartBody) -> io::Result<()> {
        for chunk in 0..manifest.size().chunks() {
            if read_checked(&body.data, manifest, chunk).is_none() {
                return Err(io::ErrorKind::InvalidData.into());
            }
        }
        body.data.sync_all()?;
        let file = manifest.id();
        fs::rename(self.path(file, "part"), self.path(file, "data"))?;
        fs::remove_file(self.path(file, "have"))?;
        File::open(&self.dir)?.sync_all()
    }

    /// Returns a chunk of a whole file; `None` where the disk does not give back what it was given.
    pub(super) fn read(&self, manifest: &Manifest, chunk: u32) -> Option<Vec<u8>> {
        let data = File::open(self.path(manifest.id(), "data")).ok()?;
        read_checked(&data, manifest, chunk)
    }

    /// Removes all that is here of a file.
    pub(super) fn remove(&self, file: FileId) {
        // Body first: one without its manifest is removed at the next start.
        for kind in ["data", "part", "have", "manifest"] {
            let path = self.path(file, kind);
            if let Err(error) = fs::remove_file(&path)
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(path = %path.display(), %error, "Cannot remove a file");
            }
        }
    }

    /// Begins to take in what is to be shared.
    pub(super) fn incoming(&self) -> io::Result<Incoming> {
        let path = self.dir.join(format!("incoming-{}", self.number()));
        let data = open(&path)?;
        Ok(Incoming { path, data })
    }

    /// Puts what came in on the shelf.
    pub(super) fn put(&self, incoming: Incoming, manifest: &Manifest) -> io::Result<()> {
        incoming.data.sync_all()?;
        self.write_manifest(manifest)?;
        fs::rename(&incoming.path, self.path(manifest.id(), "data"))?;
        for kind in ["part", "have"] {
            // It may have been on its way; what is left over is removed with the file.
            let _ = fs::remove_file(self.path(manifest.id(), kind));
        }
        File::open(&self.dir)?.sync_all()
    }

    fn number(&self) -> u64 {
        self.next_incoming.fetch_add(1, Relaxed)
    }

    fn path(&self, file: FileId, kind: &str) -> PathBuf {
        self.dir.join(format!("{file}.{kind}"))
    }
}

impl PartBody {
    /// Writes a chunk that was checked, and then that it is there.
    pub(super) fn write(&self, chunk: u32, bytes: &[u8]) -> io::Result<()> {
        self.data
            .write_all_at(bytes, u64::from(chunk) * CHUNK_BYTES)?;
        if self.written.fetch_add(1, Relaxed) % SYNC_EVERY == SYNC_EVERY - 1 {
            self.data.sync_data()?;
        }
        // Whoever panicked while holding it left at worst a mark out.
        let mut marks = self.marks.lock().unwrap_or_else(PoisonError::into_inner);
        marks.have.insert(chunk);
        let byte = chunk as usize / 8;
        let mark = marks.have.as_bytes().get(byte).copied();
        marks
            .file
            .write_all_at(&[mark.unwrap_or_default()], byte as u64)
    }

    /// Returns a chunk; `None` where the disk does not give back what it was given.
    pub(super) fn read(&self, manifest: &Manifest, chunk: u32) -> Option<Vec<u8>> {
        read_checked(&self.data, manifest, chunk)
    }
}

impl Incoming {
    /// Writes a chunk in its place.
    pub(super) fn write(&self, chunk: u32, bytes: &[u8]) -> io::Result<()> {
        self.data
            .write_all_at(bytes, u64::from(chunk) * CHUNK_BYTES)
    }

    /// Removes what came in.
    pub(super) fn discard(self) {
        // What is left over is removed at the next start.
        let _ = fs::remove_file(&self.path);
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .mode(0o600)
        .open(path)
}

fn read_checked(data: &File, manifest: &Manifest, chunk: u32) -> Option<Vec<u8>> {
    let mut bytes = vec![0; manifest.size().chunk_bytes(chunk)?];
    data.read_exact_at(&mut bytes, u64::from(chunk) * CHUNK_BYTES)
        .ok()?;
    manifest.is_chunk(chunk, &bytes).then_some(bytes)
}

#[cfg(test)]
mod tests;
