//! Tests against the running kernel: packets by test run, and real traffic between namespaces.
//!
//! Each test has an instance, and where it needs them namespaces, of its own, removed also when it
//! fails. Without the privileges they need the tests say so and pass;
//! `AEGIS_REQUIRE_KERNEL=1` makes that a failure.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test fails by panicking, and a skipped one says so"
)]

mod account;
mod attach;
mod bench;
mod bench_kernel;
mod bulk;
mod capacity;
mod cookie;
mod destination;
mod detector;
mod differential;
mod enforcement;
mod exempt;
mod expiry;
mod gap;
mod packet;
mod restart;
mod sketch;
mod support;
mod table;
mod traffic;
mod traps;
mod verdict;
