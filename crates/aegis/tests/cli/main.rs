//! The real `aegis` through a shell's eyes: what it says where, and how it ends.
//!
//! Nodes here observe without a kernel, on loopback ports of the system's choice, in directories
//! of the test's own: nothing needs root and nothing leaves this host.

#![expect(clippy::expect_used, reason = "a test stops where its set-up fails")]
#![expect(clippy::print_stderr, reason = "a skipped test says so")]

mod answers;
mod around;
mod bad_input;
#[path = "../support/browser.rs"]
mod browser;
mod config;
#[path = "../support/daemon.rs"]
mod daemon;
mod export;
mod exports;
mod feed;
mod guards;
mod history;
mod http;
mod import;
mod keys;
mod life;
mod mirror;
#[path = "../support/needed.rs"]
mod needed;
mod no_kernel;
mod notify;
mod organisation;
mod orgsig;
mod page;
mod reload;
#[path = "../support/sandbox.rs"]
mod sandbox;
mod shell;
#[path = "../support/terminal.rs"]
mod terminal;
mod together;
mod top;
#[path = "../support/wait.rs"]
mod wait;
