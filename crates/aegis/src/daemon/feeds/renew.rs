//! Lists that come again: what is listed no more is freed first, then what is new is blocked.

use std::collections::BTreeSet;

use aegis_api::{ApiError, ErrorCode};
use aegis_core::{
    Action, Actor, FeedId, FeedInput, FeedPart, FeedWeight, Indicator, Input, Operator, Timestamp,
    file::FileId,
};
use tokio::{sync::oneshot, time::Instant};

use super::{ENTRIES_AT_ONCE, UnderWay};
use crate::daemon::Node;

/// A list that is to be blocked in place of what the same feed listed before.
pub(in crate::daemon) struct RenewOrder {
    pub(in crate::daemon) id: FeedId,
    /// In order, each once, with its end.
    pub(in crate::daemon) entries: Vec<(Indicator, Timestamp)>,
    /// Where it comes from, for the audit log.
    pub(in crate::daemon) detail: String,
    pub(in crate::daemon) done_tx: oneshot::Sender<Result<Renewed, ApiError>>,
}

/// What became of it.
#[derive(Clone, Copy, Debug)]
pub(in crate::daemon) struct Renewed {
    pub(in crate::daemon) weight: FeedWeight,
    /// Entries that are blocked and were not.
    pub(in crate::daemon) added: usize,
    /// Entries that were and are not.
    pub(in crate::daemon) gone: usize,
    /// When the kernel had all of it.
    pub(in crate::daemon) done_at: Instant,
}

/// Somebody subscribed to a feed, or does so no more.
pub(in crate::daemon) struct Subscribed {
    pub(in crate::daemon) operator: Operator,
    pub(in crate::daemon) action: Action,
    pub(in crate::daemon) detail: String,
}

/// A shared file whose list is blocked.
#[derive(Clone, Copy, Debug)]
pub(in crate::daemon) struct SharedFeed {
    pub(in crate::daemon) file: FileId,
    pub(in crate::daemon) entries: usize,
    pub(in crate::daemon) blocked: usize,
    pub(in crate::daemon) applied_at: Timestamp,
    pub(in crate::daemon) expires_at: Timestamp,
}

pub(super) struct Renewing {
    pub(super) order: RenewOrder,
    stage: Stage,
    gone: usize,
}

enum Stage {
    /// What is listed no more is freed; everything up to this one is looked at.
    Freeing(Option<Indicator>),
    /// The rest is blocked.
    Blocking(Blocking),
}

struct Blocking {
    next: usize,
    weight: FeedWeight,
    /// How many were blocked before the first was added.
    before: usize,
}

impl Renewing {
    pub(super) fn new(order: RenewOrder) -> Self {
        Self {
            order,
            stage: Stage::Freeing(None),
            gone: 0,
        }
    }

    /// Returns how many entries may still need room.
    pub(super) fn left(&self) -> usize {
        let done = match &self.stage {
            Stage::Freeing(_) => 0,
            Stage::Blocking(it) => it.next,
        };
        self.order.entries.len() - done
    }

    /// Returns whether what is blocked until `end` is to be freed, because it is listed no more, or ends
    /// sooner than it did.
    fn is_gone(&self, (indicator, end): &(Indicator, Timestamp)) -> bool {
        let entries = &self.order.entries;
        let found = entries.binary_search_by(|(it, _)| it.cmp(indicator));
        found.map_or(true, |at| entries[at].1 < *end)
    }
}

impl Node {
    pub(super) fn go_on_renewing(&mut self, mut it: Renewing) {
        match it.stage {
            Stage::Freeing(after) => {
                let id = it.order.id;
                let (listed, next) = self.engine.listed(id, after, ENTRIES_AT_ONCE);
                let gone = listed.into_iter().filter(|entry| it.is_gone(entry));
                let gone: Vec<Indicator> = gone.map(|(indicator, _)| indicator).collect();
                it.gone += gone.len();
                if !gone.is_empty() {
                    self.handle(Input::Feed(FeedInput::Left(id, gone)));
                }
                match next {
                    Some(_) => {
                        it.stage = Stage::Freeing(next);
                        self.feeds.put_back(UnderWay::Renewing(it));
                    }
                    None => self.begin_blocking(it),
                }
            }
            Stage::Blocking(blocking) => {
                it.stage = Stage::Freeing(None); // for the time being: it is put back or done
                self.go_on_blocking(it, blocking);
            }
        }
    }

    /// Has the kernel's tables grow once for all that is new; what does not fit is refused whole.
    fn begin_blocking(&mut self, mut it: Renewing) {
        let indicators: Vec<Indicator> = it.order.entries.iter().map(|entry| entry.0).collect();
        let mut weight = self.engine.weigh_entries(indicators.iter());
        weight.room = weight.room.saturating_sub(self.feeds.left());
        if !weight.fits() {
            let _ = it.order.done_tx.send(Err(no_room(&weight))); // nobody's loss
            return;
        }
        self.enforcer.expect(&indicators, weight.new);
        self.begin_list();
        it.stage = Stage::Blocking(Blocking {
            next: 0,
            weight,
            before: self.engine.listed_count(it.order.id),
        });
        self.feeds.put_back(UnderWay::Renewing(it));
    }

    fn go_on_blocking(&mut self, mut it: Renewing, mut blocking: Blocking) {
        let (id, count) = (it.order.id, it.order.entries.len());
        let end = count.min(blocking.next + ENTRIES_AT_ONCE);
        let part = FeedPart {
            feed: id,
            entries: it.order.entries[blocking.next..end].to_vec(),
        };
        self.handle(Input::Feed(FeedInput::Entries(part)));
        blocking.next = end;
        if end < count {
            it.stage = Stage::Blocking(blocking);
            return self.feeds.put_back(UnderWay::Renewing(it));
        }
        let blocked = self.engine.listed_count(id);
        let renewed = Renewed {
            weight: blocking.weight,
            added: blocked.saturating_sub(blocking.before),
            gone: it.gone,
            done_at: self.clock.instant(),
        };
        self.note_renewed(&it.order, &renewed);
        let _ = it.order.done_tx.send(Ok(renewed)); // whoever went away meanwhile has lost nothing
    }

    /// Has it on record where anything changed.
    fn note_renewed(&mut self, order: &RenewOrder, it: &Renewed) {
        let now = self.now();
        let blocked = it.weight.blocked;
        self.measures.feed_applied(order.id, (blocked, now), None);
        if it.added + it.gone == 0 {
            return;
        }
        let detail = format!(
            "feed {}: {blocked} of {} entries blocked, {} new, {} gone: {}",
            order.id.name().unwrap_or_default(),
            it.weight.entries,
            it.added,
            it.gone,
            order.detail
        );
        self.handle(Input::Feed(FeedInput::Told {
            actor: Actor::Node,
            action: Action::Block,
            detail,
        }));
    }

    /// Has it on record who subscribed.
    pub(super) fn note_subscribed(&mut self, it: Subscribed) {
        self.handle(Input::Feed(FeedInput::Told {
            actor: it.operator.into(),
            action: it.action,
            detail: it.detail,
        }));
    }

    /// Frees what earlier subscriptions blocked but these; returns which of all feeds block anything.
    pub(super) fn keep_subscribed(&mut self, kept: &BTreeSet<FeedId>) -> BTreeSet<FeedId> {
        let active = self.engine.feeds();
        for feed in active.difference(kept).filter(|it| it.name().is_some()) {
            self.end_feed(*feed);
        }
        active
    }
}

/// Returns why a list is not blocked for which there is no room.
pub(super) fn no_room(weight: &FeedWeight) -> ApiError {
    let message = format!(
        "the feed does not fit: {} more blocks are needed, and there is room for {}; nothing of it was \
         applied (limits.blocks_max)",
        weight.new, weight.room
    );
    ApiError::new(ErrorCode::TableFull, message)
}
