//! Joining by tickets, under way: what peers asked, and how often anybody may.

use std::{collections::BTreeMap, time::Duration};

use aegis_core::{NodeId, Timestamp};
use libp2p::request_response::{OutboundRequestId, ResponseChannel};

use super::{
    inquire::{self, Inquire},
    names::Names,
    waiting::Waiting,
};
use crate::{
    RequestId,
    gate::{Quota, Table, TokenBucket},
    join::{QUERY_BYTES_MAX, REPLY_BYTES_MAX},
};

/// Queries on one connection at a time.
const STREAMS_MAX: usize = 4;

/// How long a query waits: an admission is written to the disk first.
const STREAM_FOR: Duration = Duration::from_secs(10);

/// Queries of this node's that wait for a reply.
const ASKED_MAX: usize = 64;

/// Queries of peers that wait to be replied to, and those of one.
const OPEN_MAX: usize = 64;
const OPEN_PER_PEER_MAX: usize = 4;

/// What a peer may ask: while it waits to be whole it asks some times a second.
const QUERIES: Quota = Quota {
    burst: 64,
    per_second: 8,
};

/// Peers whose quota is remembered.
const PEERS_MAX: usize = 4096;

/// All queries under way.
pub(super) struct Joins {
    pub(super) asked: BTreeMap<OutboundRequestId, NodeId>,
    open: Waiting,
    askers: Table<NodeId, TokenBucket>,
}

/// Returns the protocol, spoken both ways.
pub(super) fn behaviour(names: &Names) -> Inquire {
    let bytes_max = (QUERY_BYTES_MAX, REPLY_BYTES_MAX);
    let protocol = names.protocol("/aegis/join/1");
    inquire::behaviour(protocol, bytes_max, (STREAMS_MAX, STREAM_FOR))
}

impl Joins {
    pub(super) fn new() -> Self {
        Self {
            asked: BTreeMap::new(),
            open: Waiting::new(STREAM_FOR),
            askers: Table::new(PEERS_MAX),
        }
    }

    /// Returns whether one more reply may be waited for.
    pub(super) fn may_ask(&self) -> bool {
        self.asked.len() < ASKED_MAX
    }

    /// Counts a query of `peer`; returns whether it is within its quota and there is room for it.
    pub(super) fn admit(&mut self, now: Timestamp, peer: NodeId) -> bool {
        let quota = self.askers.entry(peer, TokenBucket::default);
        let is_within = quota.take_one(now, QUERIES);
        is_within && self.open.len() < OPEN_MAX && self.open.len_of(peer) < OPEN_PER_PEER_MAX
    }

    /// Keeps a peer's query; returns what it is to be known by.
    pub(super) fn open(
        &mut self,
        asked_at: Timestamp,
        peer: NodeId,
        channel: ResponseChannel<Vec<u8>>,
    ) -> RequestId {
        RequestId(self.open.keep(asked_at, peer, channel))
    }

    /// Takes a peer's query to reply to it; `None` where it waits no more.
    pub(super) fn close(&mut self, request: RequestId) -> Option<ResponseChannel<Vec<u8>>> {
        self.open.take(request.0)
    }

    /// Forgets the queries of a peer that left, and returns whether it owes a reply itself.
    pub(super) fn end_with(&mut self, peer: NodeId) -> bool {
        self.open.end_with(peer);
        let asked = self.asked.len();
        self.asked.retain(|_, it| *it != peer);
        self.asked.len() < asked
    }

    /// Forgets what waits no more; after a clock was put back that is all.
    pub(super) fn expire(&mut self, now: Timestamp) {
        self.open.expire(now);
    }
}
