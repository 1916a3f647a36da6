//! The wall around formats that others made: what the host's logs say and what that means, what
//! databases know of addresses, and what other programs read of the blocklist.
//!
//! Logs, journals and feeds are pure: bytes and times come in, findings go out. Nothing is trusted that
//! somebody outside could have written into a log: each parser knows which parts of its line the
//! program wrote and which a stranger chose, and reads a source address only from where a stranger
//! cannot put one. Databases are files that the operator keeps, and no error of a file's brings
//! anybody down.

pub mod export;
pub mod feed;
pub mod journal;
pub mod log;
pub mod notify;
pub mod place;
