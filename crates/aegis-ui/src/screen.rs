//! Where answers go and what they look like.

use std::io::{self, Write};

use aegis_api::{ClientError, ErrorCode};
use serde::Serialize;

use crate::{Outcome, text::shown};

/// What answers look like.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Format {
    /// For a person.
    #[default]
    Text,
    /// For a program: one line of JSON for each answer.
    Json,
}

/// Two outputs and a format.
pub struct Screen<'a> {
    /// For data.
    pub out: &'a mut (dyn Write + Send),
    /// For talk.
    pub talk: &'a mut (dyn Write + Send),
    /// What both look like.
    pub format: Format,
}

/// What is said of a failure in JSON.
#[derive(Serialize)]
pub(crate) struct Complaint<'a> {
    code: &'a str,
    message: &'a str,
}

impl<'a> Complaint<'a> {
    pub(crate) fn new(code: &'a str, message: &'a str) -> Self {
        Self { code, message }
    }

    /// Returns it on one line.
    pub(crate) fn to_json(&self) -> io::Result<String> {
        Ok(serde_json::to_string(self)?)
    }
}

impl Screen<'_> {
    /// Shows a reply as its report, or as itself in JSON.
    pub(crate) fn show<T: Serialize>(
        &mut self,
        reply: &T,
        report: impl FnOnce(&T) -> String,
    ) -> io::Result<()> {
        match self.format {
            Format::Text => self.out.write_all(report(reply).as_bytes())?,
            Format::Json => {
                serde_json::to_writer(&mut *self.out, reply)?;
                self.out.write_all(b"\n")?;
            }
        }
        self.out.flush()
    }

    /// Says what went wrong, and returns how the command ended.
    pub(crate) fn complain(&mut self, error: &ClientError) -> io::Result<Outcome> {
        let (code, message) = (code(error), error.to_string());
        match self.format {
            Format::Text => {
                let refused = matches!(error, ClientError::Refused(_));
                let kind = if refused { "refused" } else { "error" };
                writeln!(self.talk, "{kind}: {}", shown(&message))?;
            }
            Format::Json => {
                let complaint = Complaint::new(code, &message).to_json()?;
                writeln!(self.talk, "{complaint}")?;
            }
        }
        self.talk.flush()?;
        Ok(Outcome::of(error))
    }
}

/// Returns the code that tells a failure from others: the node's own, or one of the client's.
fn code(error: &ClientError) -> &'static str {
    match error {
        ClientError::Unreachable { .. } => "unreachable",
        ClientError::Denied { .. } => ErrorCode::Denied.as_str(),
        ClientError::Refused(refusal) => refusal.code.as_str(),
        ClientError::Protocol { .. } => "protocol",
    }
}
