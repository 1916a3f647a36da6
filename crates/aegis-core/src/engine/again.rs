//! Judging again what a peer said before it was known who it is.
//!
//! A node that joins may hear an author's alerts from others before it knows that the author is one
//! of those it believes. What was refused for that alone is judged anew when the author comes to
//! count for more; it is live, so nobody says it a second time.

use std::{collections::BTreeSet, time::Duration};

use crate::{
    Actor, Alert, AlertId, Channel, NodeId, Refusal, Timestamp, engine::Engine, ledger::Outcome,
};

/// Alerts judged again in one go, so that a publisher's hundred thousand keep nobody waiting.
const AT_ONCE: usize = 256;

/// The time between two goes.
const PAUSE: Duration = Duration::from_millis(1);

/// Live alerts that wait to be judged again; no more than the ledger holds.
#[derive(Debug)]
pub(super) struct Again {
    waiting: BTreeSet<AlertId>,
    due: Timestamp, // counts only while something waits
}

impl Default for Again {
    fn default() -> Self {
        Self {
            waiting: BTreeSet::new(),
            due: Timestamp::EPOCH,
        }
    }
}

impl Engine {
    /// Has everything judged again that `author` said while it counted for less.
    pub(super) fn hear_again(&mut self, now: Timestamp, author: &NodeId) {
        let refused = self.ledger.of_author(author).filter_map(|it| {
            let may_differ =
                matches!(&it.outcome, Outcome::Refused(refusal) if rests_on_author(refusal));
            may_differ.then(|| it.alert.id())
        });
        self.again.waiting.extend(refused);
        self.again.due = now;
    }

    /// Returns when there is something to judge again.
    pub(super) fn again_due(&self) -> Option<Timestamp> {
        (!self.again.waiting.is_empty()).then_some(self.again.due)
    }

    /// Judges again some of what waits.
    pub(super) fn handle_due_again(&mut self, now: Timestamp) {
        for _ in 0..AT_ONCE {
            let Some(id) = self.again.waiting.pop_first() else {
                return;
            };
            // It may have ended meanwhile, or been withdrawn.
            if let Some(alert) = self.ledger.alert(&id) {
                self.judge_again(now, &alert);
            }
        }
        self.again.due = now + PAUSE;
    }

    fn judge_again(&mut self, now: Timestamp, alert: &Alert) {
        let (id, author) = (alert.id(), alert.author());
        // What was said in an hour comes in a second, by nobody's fault: as by sync.
        let verdict = self.judge(now, alert, Channel::Sync);
        let outcome = match verdict.and_then(|it| self.block(now, Actor::Peer(author), it)) {
            Ok(()) => {
                self.note_alert(now, alert, Ok(()));
                self.counters.accepted += 1;
                if let Some(peer) = self.peers.get_mut(&author) {
                    peer.alerts_accepted += 1;
                }
                Outcome::Blocks
            }
            Err(refusal) => Outcome::Refused(refusal),
        };
        self.ledger.set_outcome(&id, outcome);
    }
}

/// Returns whether another author might have been spared a refusal.
fn rests_on_author(refusal: &Refusal) -> bool {
    match refusal {
        Refusal::NotTrusted { .. }
        | Refusal::TooWide { .. }
        | Refusal::PrivateRange
        | Refusal::BudgetSpent { .. }
        | Refusal::TooFast
        | Refusal::NoQuorum { .. } => true,
        Refusal::Protected { .. }
        | Refusal::ConfiguredPeer { .. }
        | Refusal::LocalPeer { .. }
        | Refusal::Allowlisted { .. }
        | Refusal::BelowSeverity { .. }
        | Refusal::Established
        | Refusal::Unblocked
        | Refusal::Expired
        | Refusal::TableFull { .. }
        | Refusal::Organisation(_) => false,
    }
}
