//! Files that nodes share: what one is, who says that it is there and for whom, and how it is fetched.
//!
//! Nothing here reads a file or speaks to a peer. Hashes come from bytes that are given in, what to
//! ask of whom next goes out as a value. `docs/files.md` has the reasons.

mod announcement;
mod audience;
mod catalogue;
mod chunks;
mod content;
mod plan;
mod talk;

pub use announcement::{
    Announcement, FileName, FileSeverity, InvalidFileName, InvalidSeverity, InvalidValidity, Offer,
    VALIDITY_MAX, Validity,
};
pub use audience::{Audience, Members, ORGANISATIONS_MAX};
pub use catalogue::{ANNOUNCEMENTS_MAX, ANNOUNCEMENTS_PER_AUTHOR_MAX, Catalogue, Heard};
pub use chunks::ChunkSet;
pub use content::{
    CHUNK_BYTES, CHUNKS_MAX, ChunkHash, FILE_BYTES_MAX, FileId, FileSize, InvalidFileId, Manifest,
};
pub use plan::{Ask, HOLDERS_MAX, IN_FLIGHT_PER_HOLDER_MAX, Plan, Receipt};
pub use talk::{LIST_EVERY, Saying, Talk};

#[cfg(test)]
mod tests;
