//! Prints above a prompt that somebody is typing at.
//!
//! The line editor takes one text at a time and blocks who brings another while nobody is asked
//! for a line, so texts go through a thread: the console itself never waits for the terminal.

use std::{
    io::{self, Write},
    sync::mpsc,
    thread,
    time::Duration,
};

use rustyline::ExternalPrinter;

use super::input::Restore;

/// Texts that wait while the terminal is busy: pages of the longest lists and a burst of events.
const TEXTS_MAX: usize = 1024;

/// How long the last texts may take to show once the console ends.
const LAST_TEXTS_TIMEOUT: Duration = Duration::from_secs(1);

/// A text that shows nothing: a line up, and down again.
const NOTHING: &str = "\u{1b}[A\n";

/// Collects what is written and prints it as a whole when flushed.
///
/// Dropping it waits for the last text, then puts the terminal back. Whoever reads the terminal
/// must have been told to stop before.
pub(super) struct Printer {
    bytes: Vec<u8>,
    texts_tx: Option<mpsc::SyncSender<String>>,
    done_rx: mpsc::Receiver<()>,
    _restore: Restore,
}

impl Printer {
    /// Starts the thread, which ends with the printer.
    pub(super) fn start(
        printer: impl ExternalPrinter + Send + 'static,
        restore: Restore,
    ) -> io::Result<Self> {
        let (texts_tx, texts_rx) = mpsc::sync_channel(TEXTS_MAX);
        let (done_tx, done_rx) = mpsc::sync_channel(1);
        let printing = move || {
            print(printer, &texts_rx);
            let _ = done_tx.send(()); // nobody waits where the process ends first
        };
        thread::Builder::new()
            .name("printer".into())
            .spawn(printing)?;
        Ok(Self {
            bytes: Vec::new(),
            texts_tx: Some(texts_tx),
            done_rx,
            _restore: restore,
        })
    }
}

/// Prints texts until there are no more.
///
/// The editor has room for one text, and drops it where it is not asked for another line. So it
/// has taken a text once there is room for the next, and has not where it is gone before that;
/// and it has shown a text once it has taken the next.
fn print(mut printer: impl ExternalPrinter, texts_rx: &mpsc::Receiver<String>) {
    for text in texts_rx {
        let shown = printer
            .print(text.clone())
            .and_then(|()| printer.print(NOTHING.to_owned()));
        if shown.is_err() {
            let mut out = io::stdout();
            let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
            if written.is_err() {
                return;
            }
        }
    }
    let _ = printer.print(NOTHING.to_owned()); // fails where the editor is gone, and all is shown
}

impl Write for Printer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let Some(texts_tx) = self.texts_tx.as_ref().filter(|_| !self.bytes.is_empty()) else {
            return Ok(());
        };
        let text = String::from_utf8_lossy(&self.bytes).into_owned();
        self.bytes.clear();
        match texts_tx.try_send(text) {
            // A full queue means a terminal that nobody looks at: losing a text beats waiting.
            Ok(()) | Err(mpsc::TrySendError::Full(_)) => Ok(()),
            Err(mpsc::TrySendError::Disconnected(_)) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }
}

impl Drop for Printer {
    fn drop(&mut self) {
        self.texts_tx = None; // the thread ends behind the last text
        let _ = self.done_rx.recv_timeout(LAST_TEXTS_TIMEOUT);
    }
}
