//! What ends by itself.

use crate::{
    Actor, Record, Timestamp,
    engine::{Cause, Engine},
};

/// Blocks that end in one go: of an import a hundred thousand may end together, and nobody else is to wait for
/// all of them. The kernel lets each go in time by itself.
const ENDED_AT_ONCE: usize = 1_000;

impl Engine {
    /// Ends what is due at `now`: blocks, alerts, unblocks, allowlist entries, cases and questions; and
    /// asks and writes what is due. Where very many blocks are due, `poll_timeout` says so again.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        let ended = self.blocklist.remove_due(now, ENDED_AT_ONCE);
        self.end_decisions(now, &ended, Cause::Expired);
        for entry in self.ledger.remove_due(now) {
            self.persist(Record::AlertRemoved(entry.alert.id()));
        }
        while let Some((_, indicator)) = self.unblocks_due.first().copied().filter(|it| it.0 <= now)
        {
            self.unblocks_due.pop_first();
            self.forget_unblock(&indicator);
        }
        while let Some((_, indicator)) =
            self.allowlist_due.first().copied().filter(|it| it.0 <= now)
        {
            self.allowlist_due.pop_first();
            self.disallow(now, Actor::Node, indicator);
        }
        let ended = self.casebook.remove_due(now);
        self.end_cases(now, &ended);
        self.end_memberships(now);
        self.handle_due_questions(now);
        self.handle_due_sync(now);
        self.handle_due_again(now);
        self.save_trust(now);
    }

    /// Returns when `handle_timeout` has something to do next; `None` while nothing can end.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        let queues = [
            self.blocklist.next_due(),
            self.ledger.next_due(),
            self.unblocks_due.first().map(|(due, _)| *due),
            self.allowlist_due.first().map(|(due, _)| *due),
            self.casebook.next_due(),
            self.organisations.next_due(),
            self.questions.next_due(),
            self.trust.save_at(),
            self.sync.next_due(),
            self.again_due(),
        ];
        queues.into_iter().flatten().min()
    }
}
