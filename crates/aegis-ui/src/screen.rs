//! Where answers go and what they look like.

use std::io::{self, Write};

use aegis_api::{ClientError, ErrorCode};
use serde::Serialize;

use crate::{
    Outcome,
    text::{shown, shown_lines},
};

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
    /// Whether talk goes to a terminal, where a line may be written over.
    pub is_terminal: bool,
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
    pub fn complain(&mut self, error: &ClientError) -> io::Result<Outcome> {
        let message = error.to_string();
        let refused = matches!(error, ClientError::Refused(_));
        let kind = if refused { "refused" } else { "error" };
        let text = format!("{kind}: {}", shown(&message));
        self.talk(&text, &Complaint::new(code(error), &message))?;
        Ok(Outcome::of(error))
    }

    /// Says why something is not done that the node was not asked for.
    pub(crate) fn refuse(&mut self, code: &str, message: &str) -> io::Result<Outcome> {
        let text = format!("refused: {}", shown_lines(message));
        self.talk(&text, &Complaint::new(code, message))?;
        Ok(Outcome::Negative)
    }

    fn talk(&mut self, text: &str, complaint: &Complaint<'_>) -> io::Result<()> {
        match self.format {
            Format::Text => writeln!(self.talk, "{text}")?,
            Format::Json => writeln!(self.talk, "{}", complaint.to_json()?)?,
        }
        self.talk.flush()
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
