//! Prints above a prompt that somebody is typing at.
//!
//! The line editor takes one text at a time and blocks who brings another while nobody types, so
//! texts go through a thread: the console itself never waits for the terminal.

use std::{
    io::{self, Write},
    sync::mpsc,
    thread,
};

use rustyline::ExternalPrinter;

/// Texts that wait while the terminal is busy: pages of the longest lists and a burst of events.
const TEXTS_MAX: usize = 1024;

/// Collects what is written and prints it as a whole when flushed.
pub(super) struct Printer {
    bytes: Vec<u8>,
    texts_tx: mpsc::SyncSender<String>,
}

impl Printer {
    /// Starts the thread, which ends with the printer.
    pub(super) fn start(mut printer: impl ExternalPrinter + Send + 'static) -> io::Result<Self> {
        let (texts_tx, texts_rx) = mpsc::sync_channel(TEXTS_MAX);
        let printing = move || {
            for text in texts_rx {
                if printer.print(text).is_err() {
                    return;
                }
            }
        };
        thread::Builder::new()
            .name("printer".into())
            .spawn(printing)?;
        Ok(Self {
            bytes: Vec::new(),
            texts_tx,
        })
    }
}

impl Write for Printer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.bytes.is_empty() {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&self.bytes).into_owned();
        self.bytes.clear();
        match self.texts_tx.try_send(text) {
            // A full queue means a terminal that nobody looks at: losing a text beats waiting.
            Ok(()) | Err(mpsc::TrySendError::Full(_)) => Ok(()),
            Err(mpsc::TrySendError::Disconnected(_)) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }
}
