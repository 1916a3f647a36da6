//! The mirror against a real server, in a directory of the test's own.

#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]
#![expect(clippy::print_stderr, reason = "a skipped test says so")]

mod mirror;
mod server;
