//! Alerts of this node's own that wait some milliseconds, to go together.
//!
//! Whoever says one thing says it at once. Whoever says hundreds a second says them in batches: one
//! message of gossip in place of hundreds, a third of the bytes, and one check of all signatures.

use std::{sync::Arc, time::Duration};

use aegis_core::{Alert, Timestamp};

use crate::gate::{Quota, TokenBucket};

/// Alerts that go at once, one by one: as many as peers pass on at once.
const AT_ONCE: Quota = Quota {
    burst: 32,
    per_second: 20,
};

/// How long an alert waits at most for others to go with.
const WAITS_MAX: Duration = Duration::from_millis(5);

/// Alerts that go without waiting for more: most of them fit into one batch.
pub(super) const FULL: usize = 256;

/// What waits to go together.
#[derive(Debug)]
pub(super) struct Outbox {
    at_once: TokenBucket,
    waiting: Vec<Arc<Alert>>,
    due: Timestamp, // meaningless while nothing waits
}

impl Outbox {
    pub(super) fn new() -> Self {
        Self {
            at_once: TokenBucket::default(),
            waiting: Vec::new(),
            due: Timestamp::EPOCH,
        }
    }

    /// Returns whether an alert is to go by itself, and counts it. Nothing overtakes what waits.
    pub(super) fn goes_at_once(&mut self, now: Timestamp) -> bool {
        self.waiting.is_empty() && self.at_once.take_one(now, AT_ONCE)
    }

    /// Adds an alert; returns all that wait where they wait no longer.
    pub(super) fn push(&mut self, now: Timestamp, alert: Arc<Alert>) -> Option<Vec<Arc<Alert>>> {
        if self.waiting.is_empty() {
            self.due = now + WAITS_MAX;
        }
        self.waiting.push(alert);
        (self.waiting.len() >= FULL).then(|| self.take())
    }

    /// Returns how long to wait until what waits is due; `None` where nothing waits. After a clock
    /// was put back it is no longer than otherwise.
    pub(super) fn pause(&self, now: Timestamp) -> Option<Duration> {
        let is_waiting = !self.waiting.is_empty();
        is_waiting.then(|| self.due.since(now).min(WAITS_MAX))
    }

    /// Takes everything that waits.
    pub(super) fn take(&mut self) -> Vec<Arc<Alert>> {
        std::mem::take(&mut self.waiting)
    }
}

#[cfg(test)]
mod tests;
