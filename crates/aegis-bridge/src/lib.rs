//! The wall around Redis, and whatever speaks its protocol, such as DragonflyDB.
//!
//! Today that is the mirror of the blocklist: a sorted set that others read. Nothing here decides
//! anything, and a node loses nothing where there is no server.

mod mirror;

pub use mirror::{
    InvalidMirror, MirrorCommand, MirrorConfig, MirrorHandle, MirrorState, PART_BLOCKS_MAX, start,
};
