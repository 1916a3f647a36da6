//! Where lines come from: a terminal with history and completion, or a pipe.
//!
//! Both are read on a thread of their own, because reading cannot be interrupted; the thread
//! ends with the process.

mod terminal;

use std::{
    io::{self, BufRead, BufReader, IsTerminal, Read, Write},
    path::PathBuf,
    thread,
};

use tokio::sync::mpsc;

use self::terminal::Terminal;

pub(super) use self::terminal::Restore;

/// The longest line that is taken; a whole command has a few hundred bytes.
pub const LINE_BYTES_MAX: u64 = 16 * 1024;

/// Lines that wait to be answered: one, so that whoever writes a pipe faster waits.
const LINES_MAX: usize = 1;

/// What a console reads.
pub enum Input {
    /// A terminal on standard input and output.
    Terminal,
    /// Anything else, line by line, without a prompt.
    Lines(Box<dyn BufRead + Send>),
}

/// Lines as they come.
pub(super) struct Lines {
    lines_rx: mpsc::Receiver<String>,
    ready_tx: Option<mpsc::Sender<()>>, // to a terminal, which prompts only when it is its turn
}

impl Input {
    /// Returns standard input, as the terminal that it may be.
    pub fn standard() -> Self {
        if io::stdin().is_terminal() && io::stdout().is_terminal() {
            Self::Terminal
        } else {
            Self::Lines(Box::new(BufReader::new(io::stdin())))
        }
    }
}

impl Lines {
    /// Starts reading; returns the lines, and where to write so that no prompt is torn.
    pub(super) fn start(
        input: Input,
        history: Option<PathBuf>,
        out: Box<dyn Write + Send>,
    ) -> io::Result<(Self, Box<dyn Write + Send>)> {
        let (lines_tx, lines_rx) = mpsc::channel(LINES_MAX);
        let reader = thread::Builder::new().name("console".into());
        match input {
            Input::Lines(input) => {
                reader.spawn(move || read_lines(input, &lines_tx))?;
                let lines = Self {
                    lines_rx,
                    ready_tx: None,
                };
                Ok((lines, out))
            }
            Input::Terminal => {
                let restore = Restore::new();
                let mut terminal = Terminal::open(history).map_err(io::Error::other)?;
                let printer = terminal.printer(restore)?;
                let (ready_tx, ready_rx) = mpsc::channel(LINES_MAX);
                reader.spawn(move || terminal.read_lines(&lines_tx, ready_rx))?;
                let lines = Self {
                    lines_rx,
                    ready_tx: Some(ready_tx),
                };
                Ok((lines, Box::new(printer)))
            }
        }
    }

    /// Returns the next line, or `None` at the end.
    pub(super) async fn next(&mut self) -> Option<String> {
        self.lines_rx.recv().await
    }

    /// Says that the last line is answered.
    pub(super) fn ready(&self) {
        if let Some(ready_tx) = &self.ready_tx {
            // Fails where the terminal is gone, which shows as the end of the lines.
            let _ = ready_tx.try_send(());
        }
    }
}

fn read_lines(mut input: impl BufRead, lines_tx: &mpsc::Sender<String>) {
    loop {
        let mut line = Vec::new();
        let read = input
            .by_ref()
            .take(LINE_BYTES_MAX)
            .read_until(b'\n', &mut line);
        let is_whole = line.ends_with(b"\n") || (line.len() as u64) < LINE_BYTES_MAX;
        // A line cut in two could say something that nobody meant: better none at all.
        if !matches!(read, Ok(1..)) || !is_whole {
            return;
        }
        let line = String::from_utf8_lossy(&line).into_owned();
        if lines_tx.blocking_send(line).is_err() {
            return;
        }
    }
}
