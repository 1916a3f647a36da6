//! Component tests of the network crate: real nodes on loopback and in network namespaces of the
//! test's own.

#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test that cannot go on fails, and picks the events it is about"
)]

mod ask;
mod ask_hostile;
mod batch;
mod burst;
mod company;
mod corpus;
mod direct;
mod file;
mod floors;
mod goodbye;
mod holders;
mod hostile;
mod join;
mod mdns;
mod members;
mod organisation;
mod raw;
mod raw_codec;
mod sealed;
mod support;
mod sync;
mod ticket;
