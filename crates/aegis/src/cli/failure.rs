//! How a command that failed tells so: a line for a person, an exit code for a program.

use std::io::{self, Write as _};

use aegis_ui::Outcome;

/// Says what failed and why, and returns what that means.
pub(crate) fn failed(error: &anyhow::Error) -> Outcome {
    // Where talk cannot be written, the exit code alone must do.
    let _ = writeln!(
        io::stderr(),
        "error: {}",
        aegis_ui::shown(&format!("{error:#}"))
    );
    let is_denied = |it: &io::Error| matches!(it.kind(), io::ErrorKind::PermissionDenied);
    let mut causes = error.chain();
    if causes.any(|it| it.downcast_ref::<io::Error>().is_some_and(is_denied)) {
        return Outcome::NotPermitted;
    }
    if error.downcast_ref::<crate::config::ConfigError>().is_some() {
        return Outcome::Usage;
    }
    Outcome::Negative
}
