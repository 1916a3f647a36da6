//! Files between nodes: bytes on one side, checked types on the other.
//!
//! One protocol of one query and one reply on a stream of its own. Announcements are signed by their
//! authors, so that they can be passed on; all else is for whoever asks, and is checked against the
//! id of the file, not against a signature.
//!
//! Everything is packed in binary, and there is one spelling of each thing: numbers are big-endian,
//! lists are in order, and nothing may follow.

mod announcement;
mod message;

use aegis_core::file::FileId;

pub use announcement::{ANNOUNCEMENT_BYTES_MAX, ANNOUNCEMENT_DOMAIN, decode, sign};
pub use message::{
    FileQuery, FileReply, LIST_ANNOUNCEMENTS_MAX, QUERY_BYTES_MAX, REPLY_BYTES_MAX, decode_query,
    decode_reply, encode_query, encode_reply,
};

/// Sets keys of files apart from every other use of BLAKE3.
const HOLDERS_CONTEXT: &str = "aegis 1 holders of a file for everybody";

/// Returns the key under which those who have a file for everybody are found in the DHT. Whoever knows the
/// file's id knows it; it does not tell the id.
pub(crate) fn holders_key(file: &FileId) -> [u8; 32] {
    blake3::derive_key(HOLDERS_CONTEXT, file.as_bytes())
}

#[cfg(test)]
mod tests;
