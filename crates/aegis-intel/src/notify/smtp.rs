//! A dialogue with a mail server (RFC 5321): what it answers comes in, what to say next goes out.
//!
//! In the clear and without a password: for the server of this host, or of its network.

use super::{Letter, MailAddress};

/// The longest line of an answer that is read, in bytes; RFC 5321 allows 512.
pub const ANSWER_BYTES_MAX: usize = 2_048;

/// Lines of one answer.
const LINES_MAX: usize = 64;

/// What a server answered.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Answer {
    code: u16,
    text: String,
    lines: usize,
    is_whole: bool,
}

/// A line that is no part of an answer.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("what the mail server answers is no SMTP")]
pub struct InvalidAnswer;

/// What to do next.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Next {
    /// Say this, and wait for an answer.
    Say(String),
    /// The letter is the server's now; say this and go.
    Done(String),
    /// It is not: the server said this. Whether it may take it another time.
    Failed {
        /// What it said.
        said: String,
        /// Whether to try again.
        may_retry: bool,
    },
}

/// What was said last.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Step {
    Connected,
    Ehlo,
    Helo,
    From,
    To(usize),
    Data,
    Letter,
}

/// One letter on its way to a server.
#[derive(Clone, Debug)]
pub struct Dialogue {
    host: String,
    from: MailAddress,
    to: Vec<MailAddress>,
    letter: String,
    step: Step,
    /// How many of those to whom it goes the server knows, and what it says of one that it does not.
    accepted: usize,
    refused: Option<Answer>,
}

impl Answer {
    /// Takes a line, without its end; returns whether that is all.
    ///
    /// # Errors
    ///
    /// Fails where the line is of no answer, or there are too many.
    pub fn take(&mut self, line: &str) -> Result<bool, InvalidAnswer> {
        let code = line.get(..3).ok_or(InvalidAnswer)?;
        let is_number = code.bytes().all(|it| it.is_ascii_digit());
        let code = code
            .parse()
            .ok()
            .filter(|it| is_number && (200..600).contains(it));
        let code = code.ok_or(InvalidAnswer)?;
        self.is_whole = match line.as_bytes().get(3) {
            None | Some(b' ') => true,
            Some(b'-') => false,
            Some(_) => return Err(InvalidAnswer),
        };
        self.lines += 1;
        if self.lines > LINES_MAX || (self.code != 0 && self.code != code) {
            return Err(InvalidAnswer);
        }
        self.code = code;
        self.text = super::cleaned(line, super::TITLE_BYTES_MAX, |_| false);
        Ok(self.is_whole)
    }
}

impl Dialogue {
    /// Begins, before the server has said anything.
    pub fn new(letter: Letter<'_>) -> Self {
        Self {
            host: letter.message.host.clone(),
            from: letter.from.clone(),
            to: letter.to.to_vec(),
            letter: letter.render(),
            step: Step::Connected,
            accepted: 0,
            refused: None,
        }
    }

    /// Takes an answer; returns what to do next.
    pub fn take(&mut self, answer: Answer) -> Next {
        match (self.step, answer.code / 100) {
            (Step::Connected, 2) => self.say(Step::Ehlo, format!("EHLO {}", self.host)),
            (Step::Ehlo, 5) => self.say(Step::Helo, format!("HELO {}", self.host)),
            (Step::Ehlo | Step::Helo, 2) => {
                self.say(Step::From, format!("MAIL FROM:<{}>", self.from))
            }
            (Step::From, 2) => self.next_receiver(0),
            (Step::To(at), 2) => {
                self.accepted += 1;
                self.next_receiver(at + 1)
            }
            (Step::To(at), 4 | 5) => {
                // Whom it may take another time is worth another try, whatever it says of others.
                if self.refused.as_ref().is_none_or(|it| it.code / 100 == 5) {
                    self.refused = Some(answer);
                }
                self.next_receiver(at + 1)
            }
            (Step::Data, 3) => {
                self.step = Step::Letter;
                Next::Say(format!("{}.\r\n", self.letter)) // no line of it begins with a dot
            }
            (Step::Letter, 2) => Next::Done("QUIT\r\n".to_owned()),
            _ => failed(&answer),
        }
    }

    /// Returns what the server says of one whom it takes no letter for, if there is one.
    pub fn refusal(&self) -> Option<&str> {
        self.refused.as_ref().map(|it| it.text.as_str())
    }

    fn next_receiver(&mut self, at: usize) -> Next {
        match (self.to.get(at), &self.refused) {
            (Some(to), _) => {
                let line = format!("RCPT TO:<{to}>");
                self.say(Step::To(at), line)
            }
            (None, Some(refused)) if self.accepted == 0 => failed(refused),
            (None, _) => self.say(Step::Data, "DATA".to_owned()),
        }
    }

    fn say(&mut self, step: Step, line: String) -> Next {
        self.step = step;
        Next::Say(line + "\r\n")
    }
}

fn failed(answer: &Answer) -> Next {
    Next::Failed {
        said: answer.text.clone(),
        may_retry: answer.code / 100 != 5,
    }
}

#[cfg(test)]
mod tests;
