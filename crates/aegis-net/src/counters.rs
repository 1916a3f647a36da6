//! Counters of the network service, written by it and read by anybody.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// How often things happened since the start.
#[derive(Debug, Default)]
pub struct Counters {
    accepted: AtomicU64,
    ignored: AtomicU64,
    rejected: AtomicU64,
    published: AtomicU64,
    direct: AtomicU64,
    unconfirmed: AtomicU64,
    batches_sent: AtomicU64,
    batches_heard: AtomicU64,
    unheard: AtomicU64,
    answers: AtomicU64,
    silences: AtomicU64,
    questions: AtomicU64,
    refusals: AtomicU64,
    sync_asked: AtomicU64,
    sync_refused: AtomicU64,
    sync_sent_bytes: AtomicU64,
    sync_received_bytes: AtomicU64,
    synced: AtomicU64,
    events_dropped: AtomicU64,
    heartbeats: AtomicU64,
    peers: AtomicU64,
}

/// What the counters show at one moment.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct CounterValues {
    /// Alerts that were valid, fresh and within their quotas.
    pub accepted: u64,
    /// Messages left aside without anybody's blame: late, over quota, known already.
    pub ignored: u64,
    /// Messages that broke the protocol.
    pub rejected: u64,
    /// Alerts of this node that at least one peer was sent.
    pub published: u64,
    /// Those of them that were said to each peer by itself, without gossip.
    pub direct: u64,
    /// Those of them that a peer did not confirm in time, so that they went by gossip too.
    pub unconfirmed: u64,
    /// Batches of this node's alerts that went by gossip.
    pub batches_sent: u64,
    /// Batches that came by gossip and were looked at.
    pub batches_heard: u64,
    /// Alerts of this node that no peer was there to hear; a later peer is pushed them.
    pub unheard: u64,
    /// Answers of peers to this node's questions.
    pub answers: u64,
    /// Answers of peers that did not come.
    pub silences: u64,
    /// Questions of peers that the daemon was told of.
    pub questions: u64,
    /// Questions of peers that it was not, being too many.
    pub refusals: u64,
    /// Sync requests of this node.
    pub sync_asked: u64,
    /// Sync requests of peers that were not answered, being too many.
    pub sync_refused: u64,
    /// Bytes of sync requests and answers that were sent.
    pub sync_sent_bytes: u64,
    /// Bytes of sync requests and answers that came in.
    pub sync_received_bytes: u64,
    /// Alerts that came by sync and were handed to the daemon.
    pub synced: u64,
    /// Alerts dropped because nobody took earlier events out of the queue.
    pub events_dropped: u64,
    /// Beats of the service's own clock.
    pub heartbeats: u64,
    /// Peers connected now.
    pub peers: u64,
}

impl Counters {
    /// Returns what the counters show.
    pub fn values(&self) -> CounterValues {
        CounterValues {
            accepted: self.accepted.load(Relaxed),
            ignored: self.ignored.load(Relaxed),
            rejected: self.rejected.load(Relaxed),
            published: self.published.load(Relaxed),
            direct: self.direct.load(Relaxed),
            unconfirmed: self.unconfirmed.load(Relaxed),
            batches_sent: self.batches_sent.load(Relaxed),
            batches_heard: self.batches_heard.load(Relaxed),
            unheard: self.unheard.load(Relaxed),
            answers: self.answers.load(Relaxed),
            silences: self.silences.load(Relaxed),
            questions: self.questions.load(Relaxed),
            refusals: self.refusals.load(Relaxed),
            sync_asked: self.sync_asked.load(Relaxed),
            sync_refused: self.sync_refused.load(Relaxed),
            sync_sent_bytes: self.sync_sent_bytes.load(Relaxed),
            sync_received_bytes: self.sync_received_bytes.load(Relaxed),
            synced: self.synced.load(Relaxed),
            events_dropped: self.events_dropped.load(Relaxed),
            heartbeats: self.heartbeats.load(Relaxed),
            peers: self.peers.load(Relaxed),
        }
    }

    pub(crate) fn count(&self, what: Counted) {
        let counter = match what {
            Counted::Accepted => &self.accepted,
            Counted::Ignored => &self.ignored,
            Counted::Rejected => &self.rejected,
            Counted::Published => &self.published,
            Counted::Direct => &self.direct,
            Counted::Unconfirmed => &self.unconfirmed,
            Counted::BatchSent => &self.batches_sent,
            Counted::BatchHeard => &self.batches_heard,
            Counted::Unheard => &self.unheard,
            Counted::Answer => &self.answers,
            Counted::Silence => &self.silences,
            Counted::Question => &self.questions,
            Counted::Refusal => &self.refusals,
            Counted::SyncAsked => &self.sync_asked,
            Counted::SyncRefused => &self.sync_refused,
            Counted::Synced => &self.synced,
            Counted::EventDropped => &self.events_dropped,
            Counted::Heartbeat => &self.heartbeats,
        };
        counter.fetch_add(1, Relaxed);
    }

    pub(crate) fn count_sent(&self, bytes: usize) {
        self.sync_sent_bytes.fetch_add(bytes as u64, Relaxed);
    }

    pub(crate) fn count_received(&self, bytes: usize) {
        self.sync_received_bytes.fetch_add(bytes as u64, Relaxed);
    }

    pub(crate) fn show_peers(&self, peers: usize) {
        self.peers.store(peers as u64, Relaxed);
    }
}

/// What is counted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Counted {
    Accepted,
    Ignored,
    Rejected,
    Published,
    Direct,
    Unconfirmed,
    BatchSent,
    BatchHeard,
    Unheard,
    Answer,
    Silence,
    Question,
    Refusal,
    SyncAsked,
    SyncRefused,
    Synced,
    EventDropped,
    Heartbeat,
}
