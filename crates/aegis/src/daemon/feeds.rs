//! Feeds in the node's loop: applied and freed bit by bit, so that nothing else waits for half a million
//! entries.

mod renew;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use aegis_api::ApiError;
use aegis_core::{Feed, FeedId, FeedInput, FeedPart, FeedWeight, Indicator, Input, Timestamp};
use tokio::sync::{mpsc, oneshot, watch};

pub(super) use renew::{RenewOrder, Renewed, SharedFeed, Subscribed};

use self::renew::{Renewing, no_room};
use super::{
    Node,
    files::{FeedCall, FeedOrder},
    subscriptions::Health,
};

/// Entries that are blocked or freed in one go: one write to the store covers them, in some ten
/// milliseconds.
const ENTRIES_AT_ONCE: usize = 1_000;

/// Feeds that are being applied or freed, each a bit in its turn.
pub(super) struct Feeds {
    under_way: VecDeque<UnderWay>,
    /// How it goes with those that are subscribed to.
    health_rx: watch::Receiver<Arc<Health>>,
}

enum UnderWay {
    Applying(Applying),
    Renewing(Renewing),
    Ending(Ending),
}

struct Applying {
    id: FeedId,
    feed: Arc<Feed>,
    next: usize,
    expires_at: Timestamp,
    /// What of it ends sooner.
    ends: BTreeMap<Indicator, Timestamp>,
    weight: FeedWeight,
    weight_tx: oneshot::Sender<Result<FeedWeight, ApiError>>,
}

struct Ending {
    id: FeedId,
    after: Option<Indicator>, // everything up to this one is free
    freed: usize,
}

impl UnderWay {
    const fn id(&self) -> FeedId {
        match self {
            Self::Applying(it) => it.id,
            Self::Renewing(it) => it.order.id,
            Self::Ending(it) => it.id,
        }
    }

    /// Returns how many entries may still need room.
    fn left(&self) -> usize {
        match self {
            Self::Applying(it) => it.feed.entries().len() - it.next,
            Self::Renewing(it) => it.left(),
            Self::Ending(_) => 0,
        }
    }
}

impl Feeds {
    pub(super) const fn new(health_rx: watch::Receiver<Arc<Health>>) -> Self {
        Self {
            under_way: VecDeque::new(),
            health_rx,
        }
    }

    /// Returns how it goes with the feeds that are subscribed to.
    pub(super) fn health(&self) -> Arc<Health> {
        Arc::clone(&self.health_rx.borrow())
    }

    /// Returns how many entries of all that is under way may still need room.
    fn left(&self) -> usize {
        self.under_way.iter().map(UnderWay::left).sum()
    }

    pub(super) fn is_idle(&self) -> bool {
        self.under_way.is_empty()
    }

    /// Puts what is not done behind the others, but before what is to be done with the same feed after it.
    fn put_back(&mut self, it: UnderWay) {
        let same = self
            .under_way
            .iter()
            .position(|other| other.id() == it.id());
        let at = same.unwrap_or(self.under_way.len());
        self.under_way.insert(at, it);
    }

    /// Returns whether a feed is being freed.
    fn is_ending(&self, feed: FeedId) -> bool {
        let is_it = |it: &UnderWay| matches!(it, UnderWay::Ending(ending) if ending.id == feed);
        self.under_way.iter().any(is_it)
    }
}

impl Node {
    pub(super) fn handle_feed_call(&mut self, call: FeedCall) {
        match call {
            FeedCall::Apply(order) => self.apply_feed(order),
            FeedCall::End(feed) => self.end_feed(feed),
            FeedCall::KeepOnly(kept) => {
                let strange = self.engine.feeds();
                let strange = strange.difference(&kept);
                // What is blocked by place, and what is subscribed to, comes from no file.
                let is_file = |it: &&FeedId| it.region().is_none() && it.name().is_none();
                for feed in strange.filter(is_file) {
                    self.end_feed(*feed);
                }
            }
            FeedCall::Renew(order) => {
                let renewing = UnderWay::Renewing(Renewing::new(order));
                self.feeds.under_way.push_back(renewing);
            }
            FeedCall::KeepSubscribed(kept, active_tx) => {
                let _ = active_tx.send(self.keep_subscribed(&kept)); // nobody's loss
            }
            FeedCall::Told(it) => self.note_subscribed(it),
            FeedCall::Shared(shared_tx) => {
                let _ = shared_tx.send(self.measures.shared_feeds()); // nobody's loss
            }
        }
    }

    /// Begins to apply a feed, or only says what would become of it. What does not fit is refused whole.
    pub(super) fn apply_feed(&mut self, order: FeedOrder) {
        let mut weight = self.engine.weigh_feed(&order.feed);
        // Those that are on their way need their room.
        weight.room = weight.room.saturating_sub(self.feeds.left());
        if order.is_dry_run || !weight.fits() {
            let answer = weight
                .fits()
                .then_some(weight)
                .ok_or_else(|| no_room(&weight));
            let _ = order.weight_tx.send(answer); // whoever went away meanwhile has lost nothing
            return;
        }
        let (user, detail) = (order.user, order.detail);
        self.handle(Input::Feed(FeedInput::Applied { user, detail }));
        self.enforcer.expect(order.feed.entries(), weight.new);
        self.begin_list();
        self.feeds.under_way.push_back(UnderWay::Applying(Applying {
            id: order.id,
            feed: order.feed,
            next: 0,
            expires_at: order.expires_at,
            ends: order.ends,
            weight,
            weight_tx: order.weight_tx,
        }));
    }

    /// Begins to free a feed, of which nothing more is blocked from now on.
    pub(super) fn end_feed(&mut self, feed: FeedId) {
        let is_ending = |it: &UnderWay| matches!(it, UnderWay::Ending(_));
        let under_way = &mut self.feeds.under_way;
        under_way.retain(|it| it.id() != feed || is_ending(it));
        self.measures.feed_ended(&feed);
        if !self.feeds.is_ending(feed) {
            self.feeds.under_way.push_back(UnderWay::Ending(Ending {
                id: feed,
                after: None,
                freed: 0,
            }));
        }
    }

    /// Blocks or frees some entries of the feed whose turn it is.
    pub(super) fn apply_some(&mut self) {
        match self.feeds.under_way.pop_front() {
            Some(UnderWay::Applying(it)) => self.go_on_applying(it),
            Some(UnderWay::Renewing(it)) => self.go_on_renewing(it),
            Some(UnderWay::Ending(it)) => self.go_on_ending(it),
            None => {}
        }
    }

    fn go_on_applying(&mut self, mut it: Applying) {
        let entries = it.feed.entries();
        let end = entries.len().min(it.next + ENTRIES_AT_ONCE);
        let until = |entry| {
            let end = it.ends.get(entry).copied();
            end.map_or(it.expires_at, |end| end.min(it.expires_at))
        };
        let part = entries[it.next..end].iter();
        let part = FeedPart {
            feed: it.id,
            entries: part.map(|entry| (*entry, until(entry))).collect(),
        };
        let is_done = end == entries.len();
        let (now, count) = (self.now(), entries.len());
        it.next = end;
        self.handle(Input::Feed(FeedInput::Entries(part)));
        if is_done {
            let blocked = it.weight.blocked;
            let ends = Some((count, it.expires_at));
            self.measures.feed_applied(it.id, (blocked, now), ends);
            let _ = it.weight_tx.send(Ok(it.weight)); // whoever went away meanwhile has lost nothing
        } else {
            self.feeds.put_back(UnderWay::Applying(it));
        }
    }

    fn go_on_ending(&mut self, mut it: Ending) {
        let (entries, next) = self.engine.listed(it.id, it.after, ENTRIES_AT_ONCE);
        it.freed += entries.len();
        if !entries.is_empty() {
            let entries = entries
                .into_iter()
                .map(|(indicator, _)| indicator)
                .collect();
            self.handle(Input::Feed(FeedInput::Left(it.id, entries)));
        }
        if next.is_some() {
            it.after = next;
            self.feeds.put_back(UnderWay::Ending(it));
        } else if it.freed > 0 {
            self.handle(Input::Feed(FeedInput::Ended(it.id, it.freed)));
        }
    }
}

/// Returns the next call about feeds, nothing where there are no files.
pub(super) async fn next_feed_call(calls_rx: &mut Option<mpsc::Receiver<FeedCall>>) -> FeedCall {
    if let Some(open) = calls_rx {
        if let Some(call) = open.recv().await {
            return call;
        }
        *calls_rx = None; // the files' task has ended
    }
    std::future::pending().await
}
