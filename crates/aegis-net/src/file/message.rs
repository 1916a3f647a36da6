//! Queries and replies: one byte that says what it is, and what belongs to that.

use std::sync::Arc;

use aegis_core::{
    NodeId,
    file::{
        Announcement, CHUNK_BYTES, CHUNKS_MAX, ChunkHash, ChunkSet, FileId, FileSize, Manifest,
    },
};

use super::announcement::{self, ANNOUNCEMENT_BYTES_MAX};
use crate::ask::{AskError, fields::Reader};

/// Announcements in one reply at most: some 34 kB.
pub const LIST_ANNOUNCEMENTS_MAX: usize = 32;

/// The most bytes of a query: one that announces.
pub const QUERY_BYTES_MAX: usize = 1 + ANNOUNCEMENT_BYTES_MAX;

/// The most bytes of a reply: the manifest of the largest file, a little more than a chunk.
pub const REPLY_BYTES_MAX: usize = 1 + 8 + 32 * CHUNKS_MAX as usize;

const ANNOUNCE: u8 = 0;
const LIST: u8 = 1;
const MANIFEST: u8 = 2;
const HAVE: u8 = 3;
const CHUNK: u8 = 4;

const NOT_AVAILABLE: u8 = 0;
const BUSY: u8 = 1;
const HEARD: u8 = 2;
const ANNOUNCEMENTS: u8 = 3;
const MANIFEST_REPLY: u8 = 4;
const HAVE_REPLY: u8 = 5;
const CHUNK_REPLY: u8 = 6;

/// What a node asks of another, or tells it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum FileQuery {
    /// This is announced. Replied to with [`FileReply::Heard`], whatever becomes of it.
    Announce(Arc<Announcement>),
    /// What is announced, in the order of file and author, from behind these.
    List(Option<(FileId, NodeId)>),
    /// The hashes of a file's chunks.
    Manifest(FileId),
    /// The chunks of a file that the other has.
    Have(FileId),
    /// A chunk of a file.
    Chunk(FileId, u32),
}

/// What the other says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum FileReply {
    /// It is not there, or not for whoever asks: nobody can tell which.
    NotAvailable,
    /// Not now: the other is asked too much.
    Busy,
    /// To [`FileQuery::Announce`].
    Heard,
    /// To [`FileQuery::List`]: at most [`LIST_ANNOUNCEMENTS_MAX`], and whether more follow.
    Announcements(Vec<Arc<Announcement>>, bool),
    /// To [`FileQuery::Manifest`].
    Manifest(Arc<Manifest>),
    /// To [`FileQuery::Have`].
    Have(ChunkSet),
    /// To [`FileQuery::Chunk`]: 1 to 256 KiB.
    Chunk(Vec<u8>),
}

impl FileReply {
    /// Returns whether this can be said to a query.
    pub fn fits(&self, query: &FileQuery) -> bool {
        match self {
            Self::NotAvailable | Self::Busy => true,
            Self::Heard => matches!(query, FileQuery::Announce(_)),
            Self::Announcements(..) => matches!(query, FileQuery::List(_)),
            Self::Manifest(manifest) => match query {
                FileQuery::Manifest(file) => manifest.id() == *file,
                FileQuery::Announce(_)
                | FileQuery::List(_)
                | FileQuery::Have(_)
                | FileQuery::Chunk(..) => false,
            },
            Self::Have(_) => matches!(query, FileQuery::Have(_)),
            Self::Chunk(_) => matches!(query, FileQuery::Chunk(..)),
        }
    }
}

/// Writes a query.
pub fn encode_query(query: &FileQuery) -> Vec<u8> {
    match query {
        FileQuery::Announce(announcement) => [&[ANNOUNCE], &announcement.wire()[..]].concat(),
        FileQuery::List(None) => vec![LIST],
        FileQuery::List(Some((file, author))) => {
            [&[LIST], &file.as_bytes()[..], &author.public_key()[..]].concat()
        }
        FileQuery::Manifest(file) => [&[MANIFEST], &file.as_bytes()[..]].concat(),
        FileQuery::Have(file) => [&[HAVE], &file.as_bytes()[..]].concat(),
        FileQuery::Chunk(file, chunk) => {
            [&[CHUNK], &file.as_bytes()[..], &chunk.to_be_bytes()[..]].concat()
        }
    }
}

/// Reads a query; the signature of what is announced is checked.
pub fn decode_query(bytes: &[u8]) -> Result<FileQuery, AskError> {
    if bytes.len() > QUERY_BYTES_MAX {
        return Err(AskError::TooLong { bytes: bytes.len() });
    }
    let mut rest = Reader(bytes);
    let query = match rest.byte()? {
        ANNOUNCE => {
            let announcement = announcement::decode(rest.0)?;
            return Ok(FileQuery::Announce(announcement.into()));
        }
        LIST if rest.0.is_empty() => FileQuery::List(None),
        LIST => FileQuery::List(Some((file(&mut rest)?, rest.node()?))),
        MANIFEST => FileQuery::Manifest(file(&mut rest)?),
        HAVE => FileQuery::Have(file(&mut rest)?),
        CHUNK => {
            let (file, chunk) = (file(&mut rest)?, rest.u32()?);
            if chunk >= CHUNKS_MAX {
                return Err(AskError::OutOfRange { field: "chunk" });
            }
            FileQuery::Chunk(file, chunk)
        }
        _ => return Err(AskError::Malformed { field: "kind" }),
    };
    rest.end()?;
    Ok(query)
}

/// Writes a reply.
pub fn encode_reply(reply: FileReply) -> Vec<u8> {
    match reply {
        FileReply::NotAvailable => vec![NOT_AVAILABLE],
        FileReply::Busy => vec![BUSY],
        FileReply::Heard => vec![HEARD],
        FileReply::Announcements(announcements, has_more) => {
            let mut bytes = vec![ANNOUNCEMENTS, has_more.into()];
            for announcement in announcements.iter().take(LIST_ANNOUNCEMENTS_MAX) {
                // At most ANNOUNCEMENT_BYTES_MAX.
                bytes.extend((announcement.wire().len() as u16).to_be_bytes());
                bytes.extend(&announcement.wire()[..]);
            }
            bytes
        }
        FileReply::Manifest(manifest) => {
            let mut bytes = vec![MANIFEST_REPLY];
            bytes.extend(manifest.size().bytes().to_be_bytes());
            for hash in manifest.hashes() {
                bytes.extend(hash.as_bytes());
            }
            bytes
        }
        FileReply::Have(chunks) => {
            let count = chunks.chunks().to_be_bytes();
            [&[HAVE_REPLY], &count[..], chunks.as_bytes()].concat()
        }
        FileReply::Chunk(mut bytes) => {
            bytes.insert(0, CHUNK_REPLY);
            bytes
        }
    }
}

/// Reads a reply; signatures are checked, hashes of chunks are not.
pub fn decode_reply(mut bytes: Vec<u8>) -> Result<FileReply, AskError> {
    if bytes.len() > REPLY_BYTES_MAX {
        return Err(AskError::TooLong { bytes: bytes.len() });
    }
    let mut rest = Reader(&bytes);
    let reply = match rest.byte()? {
        NOT_AVAILABLE => FileReply::NotAvailable,
        BUSY => FileReply::Busy,
        HEARD => FileReply::Heard,
        ANNOUNCEMENTS => announcements(&mut rest)?,
        MANIFEST_REPLY => manifest(&mut rest)?,
        HAVE_REPLY => have(&mut rest)?,
        CHUNK_REPLY => {
            let count = rest.0.len();
            if count == 0 || count as u64 > CHUNK_BYTES {
                return Err(AskError::OutOfRange { field: "chunk" });
            }
            bytes.remove(0); // moved, not copied to somewhere else
            return Ok(FileReply::Chunk(bytes));
        }
        _ => return Err(AskError::Malformed { field: "kind" }),
    };
    rest.end()?;
    Ok(reply)
}

fn announcements(rest: &mut Reader<'_>) -> Result<FileReply, AskError> {
    let field = "announcements";
    let has_more = match rest.byte()? {
        0 => false,
        1 => true,
        _ => return Err(AskError::Malformed { field }),
    };
    let mut announcements: Vec<Arc<Announcement>> = Vec::new();
    while !rest.0.is_empty() {
        if announcements.len() >= LIST_ANNOUNCEMENTS_MAX {
            return Err(AskError::OutOfRange { field });
        }
        let bytes = usize::from(rest.u16()?);
        let next = announcement::decode(rest.slice(bytes)?)?;
        let key = |it: &Announcement| (it.offer().file, it.offer().author);
        if announcements.last().is_some_and(|it| key(it) >= key(&next)) {
            return Err(AskError::Malformed { field });
        }
        announcements.push(next.into());
    }
    Ok(FileReply::Announcements(announcements, has_more))
}

fn manifest(rest: &mut Reader<'_>) -> Result<FileReply, AskError> {
    let field = "manifest";
    let size = FileSize::new(u64::from_be_bytes(rest.take()?));
    let size = size.ok_or(AskError::OutOfRange { field: "size" })?;
    let mut hashes = Vec::with_capacity(size.chunks() as usize); // at most CHUNKS_MAX
    for _ in 0..size.chunks() {
        hashes.push(ChunkHash::from_bytes(rest.take()?));
    }
    let manifest = Manifest::new(size, hashes).ok_or(AskError::Malformed { field })?;
    Ok(FileReply::Manifest(manifest.into()))
}

fn have(rest: &mut Reader<'_>) -> Result<FileReply, AskError> {
    let count = rest.u32()?;
    if !(1..=CHUNKS_MAX).contains(&count) {
        return Err(AskError::OutOfRange { field: "chunks" });
    }
    let bytes = rest.slice(count.div_ceil(8) as usize)?;
    let chunks = ChunkSet::from_bytes(count, bytes);
    chunks
        .map(FileReply::Have)
        .ok_or(AskError::Malformed { field: "chunks" })
}

fn file(rest: &mut Reader<'_>) -> Result<FileId, AskError> {
    rest.take().map(FileId::from_bytes)
}
