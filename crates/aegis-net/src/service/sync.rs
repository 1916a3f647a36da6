//! Reconciling with peers: what is said, as it comes and goes, and a thread that reads it.
//!
//! A message brings up to a thousand alerts. To check them takes tens of milliseconds, in which the
//! swarm would pass on nothing, so that is done elsewhere. What is said and when is the business of
//! [`aegis_core::sync`]; here it is bytes, alerts, and whose fault it is if they are not.

use std::{collections::BTreeMap, io, sync::Arc, thread, time::Duration};

use aegis_core::{
    Alert, NodeId, Timestamp,
    sync::{Answer, Request},
};
use libp2p::request_response::{OutboundRequestId, ResponseChannel};
use tokio::sync::mpsc;

use super::{
    inquire::{self, Inquire},
    names::Names,
    waiting::Waiting,
};
use crate::{
    QuestionId, RequestId,
    sync::{self, FRAME_BYTES_MAX, Unreadable},
};

/// Requests on one connection at a time, both ways. A session has one at a time; sessions from both
/// sides may cross.
const STREAMS_MAX: usize = 4;

/// How long a stream may stay: 256 KiB over a poor line.
pub(super) const STREAM_FOR: Duration = Duration::from_secs(20);

/// Requests of one peer that wait to be answered here.
const THEIRS_PER_PEER_MAX: usize = 2;

/// Messages that wait to be read: each has at most 288 KiB.
const WAITING_MAX: usize = 32;

/// Returns the protocol, spoken both ways.
pub(super) fn behaviour(names: &Names) -> Inquire {
    let bytes_max = (FRAME_BYTES_MAX, FRAME_BYTES_MAX);
    let protocol = names.protocol("/aegis/sync/1");
    inquire::behaviour(protocol, bytes_max, (STREAMS_MAX, STREAM_FOR))
}

/// All that is under way.
pub(super) struct Syncs {
    /// What this node asked.
    pub(super) ours: BTreeMap<OutboundRequestId, (QuestionId, NodeId)>,
    /// What peers asked.
    theirs: Waiting,
    unread_tx: mpsc::Sender<Unread>,
    /// What was read.
    pub(super) read_rx: mpsc::Receiver<Read>,
}

/// Which message it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Which {
    /// A peer's request.
    Theirs(RequestId),
    /// The answer to a request of this node's.
    Ours(QuestionId),
}

/// A message that nobody has read.
pub(super) struct Unread {
    pub(super) from: NodeId,
    pub(super) which: Which,
    pub(super) bytes: Vec<u8>,
}

/// A message that was read, its alerts verified.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) from: NodeId,
    pub(super) which: Which,
    pub(super) said: Result<Said, Unreadable>,
}

/// What a message says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Said {
    Request(Request<Arc<Alert>>),
    Answer(Answer<Arc<Alert>>),
}

impl Syncs {
    /// Starts the thread that reads, which ends with this.
    pub(super) fn start() -> io::Result<Self> {
        let (unread_tx, mut unread_rx) = mpsc::channel::<Unread>(WAITING_MAX);
        let (read_tx, read_rx) = mpsc::channel(WAITING_MAX);
        let run = move || {
            while let Some(unread) = unread_rx.blocking_recv() {
                if read_tx.blocking_send(read(unread)).is_err() {
                    return;
                }
            }
        };
        thread::Builder::new()
            .name("aegis-sync".to_owned())
            .spawn(run)?;
        Ok(Self {
            ours: BTreeMap::new(),
            theirs: Waiting::new(STREAM_FOR),
            unread_tx,
            read_rx,
        })
    }

    /// Has a message read; returns whether there was room for it.
    pub(super) fn read(&self, unread: Unread) -> bool {
        self.unread_tx.try_send(unread).is_ok()
    }

    /// Returns whether a request of `peer` may wait here.
    pub(super) fn has_room_for(&self, peer: NodeId) -> bool {
        self.unread_tx.capacity() > 0 && self.theirs.len_of(peer) < THEIRS_PER_PEER_MAX
    }

    /// Keeps where the answer to a request goes; returns what the request is to be known by.
    pub(super) fn open(
        &mut self,
        asked_at: Timestamp,
        peer: NodeId,
        channel: ResponseChannel<Vec<u8>>,
    ) -> RequestId {
        RequestId(self.theirs.keep(asked_at, peer, channel))
    }

    /// Takes a request to answer it; `None` where nobody waits any more.
    pub(super) fn take(&mut self, request: RequestId) -> Option<ResponseChannel<Vec<u8>>> {
        self.theirs.take(request.0)
    }

    /// Forgets the requests of a peer that left, and returns those of ours that it will not answer.
    pub(super) fn end_with(&mut self, peer: NodeId) -> Vec<QuestionId> {
        self.theirs.end_with(peer);
        let ended = self.ours.extract_if(.., |_, it| it.1 == peer);
        ended.map(|(_, (id, _))| id).collect()
    }

    /// Forgets requests that nobody answered in time, which after a clock was put back are all.
    pub(super) fn end_due(&mut self, now: Timestamp) {
        self.theirs.expire(now);
    }
}

fn read(unread: Unread) -> Read {
    let Unread { from, which, bytes } = unread;
    let said = match which {
        Which::Theirs(_) => sync::read_request(&bytes).map(Said::Request),
        Which::Ours(_) => sync::read_answer(&bytes).map(Said::Answer),
    };
    Read { from, which, said }
}
