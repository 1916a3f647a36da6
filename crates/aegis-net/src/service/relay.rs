//! Alerts of authors that say many at once, which wait to be passed on until there is nothing to
//! hear.
//!
//! What an author says to everybody reaches every peer by every other peer too. A thousand alerts
//! of one author so become many thousands, and whatever else a peer says waits behind those that it
//! passes on. So a node passes on the first alerts of an author at once, and the rest of a burst
//! when it has heard what there is to hear: by then most peers have it, and need not be sent it.

use std::{collections::VecDeque, time::Duration};

use aegis_core::Timestamp;
use libp2p::{PeerId, gossipsub::MessageId};

/// Alerts that wait at a time: the bursts of two trusted authors.
const WAITING_MAX: usize = 2048;

/// How long an alert waits at most, however much there is to hear. The gossip layer keeps it for
/// four times as long.
const WAITS_MAX: Duration = Duration::from_secs(1);

/// Alerts passed on before it is looked again whether there is something to hear.
const RELAYS_PER_TURN: usize = 8;

/// Alerts that have waited long enough and are passed on before the rest of the node has its turn
/// again: some milliseconds.
pub(super) const OVERDUE_PER_TURN: usize = 64;

/// An alert to be passed on.
#[derive(Debug)]
pub(super) enum Relay {
    /// One that the gossip layer keeps.
    Gossip {
        /// Which.
        id: MessageId,
        /// Who brought it.
        forwarder: PeerId,
    },
    /// One that was said directly.
    Said(Vec<u8>),
}

/// What waits to be passed on, in the order in which it came.
#[derive(Debug, Default)]
pub(super) struct Relays {
    waiting: VecDeque<(Timestamp, Relay)>, // with the time by which it is passed on
}

impl Relays {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Adds an alert; returns the one that has to go for it, where there is no room.
    pub(super) fn push(&mut self, now: Timestamp, relay: Relay) -> Option<Relay> {
        self.waiting.push_back((now + WAITS_MAX, relay));
        let is_full = self.waiting.len() > WAITING_MAX;
        let (_, eldest) = self.waiting.pop_front_if(|_| is_full)?;
        Some(eldest)
    }

    /// Takes some alerts, because there is nothing else to do.
    pub(super) fn take_some(&mut self) -> Vec<Relay> {
        let some = self.waiting.len().min(RELAYS_PER_TURN);
        self.waiting.drain(..some).map(|(_, it)| it).collect()
    }

    /// Takes an alert that has waited long enough, which after a clock was put back is all.
    pub(super) fn take_overdue(&mut self, now: Timestamp) -> Option<Relay> {
        let is_overdue = |due: Timestamp| due <= now || due > now + WAITS_MAX;
        let (_, relay) = self.waiting.pop_front_if(|(due, _)| is_overdue(*due))?;
        Some(relay)
    }

    /// Takes all alerts, because there will be no time for them.
    pub(super) fn take_all(&mut self) -> VecDeque<Relay> {
        let waiting = std::mem::take(&mut self.waiting);
        waiting.into_iter().map(|(_, it)| it).collect()
    }
}

/// Waits until everything that has come in so far was looked at.
///
/// One pass of the runtime sees what came in, the next has the connections read it, and whoever
/// owns the swarm is told in the third.
pub(super) async fn quiet() {
    for _ in 0..3 {
        tokio::task::yield_now().await;
    }
}

#[cfg(test)]
mod tests;
