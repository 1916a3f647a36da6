//! Handing a list to the node's loop, and what becomes of it.

use aegis_api::{ApiError, ErrorCode, EventKind, FeedLast};
use aegis_core::{FeedId, Indicator, Timestamp};
use aegis_intel::feed::FeedName;
use tokio::{sync::oneshot, time::Instant};

use super::{Done, Sifted, Subscriptions, show};
use crate::daemon::{
    feeds::{RenewOrder, Renewed},
    files::FeedCall,
};

impl Subscriptions {
    /// Hands a list to the loop, which blocks it in place of what was.
    pub(super) async fn apply(&mut self, name: &FeedName, sifted: Sifted, had_at: Instant) {
        let now = self.clock.now();
        let Some(feed) = self.feeds.get_mut(name) else {
            return;
        };
        let Some(id) = FeedId::subscribed(name.as_str()) else {
            return;
        };
        feed.is_under_way = true;
        feed.hold(now);
        let until =
            |it: Option<Timestamp>| it.map_or(feed.holds_until, |it| it.min(feed.holds_until));
        let entries = sifted.entries.iter();
        let entries: Vec<(Indicator, Timestamp)> =
            entries.map(|(it, end)| (*it, until(*end))).collect();
        feed.pending = Some(FeedLast {
            entries: entries.len() as u64,
            left_out: sifted.left_out,
            malformed: sifted.malformed,
            malformed_lines: sifted.malformed_lines,
            ..FeedLast::default()
        });
        let (done_tx, done_rx) = oneshot::channel();
        let order = RenewOrder {
            id,
            entries,
            detail: show::source(&feed.definition, feed.attribution.as_deref()),
            done_tx,
        };
        let (name, number) = (name.clone(), feed.number);
        // A loop that is gone says so by the other channel.
        drop(self.orders_tx.send(FeedCall::Renew(order)).await);
        self.jobs.spawn(async move {
            let stopping = |_| ApiError::new(ErrorCode::Busy, "it was ended meanwhile");
            Done::Applied {
                name,
                number,
                had_at,
                renewed: done_rx.await.map_err(stopping).flatten(),
            }
        });
    }

    pub(super) fn handle_applied(
        &mut self,
        name: &FeedName,
        number: u64,
        (had_at, renewed): (Instant, Result<Renewed, ApiError>),
    ) {
        let now = self.clock.now();
        let feed = self.feeds.get_mut(name);
        let Some(feed) = feed.filter(|it| it.number == number) else {
            return; // removed meanwhile
        };
        feed.is_under_way = false;
        let pending = feed.pending.take();
        match renewed {
            Ok(it) => {
                let took = it.done_at.saturating_duration_since(had_at);
                let last = show::last(pending.unwrap_or_default(), &it, took);
                tracing::info!(
                    feed = %name,
                    entries = last.entries,
                    blocked = last.blocked,
                    added = it.added,
                    gone = it.gone,
                    applied_ms = last.applied_ms,
                    "Feed applied"
                );
                let applied = EventKind::FeedApplied {
                    feed: name.to_string(),
                    blocked: last.blocked,
                    added: it.added as u64,
                    gone: it.gone as u64,
                };
                feed.last = Some(last);
                self.hub.publish(now, applied);
            }
            Err(error) => {
                // Whole the next time, for nothing of it is blocked.
                (feed.course.etag, feed.course.last_modified) = (None, None);
                feed.course.entries = 0;
                feed.course.problem = Some(error.message.clone());
                let feed = name.to_string();
                tracing::warn!(feed, problem = error.message, "Feed not applied");
                let message = error.message;
                self.hub
                    .publish(now, EventKind::FeedFailed { feed, message });
            }
        }
        self.is_changed = true;
    }
}
