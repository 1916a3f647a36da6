//! What peers asked and nobody has answered yet: each by a number, for as long as its stream stays.

use std::{collections::BTreeMap, time::Duration};

use aegis_core::{NodeId, Timestamp};
use libp2p::request_response::ResponseChannel;

/// All queries of one protocol that wait to be answered here, each with where its answer goes.
pub(super) struct Waiting<C = ResponseChannel<Vec<u8>>> {
    queries: BTreeMap<u64, Query<C>>,
    next: u64,
    lasts: Duration,
}

struct Query<C> {
    peer: NodeId,
    asked_at: Timestamp,
    channel: C,
}

impl<C> Waiting<C> {
    /// Returns a table without a query; each is kept for as long as `lasts` says.
    pub(super) const fn new(lasts: Duration) -> Self {
        Self {
            queries: BTreeMap::new(),
            next: 0,
            lasts,
        }
    }

    /// Returns how many wait.
    pub(super) fn len(&self) -> usize {
        self.queries.len()
    }

    /// Returns how many of `peer` wait.
    pub(super) fn len_of(&self, peer: NodeId) -> usize {
        self.queries.values().filter(|it| it.peer == peer).count()
    }

    /// Keeps where the answer to a query goes; returns the number that the query is known by.
    pub(super) fn keep(&mut self, asked_at: Timestamp, peer: NodeId, channel: C) -> u64 {
        let number = self.next;
        self.next += 1;
        let query = Query {
            peer,
            asked_at,
            channel,
        };
        self.queries.insert(number, query);
        number
    }

    /// Takes a query to answer it; `None` where it waits no more.
    pub(super) fn take(&mut self, number: u64) -> Option<C> {
        self.queries.remove(&number).map(|it| it.channel)
    }

    /// Forgets the queries of a peer that left.
    pub(super) fn end_with(&mut self, peer: NodeId) {
        self.queries.retain(|_, it| it.peer != peer);
    }

    /// Forgets what waits no more; after a clock was put back that is all.
    pub(super) fn expire(&mut self, now: Timestamp) {
        let lasts = self.lasts;
        self.queries
            .retain(|_, it| (it.asked_at..it.asked_at + lasts).contains(&now));
    }
}

#[cfg(test)]
mod tests;
