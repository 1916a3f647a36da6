//! Files between peers, under way: what this node asked and what it was asked, and how much anybody
//! may ask.

use std::{collections::BTreeMap, time::Duration};

use aegis_core::{NodeId, PeerClass, Timestamp};
use libp2p::request_response::{OutboundRequestId, ResponseChannel};
use tokio::sync::mpsc;

use super::waiting::Waiting;
use crate::{
    FileAskId, FileEvent, FileRequestId,
    file::FileQuery,
    gate::{Quota, Table, TokenBucket},
};

/// Queries of this node that wait for a reply: those of several fetches and an announcement to all.
const ASKED_MAX: usize = 256;

/// Queries of peers that wait to be answered here.
const OPEN_MAX: usize = 256;

/// Queries of one peer that wait: two fetches from here at once.
const OPEN_PER_PEER_MAX: usize = 16;

/// How long a peer's query is kept: longer than its stream stays.
const OPEN_FOR: Duration = Duration::from_secs(40);

/// Peers whose quota is remembered.
const PEERS_MAX: usize = 4096;

/// Queries of one peer of the local network or the configuration: 64 MB a second of chunks.
const TRUSTED: Quota = quota(512, 256);

/// Queries of one peer met through the global network: 4 MB a second.
const MET: Quota = quota(64, 16);

/// Queries of all peers met through the global network together: 16 MB a second.
const ALL_MET: Quota = quota(256, 64);

/// How much more than its quota a peer may ask and be put off before that is a flood. It cannot know
/// its quota, and needs a few tries to find it.
const FLOOD_FACTOR: u32 = 4;

/// What to do with a peer's query, before it is read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Welcome {
    /// Read it.
    Read,
    /// Say that there is no time for it.
    PutOff,
    /// The same, and it is no honest node that asks so much.
    Flood,
}

/// All queries under way.
pub(super) struct Files {
    pub(super) asked: BTreeMap<OutboundRequestId, (FileAskId, NodeId, FileQuery)>,
    open: Waiting,
    askers: Table<NodeId, (TokenBucket, TokenBucket)>, // within its quota, and before it is a flood
    all_met: TokenBucket,
    pub(super) events_tx: mpsc::Sender<FileEvent>,
}

impl Files {
    pub(super) fn new(events_tx: mpsc::Sender<FileEvent>) -> Self {
        Self {
            asked: BTreeMap::new(),
            open: Waiting::new(OPEN_FOR),
            askers: Table::new(PEERS_MAX),
            all_met: TokenBucket::default(),
            events_tx,
        }
    }

    /// Returns whether one more reply may be waited for.
    pub(super) fn may_ask(&self) -> bool {
        self.asked.len() < ASKED_MAX
    }

    /// Counts a query of `peer`.
    pub(super) fn admit(&mut self, now: Timestamp, peer: NodeId, class: PeerClass) -> Welcome {
        let quota = match class {
            PeerClass::Dht => MET,
            PeerClass::Lan | PeerClass::Configured => TRUSTED,
        };
        let flood = self::quota(quota.burst * FLOOD_FACTOR, quota.per_second * FLOOD_FACTOR);
        let (own, before_flood) = self.askers.entry(peer, Default::default);
        let is_flood = !before_flood.take_one(now, flood);
        let is_within = own.take_one(now, quota);
        let is_shared = class == PeerClass::Dht;
        if is_flood {
            return Welcome::Flood;
        }
        if is_within && (!is_shared || self.all_met.take_one(now, ALL_MET)) {
            return Welcome::Read;
        }
        Welcome::PutOff
    }

    /// Returns whether one more query of `peer` may wait to be answered.
    pub(super) fn has_room_for(&self, peer: NodeId) -> bool {
        self.open.len() < OPEN_MAX && self.open.len_of(peer) < OPEN_PER_PEER_MAX
    }

    /// Keeps a peer's query; returns what it is to be known by.
    pub(super) fn open(
        &mut self,
        now: Timestamp,
        peer: NodeId,
        channel: ResponseChannel<Vec<u8>>,
    ) -> FileRequestId {
        FileRequestId(self.open.keep(now, peer, channel))
    }

    /// Takes a peer's query to answer it; `None` where it waits no more.
    pub(super) fn close(&mut self, request: FileRequestId) -> Option<ResponseChannel<Vec<u8>>> {
        self.open.take(request.0)
    }

    /// Forgets the queries of a peer that left, and returns those of ours that it will not answer.
    pub(super) fn end_with(&mut self, peer: NodeId) -> Vec<FileAskId> {
        self.open.end_with(peer);
        let ended = self.asked.extract_if(.., |_, it| it.1 == peer);
        ended.map(|(_, (id, ..))| id).collect()
    }

    /// Forgets what waits no more.
    pub(super) fn expire(&mut self, now: Timestamp) {
        self.open.expire(now);
    }
}

const fn quota(burst: u32, per_second: u32) -> Quota {
    Quota { burst, per_second }
}

#[cfg(test)]
mod tests;
