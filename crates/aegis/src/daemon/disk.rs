//! Waiting for the disk in a thread of its own: answers wait for it, nothing else does.
//!
//! What is written outlives the process at once; a sync makes it outlive a loss of power. A person
//! who is told that something is done must find it done after either, so answers are held until
//! the write that they rest on is synced. Alerts and packets wait for nothing.
//!
//! The same thread moves the store's log into the store's file when it has grown long, which
//! otherwise the node would do itself, in the middle of a flood; and it lets old history go.

use std::{
    collections::VecDeque,
    sync::mpsc::{self as blocking, RecvTimeoutError},
    thread,
    time::Duration,
};

use aegis_core::{Refusal, Reply};
use aegis_store::{HistoryBounds, StoreError, Syncer};
use tokio::sync::mpsc;

use super::{Clock, Node};

/// How often old history is looked for on a node where nothing happens.
const KEEP_INTERVAL: Duration = Duration::from_secs(60);

/// What the thread reports: everything up to this write is on the disk, or why not.
pub(super) struct Synced {
    through: u64,
    result: Result<(), StoreError>,
}

/// How far the store is written and synced, and who waits for that.
pub(super) struct Disk {
    asked_tx: blocking::SyncSender<u64>,
    written: u64,
    synced: u64,
    is_busy: bool, // the thread works; it is asked for one thing at a time
    waiting: VecDeque<Held>,
}

/// An answer that waits for its write. At most one for each caller at the door.
struct Held {
    written: u64,
    ticket: u64,
    reply: Result<Reply, Refusal>,
}

impl Disk {
    /// Starts the thread, which ends with the `Disk`.
    pub(super) fn start(
        syncer: Option<Syncer>,
        bounds: HistoryBounds,
    ) -> std::io::Result<(Self, mpsc::Receiver<Synced>)> {
        let (asked_tx, asked_rx) = blocking::sync_channel::<u64>(1);
        let (done_tx, done_rx) = mpsc::channel(1);
        let sync = move || {
            let mut has_old_history = true; // unless it turns out otherwise
            loop {
                let through = match next(&asked_rx, has_old_history) {
                    Ok(through) => through,
                    Err(RecvTimeoutError::Timeout) => {
                        has_old_history = keep_history(syncer.as_ref(), &bounds);
                        continue;
                    }
                    Err(RecvTimeoutError::Disconnected) => return, // the node has ended
                };
                let result = syncer.as_ref().map_or(Ok(()), Syncer::sync);
                let is_synced = result.is_ok();
                if done_tx.blocking_send(Synced { through, result }).is_err() {
                    return; // the node has ended
                }
                if let Some(syncer) = syncer.as_ref().filter(|_| is_synced) {
                    checkpoint(syncer);
                    has_old_history = keep_history(Some(syncer), &bounds);
                }
            }
        };
        thread::Builder::new().name("disk".into()).spawn(sync)?;
        let disk = Self {
            asked_tx,
            written: 0,
            synced: 0,
            is_busy: false,
            waiting: VecDeque::new(),
        };
        Ok((disk, done_rx))
    }

    /// Notes that something was written.
    pub(super) fn wrote(&mut self) {
        self.written += 1;
    }

    /// Returns how often something was written.
    pub(super) const fn written(&self) -> u64 {
        self.written
    }

    /// Asks for a sync where something is written and not synced.
    pub(super) fn ask(&mut self) {
        let is_behind = self.synced < self.written;
        if is_behind && !self.is_busy {
            self.is_busy = self.asked_tx.try_send(self.written).is_ok();
        }
    }
}

/// Moves a long log. Where that fails it stays, and the store moves it by itself when it is far
/// longer; what is written is safe either way.
fn checkpoint(syncer: &Syncer) {
    if let Err(error) = syncer.checkpoint() {
        let error = super::dispatch::chain(&error);
        tracing::warn!(error, "The store's log cannot be moved into its file");
    }
}

/// Returns what is asked for next; a timeout where there is time to look after the history.
fn next(
    asked_rx: &blocking::Receiver<u64>,
    has_old_history: bool,
) -> Result<u64, RecvTimeoutError> {
    let wait = if has_old_history {
        Duration::ZERO
    } else {
        KEEP_INTERVAL
    };
    asked_rx.recv_timeout(wait)
}

/// Lets some history go that is too old or too much; returns whether there may be more of it.
fn keep_history(syncer: Option<&Syncer>, bounds: &HistoryBounds) -> bool {
    let kept = syncer.map_or(Ok(false), |it| it.keep_history(Clock.now(), bounds));
    kept.unwrap_or_else(|error| {
        let error = super::dispatch::chain(&error);
        tracing::warn!(error, "History cannot be kept within its bounds");
        false
    })
}

impl Node {
    /// Gives an answer once what it rests on is on the disk.
    pub(super) fn answer_when_synced(&mut self, ticket: u64, reply: Result<Reply, Refusal>) {
        if self.disk.synced == self.disk.written {
            return self.answer_order(ticket, reply);
        }
        let written = self.disk.written;
        self.disk.waiting.push_back(Held {
            written,
            ticket,
            reply,
        });
        self.disk.ask();
    }

    /// Releases the answers that waited for this sync.
    pub(super) fn handle_synced(&mut self, synced: Synced) {
        let Synced { through, result } = synced;
        self.disk.is_busy = false;
        // A disk that fails is told; who waits is not held for ever, what was asked for is done.
        self.disk.synced = through;
        if let Err(error) = result {
            let error = super::dispatch::chain(&error);
            self.degraded(format!("the store cannot be synced: {error}"));
        }
        while let Some(held) = self.disk.waiting.pop_front_if(|it| it.written <= through) {
            self.answer_order(held.ticket, held.reply);
        }
        if !self.disk.waiting.is_empty() {
            self.disk.ask();
        }
    }
}

#[cfg(test)]
mod tests;
