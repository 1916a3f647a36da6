//! What a file is: its size and the hashes of its chunks, and the id that follows from them.

use std::{fmt, num::NonZeroU64, str::FromStr};

/// Bytes of a chunk; the last one of a file may have fewer.
pub const CHUNK_BYTES: u64 = 256 * 1024;

/// The most chunks of a file, so that a list of their hashes has no more bytes than a chunk.
pub const CHUNKS_MAX: u32 = 8192;

/// The most bytes of a file: 2 GiB.
pub const FILE_BYTES_MAX: u64 = CHUNK_BYTES * CHUNKS_MAX as u64;

/// Keeps ids of files apart from all other hashes; see [`Manifest::id`].
const ID_CONTEXT: &str = "aegis-file/1 id of a file from its size and the hashes of its chunks";

/// How many bytes a file has: 1 to [`FILE_BYTES_MAX`].
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct FileSize(NonZeroU64); // at most FILE_BYTES_MAX

/// The BLAKE3 hash of a chunk's bytes.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
pub struct ChunkHash([u8; 32]);

/// The name of a file, which only its content decides; see [`Manifest::id`].
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct FileId([u8; 32]);

/// A text that is not 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("file id must be 64 lower-case hexadecimal digits")]
pub struct InvalidFileId;

/// The hashes of all chunks of a file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Manifest {
    size: FileSize,
    hashes: Box<[ChunkHash]>, // as many as the size has chunks
}

impl FileSize {
    /// Returns the size of so many bytes; `None` for none and for more than a file may have.
    pub fn new(bytes: u64) -> Option<Self> {
        let bytes = NonZeroU64::new(bytes).filter(|it| it.get() <= FILE_BYTES_MAX);
        bytes.map(Self)
    }

    /// Returns the bytes.
    pub const fn bytes(self) -> u64 {
        self.0.get()
    }

    /// Returns how many chunks there are, at least one.
    pub const fn chunks(self) -> u32 {
        // At most CHUNKS_MAX, since the size is at most FILE_BYTES_MAX.
        self.bytes().div_ceil(CHUNK_BYTES) as u32
    }

    /// Returns how many bytes a chunk has; `None` where there is no such chunk.
    pub fn chunk_bytes(self, chunk: u32) -> Option<usize> {
        let start = u64::from(chunk) * CHUNK_BYTES;
        let left = self.bytes().checked_sub(start).filter(|it| *it > 0)?;
        usize::try_from(left.min(CHUNK_BYTES)).ok()
    }
}

impl ChunkHash {
    /// Returns the hash of a chunk.
    pub fn of(chunk: &[u8]) -> Self {
        Self(*blake3::hash(chunk).as_bytes())
    }

    /// Returns the hash with these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Manifest {
    /// Returns the list; `None` where there are more or fewer hashes than chunks.
    pub fn new(size: FileSize, hashes: Vec<ChunkHash>) -> Option<Self> {
        let is_whole = hashes.len() == size.chunks() as usize;
        is_whole.then(|| Self {
            size,
            hashes: hashes.into(),
        })
    }

    /// Returns the size of the file.
    pub const fn size(&self) -> FileSize {
        self.size
    }

    /// Returns the hashes, in the order of the chunks.
    pub const fn hashes(&self) -> &[ChunkHash] {
        &self.hashes
    }

    /// Returns whether these are the bytes of a chunk.
    pub fn is_chunk(&self, chunk: u32, bytes: &[u8]) -> bool {
        let hash = self.hashes.get(chunk as usize);
        self.size.chunk_bytes(chunk) == Some(bytes.len())
            && hash.is_some_and(|it| *it == ChunkHash::of(bytes))
    }

    /// Returns the id of the file: BLAKE3 in its mode for deriving keys, with the context
    /// `aegis-file/1 id of a file from its size and the hashes of its chunks`, over the size in
    /// bytes (eight bytes, big-endian) and the 32 bytes of each chunk's hash in order.
    ///
    /// Whoever has the id can check the manifest by itself, and with it each chunk by itself.
    pub fn id(&self) -> FileId {
        let mut hasher = blake3::Hasher::new_derive_key(ID_CONTEXT);
        hasher.update(&self.size.bytes().to_be_bytes());
        for hash in &self.hashes {
            hasher.update(hash.as_bytes());
        }
        FileId(*hasher.finalize().as_bytes())
    }
}

impl FileId {
    /// Returns the id with these bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl FromStr for FileId {
    type Err = InvalidFileId;

    fn from_str(text: &str) -> Result<Self, InvalidFileId> {
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return Err(InvalidFileId);
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
        }
        Ok(Self(bytes))
    }
}

fn nibble(digit: u8) -> Result<u8, InvalidFileId> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(InvalidFileId),
    }
}

impl fmt::Display for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|it| write!(f, "{it:02x}"))
    }
}

impl fmt::Debug for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileId({self})")
    }
}

impl fmt::Debug for ChunkHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChunkHash({})", FileId(self.0))
    }
}

#[cfg(test)]
mod tests;
