//! Batches from peers that wait to be looked at, a few messages at a time.
//!
//! A full batch is several hundred signatures. Checked in one go it would hold up the gossip for
//! tens of milliseconds.

use std::{collections::VecDeque, sync::Arc};

use aegis_core::{NodeId, Timestamp};
use libp2p::request_response::ResponseChannel;

use super::push::PushReply;

/// Batches that wait at a time, of all peers.
pub(super) const HANDOVERS_MAX: usize = 64;

/// Batches of one peer that wait at a time; an honest one sends the next after the answer.
pub(super) const HANDOVERS_PER_PEER_MAX: usize = 2;

/// Messages looked at before the rest of the node has its turn again: less than a millisecond.
pub(super) const MESSAGES_PER_TURN: usize = 16;

/// One batch that a peer handed over.
#[derive(Debug)]
pub(super) struct Handover {
    /// Who.
    pub(super) peer: NodeId,
    /// What is left of it.
    pub(super) messages: VecDeque<Arc<[u8]>>,
    /// When it is looked at.
    pub(super) not_before: Timestamp,
    /// What became of the messages so far.
    pub(super) reply: PushReply,
    /// Where the reply goes.
    pub(super) channel: ResponseChannel<PushReply>,
}
