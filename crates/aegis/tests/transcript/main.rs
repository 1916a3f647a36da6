//! Golden transcripts: what a piped session of the console says, word for word.
//!
//! Where the words are to change, run the tests with `AEGIS_BLESS=1` and read the difference.

#![expect(clippy::expect_used, reason = "a test stops where its set-up fails")]

#[path = "../support/daemon.rs"]
mod daemon;
mod golden;
mod normal;
#[path = "../support/sandbox.rs"]
mod sandbox;
mod session;
mod sessions;
#[path = "../support/wait.rs"]
mod wait;
