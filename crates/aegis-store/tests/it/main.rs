//! The store as its caller meets it: on disk, reopened, killed, damaged, old, new and shared.

#![expect(clippy::unwrap_used, reason = "a test stops where its set-up fails")]

mod access;
mod corrupt_row;
mod damage;
mod expiry;
mod fixture;
mod history;
mod kill;
mod kill_tidying;
mod migration;
mod model;
mod open;
mod organisation;
mod syncer;
