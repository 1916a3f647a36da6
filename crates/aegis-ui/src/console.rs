//! The console: the same words as the shell, one line each, and events as they happen.

mod input;
mod printer;
mod split;
mod word;

use std::{
    io::{self, Write},
    path::PathBuf,
    time::Duration,
};

use aegis_api::{Client, ClientError, Event, EventStream};
use tokio::time::timeout;

use self::{
    input::Lines,
    word::{Talk, Word},
};
use crate::{Format, Outcome, Screen, line, run, screen::Complaint, text::shown};

pub use self::input::{Input, LINE_BYTES_MAX};

/// How long an answer's events may be behind it before the next line is taken anyway.
const CATCH_UP_TIMEOUT: Duration = Duration::from_millis(500);

/// What a console is to be like.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Console {
    /// What answers look like.
    pub format: Format,
    /// Whether to tell what happened lately first, as when the node has just started.
    pub with_backlog: bool,
    /// Where lines are remembered; only on a terminal.
    pub history: Option<PathBuf>,
}

/// Why a console ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ConsoleEnd {
    /// Somebody said so.
    Quit,
    /// The input ended, or nobody reads the output any more.
    EndOfInput,
    /// The node went away.
    NodeGone,
}

impl ConsoleEnd {
    /// Returns how the console ended as a command.
    pub fn outcome(self) -> Outcome {
        match self {
            Self::Quit | Self::EndOfInput => Outcome::Done,
            Self::NodeGone => Outcome::Unreachable,
        }
    }
}

/// Why a turn of the console does not lead to another.
enum Stop {
    End(ConsoleEnd),
    Output(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl Console {
    /// Reads lines from `input` and answers each until one says quit, they end, or the node goes.
    ///
    /// Answers, complaints and events all go to one output, in the order in which they come: a
    /// conversation is read as a whole. On a terminal that is the terminal, with a prompt that
    /// events do not tear; otherwise it is `out`. Fails only where the node cannot be reached at
    /// the start.
    pub async fn run(
        self,
        client: &Client,
        input: Input,
        out: Box<dyn Write + Send>,
    ) -> Result<ConsoleEnd, ClientError> {
        let events = client.events(self.with_backlog).await?;
        let end = match Lines::start(input, self.history, out) {
            Ok((lines, out)) => {
                let session = Session {
                    client,
                    events,
                    lines,
                    out,
                    format: self.format,
                };
                session.run().await
            }
            Err(error) => Err(error),
        };
        // Whoever closes the output has seen enough, and a terminal that breaks is closed.
        Ok(end.unwrap_or(ConsoleEnd::EndOfInput))
    }
}

/// A console that runs.
struct Session<'a> {
    client: &'a Client,
    events: EventStream,
    lines: Lines, // dropped before `out`, which then shows what is left
    out: Box<dyn Write + Send>,
    format: Format,
}

impl Session<'_> {
    async fn run(mut self) -> io::Result<ConsoleEnd> {
        loop {
            match self.turn().await {
                Ok(()) => {}
                Err(Stop::End(end)) => return Ok(end),
                Err(Stop::Output(error)) => return Err(error),
            }
        }
    }

    /// Answers the next line or tells the next event, whichever comes first.
    async fn turn(&mut self) -> Result<(), Stop> {
        tokio::select! {
            biased;
            event = self.events.next() => self.tell(event),
            text = self.lines.next() => {
                let Some(text) = text else {
                    return Err(Stop::End(ConsoleEnd::EndOfInput));
                };
                self.answer(&text).await?;
                self.catch_up().await?;
                self.lines.ready();
                Ok(())
            }
        }
    }

    fn tell(&mut self, event: Result<Option<Event>, ClientError>) -> Result<(), Stop> {
        match event {
            Ok(Some(event)) => {
                match self.format {
                    Format::Text => writeln!(self.out, "{}", line(&event))?,
                    Format::Json => {
                        let json = serde_json::to_string(&event).map_err(io::Error::from)?;
                        writeln!(self.out, "{json}")?;
                    }
                }
                Ok(self.out.flush()?)
            }
            Ok(None) => {
                self.say("The node has stopped")?;
                Err(Stop::End(ConsoleEnd::NodeGone))
            }
            Err(error) => {
                self.say(&format!("error: {}", shown(&error.to_string())))?;
                Err(Stop::End(ConsoleEnd::NodeGone))
            }
        }
    }

    async fn answer(&mut self, text: &str) -> Result<(), Stop> {
        let line = match Word::parse(text) {
            Ok(line) => line,
            Err(Talk::Help(text)) => return Ok(self.say(&text)?),
            Err(Talk::Usage(text)) => {
                let text = match self.format {
                    Format::Text => text,
                    Format::Json => Complaint::new("usage", &text).to_json()?,
                };
                return Ok(self.say(&text)?);
            }
        };
        let Some(line) = line else {
            return Ok(());
        };
        let command = match line.word {
            Word::Quit => return Err(Stop::End(ConsoleEnd::Quit)),
            Word::Command(command) => command,
        };
        let format = if line.json { Format::Json } else { self.format };
        let mut talk = Vec::new();
        let mut screen = Screen {
            out: &mut self.out,
            talk: &mut talk,
            format,
            is_terminal: false, // the talk is shown when the command has ended
        };
        run(command, self.client, &mut screen).await;
        self.out.write_all(&talk)?;
        Ok(self.out.flush()?)
    }

    /// Tells the events that the last answer caused, so that they do not come after the next.
    async fn catch_up(&mut self) -> Result<(), Stop> {
        while self.events.seq() < self.client.event_seq() {
            match timeout(CATCH_UP_TIMEOUT, self.events.next()).await {
                Ok(event) => self.tell(event)?,
                Err(_) => return Ok(()),
            }
        }
        Ok(())
    }

    fn say(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "{text}")?;
        self.out.flush()
    }
}

#[cfg(test)]
mod tests;
