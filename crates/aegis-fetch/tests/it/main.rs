//! The fetcher against servers of the test's own, on loopback.

#![expect(clippy::expect_used, reason = "a test stops where its set-up fails")]

mod bounds;
mod server;
mod tls;
mod way;
