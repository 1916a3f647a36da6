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

pub use announcement::{ANNOUNCEMENT_BYTES_MAX, ANNOUNCEMENT_DOMAIN, decode, sign};
pub use message::{
    FileQuery, FileReply, LIST_ANNOUNCEMENTS_MAX, QUERY_BYTES_MAX, REPLY_BYTES_MAX, decode_query,
    decode_reply, encode_query, encode_reply,
};

#[cfg(test)]
mod tests;
