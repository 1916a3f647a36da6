//! Questions under way: this node's, until every peer has answered or is silent, and the peers',
//! until they are answered here.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
    vec,
};

use aegis_core::{
    Indicator, NodeId, Opinion, PeerClass, QUESTION_INDICATORS_MAX, QUESTION_PEERS_MAX, Question,
    SKEW_MAX, Testimony, Timestamp, Topic,
};
use libp2p::request_response::{OutboundRequestId, ResponseChannel};

use super::inquire::About;
use crate::{
    Identity, QuestionId, RequestId,
    ask::{self, Unverified},
    gate::Hearing,
};

/// Answers that are waited for at a time: sixteen questions to as many peers as one may go to.
pub(super) const WAITING_MAX: usize = 16 * QUESTION_PEERS_MAX;

/// Questions of peers that wait to be answered here; strangers get half of the places.
pub(super) const OPEN_MAX: usize = 512;

/// Questions of one peer that wait to be answered here.
pub(super) const OPEN_PER_PEER_MAX: usize = 16;

/// Testimonies checked before the rest of the node has its turn again: some half a millisecond.
pub(super) const TESTIMONIES_PER_TURN: usize = 16;

/// Indicators of which this node says something within one second, each some 300 bytes: of more
/// than a hundred questions.
const SIGNED_MAX: usize = 128 * QUESTION_INDICATORS_MAX;

/// All questions under way.
pub(super) struct Questions {
    pub(super) ours: BTreeMap<QuestionId, Ours>,
    /// Which answers the streams are for.
    pub(super) streams: BTreeMap<(About, OutboundRequestId), (QuestionId, NodeId)>,
    /// Answers that came and are being checked, in turn.
    pub(super) checking: VecDeque<(QuestionId, NodeId)>,
    pub(super) theirs: BTreeMap<RequestId, Theirs>,
    next_request: u64,
    identity: Identity,
    signed_at: Timestamp, // the last second for which something was signed
    signed: BTreeMap<Indicator, Arc<Testimony>>, // all of that second
    wake_at: Option<Timestamp>, // not after the first deadline
}

/// A question of this node's.
pub(super) struct Ours {
    pub(super) about: About,
    /// What is sent.
    pub(super) bytes: Vec<u8>,
    pub(super) span: Span,
    /// What was answered, if it is about indicators.
    pub(super) hearing: Option<Hearing>,
    /// The peers that have not answered, and how far they have come.
    pub(super) waiting: BTreeMap<NodeId, Waiting>,
}

/// How far a peer's answer has come.
pub(super) enum Waiting {
    /// It is not there.
    ForAnswer,
    /// It is being checked.
    Checking {
        left: vec::IntoIter<Unverified>,
        heard: Vec<Arc<Testimony>>,
    },
}

/// A question of a peer's.
pub(super) struct Theirs {
    pub(super) peer: NodeId,
    pub(super) about: About,
    /// What is asked, if it is about indicators.
    pub(super) question: Option<Question>,
    pub(super) span: Span,
    pub(super) channel: ResponseChannel<Vec<u8>>,
}

/// From when to when a question waits.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    asked_at: Timestamp,
    deadline: Timestamp,
}

impl Span {
    pub(super) fn new(asked_at: Timestamp, wait: Duration) -> Self {
        Self {
            asked_at,
            deadline: asked_at + wait,
        }
    }

    /// Returns whether it is over. A clock that was put back ends it too: it tells no spans.
    fn is_over(&self, now: Timestamp) -> bool {
        !(self.asked_at..self.deadline).contains(&now)
    }
}

impl Questions {
    pub(super) fn new(identity: Identity) -> Self {
        Self {
            ours: BTreeMap::new(),
            streams: BTreeMap::new(),
            checking: VecDeque::new(),
            theirs: BTreeMap::new(),
            next_request: 0,
            identity,
            signed_at: Timestamp::EPOCH,
            signed: BTreeMap::new(),
            wake_at: None,
        }
    }

    /// Returns whether `peer` still owes an answer.
    pub(super) fn is_waited_for(&self, id: QuestionId, peer: &NodeId) -> bool {
        let ours = self.ours.get(&id);
        ours.is_some_and(|it| it.waiting.contains_key(peer))
    }

    /// Returns whether one more answer may be waited for.
    pub(super) fn has_room(&self) -> bool {
        self.streams.len() + self.checking.len() < WAITING_MAX
    }

    /// Returns whether one more question of `peer` may wait to be answered.
    pub(super) fn has_room_for(&self, peer: NodeId, class: PeerClass) -> bool {
        let open_max = match class {
            PeerClass::Dht => OPEN_MAX / 2,
            PeerClass::Lan | PeerClass::Configured => OPEN_MAX,
        };
        let of_peer = self.theirs.values().filter(|it| it.peer == peer);
        self.theirs.len() < open_max && of_peer.count() < OPEN_PER_PEER_MAX
    }

    /// Keeps a question of ours that waits for somebody.
    pub(super) fn ask(&mut self, id: QuestionId, ours: Ours) {
        if !ours.waiting.is_empty() {
            self.wake_by(ours.span);
            self.ours.insert(id, ours);
        }
    }

    /// Keeps a question of a peer's; returns what it is to be known by.
    pub(super) fn open(&mut self, theirs: Theirs) -> RequestId {
        self.wake_by(theirs.span);
        let request = RequestId(self.next_request);
        self.next_request += 1;
        self.theirs.insert(request, theirs);
        request
    }

    /// Takes a question of a peer's to answer it; `None` where it waits no more.
    pub(super) fn take(&mut self, request: RequestId, about: About) -> Option<Theirs> {
        let theirs = self.theirs.get(&request);
        theirs.filter(|it| it.about == about)?;
        self.theirs.remove(&request)
    }

    /// Ends the waiting for one peer's answer; returns whether it was waited for.
    pub(super) fn close(&mut self, id: QuestionId, peer: NodeId) -> bool {
        let Some(ours) = self.ours.get_mut(&id) else {
            return false;
        };
        let was_waited_for = ours.waiting.remove(&peer).is_some();
        if ours.waiting.is_empty() {
            self.ours.remove(&id);
        }
        self.streams.retain(|_, it| *it != (id, peer));
        self.checking.retain(|it| *it != (id, peer));
        was_waited_for
    }

    /// Returns the questions of ours that `peer` has not answered.
    pub(super) fn unanswered_by(&self, peer: NodeId) -> Vec<QuestionId> {
        let is_waited_for = |it: &Ours| matches!(it.waiting.get(&peer), Some(Waiting::ForAnswer));
        let ours = self.ours.iter().filter(|(_, it)| is_waited_for(it));
        ours.map(|(id, _)| *id).collect()
    }

    /// Returns how long nothing is due; `None` while there is nothing that could be.
    pub(super) fn pause(&self, now: Timestamp) -> Option<Duration> {
        self.wake_at.map(|it| it.since(now))
    }

    /// Forgets the questions of peers that are due, which refuses them, and returns those of ours.
    pub(super) fn take_due(&mut self, now: Timestamp) -> Vec<(QuestionId, NodeId)> {
        self.theirs.retain(|_, it| !it.span.is_over(now));
        let due = self.ours.iter().filter(|(_, it)| it.span.is_over(now));
        let due = due.flat_map(|(id, it)| it.waiting.keys().map(|peer| (*id, *peer)));
        let due: Vec<(QuestionId, NodeId)> = due.collect();
        let ours = self.ours.values().map(|it| it.span);
        let spans = ours.chain(self.theirs.values().map(|it| it.span));
        let left = spans.filter(|it| !it.is_over(now));
        self.wake_at = left.map(|it| it.deadline).min();
        due
    }

    /// Returns what this node says of an indicator. What it has said within the same second, it
    /// says again, so that it never contradicts itself.
    ///
    /// After a clock was put back it goes on speaking for the last second for which it spoke.
    /// `None` where that would be too far ahead to be believed, or where it has spoken of as much
    /// as it may within the second.
    pub(super) fn testify(
        &mut self,
        now: Timestamp,
        indicator: Indicator,
        content: (Topic, Option<Opinion>),
    ) -> Option<Arc<Testimony>> {
        let second = now.floor_to_secs();
        if self.signed_at < second {
            self.signed_at = second;
            self.signed.clear();
        }
        if self.signed_at > now + SKEW_MAX {
            return None;
        }
        if let Some(said) = self.signed.get(&indicator) {
            return Some(Arc::clone(said));
        }
        if self.signed.len() >= SIGNED_MAX {
            return None;
        }
        let signed = ask::sign(self.signed_at, indicator, content, &self.identity);
        let testimony = Arc::new(signed);
        self.signed.insert(indicator, Arc::clone(&testimony));
        Some(testimony)
    }

    fn wake_by(&mut self, span: Span) {
        let earliest = self
            .wake_at
            .map_or(span.deadline, |it| it.min(span.deadline));
        self.wake_at = Some(earliest);
    }
}

#[cfg(test)]
mod tests;
