//! The hub that hands every event to whoever listens, in bounded memory.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use aegis_core::Timestamp;
use tokio::sync::broadcast;

use crate::{Event, EventKind};

/// Events that wait for a slow reader before it loses the oldest: seconds of a busy node.
pub const QUEUED_EVENTS_MAX: usize = 1024;

/// Past events kept for a reader that comes late: the start of a node and then some.
pub const BACKLOG_EVENTS_MAX: usize = 256;

/// Numbers events and hands them out. Clones are the same hub.
#[derive(Clone, Debug)]
pub struct EventHub {
    backlog: Arc<Mutex<Backlog>>,
    events_tx: broadcast::Sender<Arc<Event>>,
}

#[derive(Debug, Default)]
struct Backlog {
    seq: u64,
    events: VecDeque<Arc<Event>>, // at most BACKLOG_EVENTS_MAX
}

/// What a reader gets: recent events, and without a gap those to come.
#[derive(Debug)]
pub struct Subscription {
    /// The most recent events, oldest first.
    pub backlog: Vec<Arc<Event>>,
    /// Those to come; at most [`QUEUED_EVENTS_MAX`] wait.
    pub events_rx: broadcast::Receiver<Arc<Event>>,
}

impl EventHub {
    /// Returns a hub without readers.
    pub fn new() -> Self {
        Self {
            backlog: Arc::default(),
            events_tx: broadcast::Sender::new(QUEUED_EVENTS_MAX),
        }
    }

    /// Tells every reader what happened at `at`. Never waits.
    pub fn publish(&self, at: Timestamp, kind: EventKind) {
        let mut backlog = self.lock();
        backlog.seq += 1;
        let event = Arc::new(Event {
            seq: backlog.seq,
            at,
            kind,
        });
        if backlog.events.len() == BACKLOG_EVENTS_MAX {
            backlog.events.pop_front();
        }
        backlog.events.push_back(Arc::clone(&event));
        // Sent under the lock, so that no reader gets an event twice or not at all.
        // Without readers it fails, which is nobody's loss.
        let _ = self.events_tx.send(event);
    }

    /// Returns the number of the last event.
    pub fn seq(&self) -> u64 {
        self.lock().seq
    }

    /// Starts reading.
    pub fn subscribe(&self) -> Subscription {
        let backlog = self.lock();
        Subscription {
            backlog: backlog.events.iter().cloned().collect(),
            events_rx: self.events_tx.subscribe(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Backlog> {
        // Whoever panicked while holding it left at worst an event out.
        self.backlog.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for EventHub {
    fn default() -> Self {
        Self::new()
    }
}
