//! Batches from peers that wait to be looked at, a few messages at a time.
//!
//! A full batch is several hundred signatures. Checked in one go it would hold up the gossip for
//! tens of milliseconds.

use std::{collections::VecDeque, sync::Arc};

use aegis_core::{NodeId, Timestamp};
use libp2p::{PeerId, gossipsub::MessageId, request_response::ResponseChannel};

use super::push::PushReply;

/// Batches handed over that wait at a time, of all peers.
pub(super) const HANDOVERS_MAX: usize = 64;

/// Batches of one peer that wait at a time; an honest one sends the next after the answer.
pub(super) const HANDOVERS_PER_PEER_MAX: usize = 2;

/// Batches that came by gossip and wait at a time, of all peers: more than twice of what all
/// authors together may say at once.
pub(super) const GOSSIPED_MAX: usize = 64;

/// Batches that one peer brought by gossip and that wait at a time: the burst of a trusted author,
/// four times.
pub(super) const GOSSIPED_PER_PEER_MAX: usize = 16;

/// Messages looked at before the rest of the node has its turn again: about a millisecond.
pub(super) const MESSAGES_PER_TURN: usize = 32;

/// One batch from a peer.
#[derive(Debug)]
pub(super) struct Handover {
    /// Who brought it.
    pub(super) peer: NodeId,
    /// What is left of it.
    pub(super) messages: VecDeque<Arc<[u8]>>,
    /// When it is looked at.
    pub(super) not_before: Timestamp,
    /// How it came, and what became of the messages so far.
    pub(super) origin: Origin,
}

/// How a batch came.
#[derive(Debug)]
pub(super) enum Origin {
    /// The peer handed it over and waits for the reply.
    Push {
        /// What is replied.
        reply: PushReply,
        /// Where to.
        channel: ResponseChannel<PushReply>,
    },
    /// By gossip, to be passed on where that is right.
    Gossip {
        /// What the gossip layer knows it by.
        id: MessageId,
        /// Who brought it, as the gossip layer knows it.
        forwarder: PeerId,
        /// What became of it so far.
        tally: Tally,
    },
}

/// What became of the messages of a batch that came by gossip.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Those that were heard.
    pub(super) heard: Vec<Arc<[u8]>>,
    /// Those that this node had, and that are still news.
    pub(super) known: usize,
    /// Those that were left aside.
    pub(super) ignored: usize,
    /// Those that broke the protocol.
    pub(super) rejected: usize,
}

impl Handover {
    /// Returns whether it came by gossip.
    pub(super) fn is_gossiped(&self) -> bool {
        match self.origin {
            Origin::Gossip { .. } => true,
            Origin::Push { .. } => false,
        }
    }
}

impl Tally {
    /// Returns whether the batch is passed on as it is: nothing in it is to be left aside, and most
    /// of it is news, so that nobody can have the same alerts passed on in ever other company.
    pub(super) fn is_passed_on(&self) -> bool {
        self.ignored == 0 && self.rejected == 0 && self.known * 3 <= self.heard.len()
    }
}
