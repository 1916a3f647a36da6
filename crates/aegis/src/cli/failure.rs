//! How a command that failed tells so: a line for a person, an exit code for a program.

use std::io::{self, Write as _};

use aegis_api::ClientError;
use aegis_enforce::EnforceError;
use aegis_ui::Outcome;

use crate::config::ConfigError;

/// Says what failed and why, and returns what that means.
pub(crate) fn failed(error: &anyhow::Error, is_json: bool) -> Outcome {
    let (outcome, code) = meaning(error);
    let message = format!("{error:#}");
    let line = if is_json {
        serde_json::json!({ "code": code, "message": message }).to_string()
    } else {
        format!("error: {}", aegis_ui::shown_lines(message.trim_end()))
    };
    // Where talk cannot be written, the exit code alone must do.
    let _ = writeln!(io::stderr(), "{line}");
    outcome
}

/// Returns how a command ended that failed so, and the word that a program knows it by.
fn meaning(error: &anyhow::Error) -> (Outcome, &'static str) {
    let is_denied = |it: &io::Error| it.kind() == io::ErrorKind::PermissionDenied;
    let mut causes = error.chain();
    let lacks = |it: &EnforceError| matches!(it, EnforceError::Privileges { .. });
    if causes.any(|it| {
        it.downcast_ref::<io::Error>().is_some_and(is_denied)
            || it.downcast_ref::<EnforceError>().is_some_and(lacks)
    }) {
        return (Outcome::NotPermitted, "denied");
    }
    if let Some(error) = error.downcast_ref::<ClientError>() {
        return (Outcome::of(error), "client");
    }
    if error.downcast_ref::<ConfigError>().is_some() {
        return (Outcome::Usage, "config");
    }
    (Outcome::Negative, "failed")
}
