//! A terminal: prompt, history, completion of the first word.

use std::{
    io::{self, Write},
    path::PathBuf,
};

use nix::sys::termios::{SetArg, Termios, tcgetattr, tcsetattr};
use rustyline::{
    Config, Context, Editor,
    completion::{Completer, Pair},
    error::ReadlineError,
    history::FileHistory,
};
use tokio::sync::mpsc;

use crate::console::{printer::Printer, word::Word};

const PROMPT: &str = "aegis> ";

/// Lines that are remembered.
const HISTORY_LINES_MAX: usize = 1000;

/// The terminal, ready to be read.
pub(super) struct Terminal {
    editor: Editor<Words, FileHistory>,
    history: Option<PathBuf>,
}

/// Completes the first word of a line.
struct Words(Vec<String>);

/// Puts the terminal back as it was, also while the reading thread still waits for a key.
pub(in crate::console) struct Restore(Option<Termios>);

impl Terminal {
    pub(super) fn open(history: Option<PathBuf>) -> rustyline::Result<Self> {
        let config = Config::builder()
            .max_history_size(HISTORY_LINES_MAX)?
            .auto_add_history(true)
            .bracketed_paste(false)
            .build();
        let mut editor = Editor::with_config(config)?;
        editor.set_helper(Some(Words(Word::all())));
        if let Some(path) = &history {
            let _ = editor.load_history(path); // there is none at first
        }
        Ok(Self { editor, history })
    }

    /// Returns where to write while the prompt stands.
    pub(super) fn printer(&mut self, restore: Restore) -> io::Result<Printer> {
        let printer = self.editor.create_external_printer();
        Printer::start(printer.map_err(io::Error::other)?, restore)
    }

    /// Hands over lines, each once the one before is answered.
    pub(super) fn read_lines(
        mut self,
        lines_tx: &mpsc::Sender<String>,
        mut ready_rx: mpsc::Receiver<()>,
    ) {
        loop {
            let line = match self.editor.readline(PROMPT) {
                Ok(line) => line,
                Err(ReadlineError::Signal(_)) => continue,
                Err(_) => return,
            };
            if let Some(path) = &self.history {
                let _ = self.editor.append_history(path); // a console without memory is one still
            }
            if lines_tx.blocking_send(line).is_err() || ready_rx.blocking_recv().is_none() {
                return;
            }
        }
    }
}

impl Restore {
    pub(super) fn new() -> Self {
        Self(tcgetattr(io::stdin()).ok())
    }
}

impl Drop for Restore {
    fn drop(&mut self) {
        let Some(before) = &self.0 else { return };
        if tcgetattr(io::stdin()).is_ok_and(|it| it.local_flags == before.local_flags) {
            return;
        }
        // Somebody is at the prompt still: whatever comes next begins a line of its own.
        let _ = tcsetattr(io::stdin(), SetArg::TCSANOW, before); // best effort on the way out
        let _ = io::stdout().write_all(b"\n");
    }
}

impl Completer for Words {
    type Candidate = Pair;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<Pair>)> {
        let begun = line[..position].trim_start();
        if begun.contains(char::is_whitespace) && !begun.starts_with("help ") {
            return Ok((position, Vec::new()));
        }
        let begun = begun.trim_start_matches("help ");
        let fitting = self.0.iter().filter(|it| it.starts_with(begun));
        let candidates = fitting.map(|it| Pair {
            display: it.clone(),
            replacement: format!("{it} "),
        });
        Ok((position - begun.len(), candidates.collect()))
    }
}

impl rustyline::Helper for Words {}

impl rustyline::hint::Hinter for Words {
    type Hint = String;
}

impl rustyline::highlight::Highlighter for Words {}

impl rustyline::validate::Validator for Words {}

#[cfg(test)]
mod tests;
