//! CrowdSec's own programs against a node: Debian's agent, `cscli` and firewall bouncer, unmodified, in
//! network namespaces that each test makes for itself.
//!
//! The packages are fetched once and unpacked below `target/`; nothing is installed. Without root, or
//! where they cannot be had, every test says loudly that it is skipped; `AEGIS_REQUIRE_KERNEL=1`
//! makes that a failure.

#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]
#![expect(
    clippy::print_stderr,
    reason = "a test says why it is skipped, and what it measured"
)]

mod agent;
mod bouncer;
mod cscli;
#[path = "../support/debian.rs"]
mod debian;
#[path = "../support/needed.rs"]
mod needed;
mod package;
mod place;
mod program;
