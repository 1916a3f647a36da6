//! Sets of nftables against a real kernel: traffic between namespaces, and what others do to them.
//!
//! Without root or without nft every test says "SKIPPED"; `AEGIS_REQUIRE_KERNEL=1` makes that a
//! failure.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::print_stderr, reason = "a skipped test says so")]

mod frame;
mod others;
mod pieces;
mod restart;
mod support;
mod table;
mod traffic;
