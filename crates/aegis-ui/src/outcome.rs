//! How a command ended, and the exit code that says so: the only place that maps one to the other.

use std::process::ExitCode;

use aegis_api::{ClientError, ErrorCode};

/// How a command ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// It was done, or the answer is yes.
    Done,
    /// It was refused, or the answer is no.
    Negative,
    /// It could not be understood.
    Usage,
    /// No daemon answers.
    Unreachable,
    /// The caller may not do this.
    NotPermitted,
}

impl Outcome {
    /// Returns the exit code.
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Negative => 1,
            Self::Usage => 2,
            Self::Unreachable => 3,
            Self::NotPermitted => 4,
        }
    }

    /// Returns what an error of the client means.
    pub fn of(error: &ClientError) -> Self {
        match error {
            ClientError::Unreachable { .. } => Self::Unreachable,
            ClientError::Denied { .. } => Self::NotPermitted,
            ClientError::Refused(refusal) if refusal.code == ErrorCode::InvalidRequest => {
                Self::Usage
            }
            ClientError::Refused(_) | ClientError::Protocol { .. } => Self::Negative,
        }
    }

    /// Returns yes or no as an outcome.
    pub(crate) const fn answer(is_yes: bool) -> Self {
        if is_yes { Self::Done } else { Self::Negative }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        outcome.code().into()
    }
}
