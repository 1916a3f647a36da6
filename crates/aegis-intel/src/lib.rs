//! The wall around formats that others made: what the host's logs say, and what that means.
//!
//! Everything here is pure: bytes and times come in, findings go out. Nothing opens a file, and
//! nothing is trusted that somebody outside could have written into a log: each parser knows which
//! parts of its line the program wrote and which a stranger chose, and reads a source address only
//! from where a stranger cannot put one.

pub mod journal;
pub mod log;
