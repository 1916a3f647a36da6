//! Feeds in the node's loop: applied bit by bit, so that nothing else waits for half a million entries.

use std::{collections::VecDeque, sync::Arc};

use aegis_api::{ApiError, ErrorCode};
use aegis_core::{Feed, FeedId, FeedInput, FeedPart, FeedWeight, Input, Timestamp};
use tokio::sync::{mpsc, oneshot};

use super::{
    Node,
    files::{FeedCall, FeedOrder},
};

/// Entries that are blocked in one go: one write to the store covers them, in some ten milliseconds.
const ENTRIES_AT_ONCE: usize = 1_000;

/// Feeds that are being applied.
#[derive(Default)]
pub(super) struct Feeds {
    under_way: VecDeque<UnderWay>,
}

struct UnderWay {
    id: FeedId,
    feed: Arc<Feed>,
    next: usize,
    expires_at: Timestamp,
    weight: FeedWeight,
    weight_tx: oneshot::Sender<Result<FeedWeight, ApiError>>,
}

impl Feeds {
    pub(super) fn is_idle(&self) -> bool {
        self.under_way.is_empty()
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
                // What is blocked by place comes from no file.
                for feed in strange.filter(|it| it.region().is_none()) {
                    self.end_feed(*feed);
                }
            }
        }
    }

    /// Begins to apply a feed, or only says what would become of it. What does not fit is refused whole.
    pub(super) fn apply_feed(&mut self, order: FeedOrder) {
        let mut weight = self.engine.weigh_feed(&order.feed);
        for it in &self.feeds.under_way {
            // Those that are on their way need their room.
            weight.room = weight
                .room
                .saturating_sub(it.feed.entries().len() - it.next);
        }
        if order.is_dry_run || !weight.fits() {
            let does_not_fit = || {
                let message = format!(
                    "the feed does not fit: {} more blocks are needed, and there is room for {}; \
                     nothing of it was applied",
                    weight.new, weight.room
                );
                ApiError::new(ErrorCode::TableFull, message)
            };
            let answer = weight.fits().then_some(weight).ok_or_else(does_not_fit);
            let _ = order.weight_tx.send(answer); // whoever went away meanwhile has lost nothing
            return;
        }
        let (user, detail) = (order.user, order.detail);
        self.handle(Input::Feed(FeedInput::Applied { user, detail }));
        self.feeds.under_way.push_back(UnderWay {
            id: order.id,
            feed: order.feed,
            next: 0,
            expires_at: order.expires_at,
            weight,
            weight_tx: order.weight_tx,
        });
    }

    pub(super) fn end_feed(&mut self, feed: FeedId) {
        self.feeds.under_way.retain(|it| it.id != feed);
        self.measures.feed_ended(&feed);
        self.handle(Input::Feed(FeedInput::Ended(feed)));
    }

    /// Blocks some entries of the feed whose turn it is.
    pub(super) fn apply_some(&mut self) {
        let Some(mut it) = self.feeds.under_way.pop_front() else {
            return;
        };
        let entries = it.feed.entries();
        let end = entries.len().min(it.next + ENTRIES_AT_ONCE);
        let part = FeedPart {
            feed: it.id,
            entries: entries[it.next..end].to_vec(),
            expires_at: it.expires_at,
        };
        let is_done = end == entries.len();
        let (now, count) = (self.now(), entries.len());
        it.next = end;
        self.handle(Input::Feed(FeedInput::Entries(part)));
        if is_done {
            self.measures.feed_applied(it.id, count, now);
            let _ = it.weight_tx.send(Ok(it.weight)); // whoever went away meanwhile has lost nothing
        } else {
            self.feeds.under_way.push_back(it);
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
