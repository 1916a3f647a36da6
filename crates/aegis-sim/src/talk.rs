//! What the simulations say: results on standard output, the rest on standard error.

#![expect(clippy::print_stderr, reason = "a program for a terminal")]

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};

use anyhow::{Context, Result};

/// Writes a result. A reader that has seen enough is no failure.
pub(crate) fn say(text: &str) -> Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result.context("write the result"),
    }
}

/// Says what happens now.
pub(crate) fn note(line: impl Display) {
    eprintln!("{line}");
}
