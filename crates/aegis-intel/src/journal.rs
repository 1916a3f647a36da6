//! Files of systemd's journal, read as its documentation describes them.
//!
//! A file is a header and objects: fields with their values, entries that point to them, and arrays
//! that point to the entries, in order. The writer appends while this reads, so everything is read
//! anew where it is needed; a place that makes no sense is an error of the file and no more. Values
//! that are compressed are passed over: those that matter here are far shorter than what journald
//! compresses (512 bytes).
//!
//! Fields that begin with an underscore are the journal's own word on who wrote an entry, and cannot
//! be chosen by whoever writes. `MESSAGE` can: it counts only with those.

mod file;
mod trusted;

pub use file::{Entry, Journal, JournalError, Storage};
pub use trusted::sshd_message;
