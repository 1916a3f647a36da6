//! Agreeing on the live alerts: two nodes that meet find out what one of them lacks, at a cost
//! that follows the difference and not the size.
//!
//! `live_set` keeps the ids and what peers ask of them, `session` is one reconciliation seen by
//! the node that asks, `answer` the node that is asked, `schedule` says when to ask whom. The
//! mathematics are in `docs/sync.md`. Nothing here knows a network: `wire` has the bytes.

mod answer;
mod cell;
mod digest;
mod live_set;
mod message;
mod schedule;
mod session;
mod sketch;
mod walk;
mod wire;

use std::time::Duration;

pub use answer::answer;
pub use cell::Salt;
pub use digest::SetDigest;
pub use live_set::LiveSet;
pub use message::{Answer, Prefix, Request};
pub(crate) use schedule::{Ending, Schedule};
pub use session::{Heard, Misbehaviour, Next, Opening, Session, Tally};
pub use sketch::{Cell, Difference, Sketch, Undecoded};
pub(crate) use walk::origin_beside;
pub use wire::Malformed;

/// Cells a node keeps current of its own set, and sends at most: enough for about 5,700
/// differences, and 256 KiB of memory.
pub const CELLS_MAX: usize = 8_192;

/// Prefixes in one request at most: 64 KiB.
pub const PREFIXES_MAX: usize = 8_192;

/// Bytes of alerts in one message at most.
pub const CHUNK_BYTES_MAX: usize = 256 * 1024;

/// Alerts in one message at most: an alert has about 300 bytes or more.
pub const CHUNK_ALERTS_MAX: usize = 1_024;

/// The largest message on the wire in bytes: a chunk, or all cells, with what stands before them.
pub const MESSAGE_BYTES_MAX: usize = 288 * 1024;

/// How far apart the clocks of honest nodes are at most, and some: so long an alert that ended
/// here may still be alive elsewhere.
pub const DEPARTED_FOR: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests;
