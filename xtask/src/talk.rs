//! What xtask says to the person in front of it, and how long things took.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "xtask is a program for a terminal"
)]

use std::fmt::Display;
use std::time::{Duration, Instant};

/// Says one line that belongs to the result.
pub(crate) fn say(line: impl Display) {
    println!("{line}");
}

/// Says what happens now; goes to stderr, so that results can be piped.
pub(crate) fn note(line: impl Display) {
    eprintln!("{line}");
}

/// Says loudly that something was left out or is not as it should be.
pub(crate) fn warn(line: impl Display) {
    eprintln!("\n!!! WARNING: {line}\n");
}

/// Counts the time that a step takes.
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(
        clippy::disallowed_methods,
        reason = "measures xtask's own steps, decides nothing"
    )]
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// Returns the time since the start.
    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
