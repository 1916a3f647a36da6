//! The watches and the probe against a real kernel: namespaces of their own, and loopback.
//!
//! What needs root says "SKIPPED" without it; `AEGIS_REQUIRE_KERNEL=1` makes that a failure.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]
#![expect(clippy::print_stderr, reason = "a skipped test says so")]

mod connections;
mod namespace;
mod probe;
mod program;
mod watch;
