//! Applying files: what one lists goes to the node's loop, which blocks it, and is taken back when the file
//! goes.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use aegis_api::{ApiError, Caller, ErrorCode, FileApplied, FileApplyRequest, Reply};
use aegis_core::{
    FEED_BYTES_MAX, Feed, FeedId, FeedWeight, Indicator, Operator, OrganisationId, Timestamp,
    file::{FileId, Manifest},
};
use aegis_intel::feed::{Format, UnknownFormat, Warninglists};
use tokio::sync::{mpsc, oneshot};

use super::{Done, Files, ReplyTx, shelf::Shelf};
use crate::daemon::{
    feeds::{RenewOrder, SharedFeed, Subscribed},
    subscriptions::sift,
};

/// How far an applied file is believed, in percent.
const TRUST: u8 = 100;

/// What the node's loop is told of feeds.
pub(in crate::daemon) enum FeedCall {
    /// Say what would become of it and, unless that is all, block what it lists.
    Apply(FeedOrder),
    /// Free what it lists.
    End(FeedId),
    /// Free what others list: their files went while the node was down.
    KeepOnly(BTreeSet<FeedId>),
    /// Block what a feed lists now in place of what it did.
    Renew(RenewOrder),
    /// Free what is subscribed to under other names; say which feeds block anything.
    KeepSubscribed(BTreeSet<FeedId>, oneshot::Sender<BTreeSet<FeedId>>),
    /// Have it on record who subscribed.
    Told(Subscribed),
    /// Say which files are applied.
    Shared(oneshot::Sender<Vec<SharedFeed>>),
}

/// A feed that is to be applied.
pub(in crate::daemon) struct FeedOrder {
    pub(in crate::daemon) user: Operator,
    pub(in crate::daemon) id: FeedId,
    pub(in crate::daemon) feed: Arc<Feed>,
    pub(in crate::daemon) expires_at: Timestamp,
    /// What of it ends sooner.
    pub(in crate::daemon) ends: BTreeMap<Indicator, Timestamp>,
    /// Where it comes from, for the audit log.
    pub(in crate::daemon) detail: String,
    pub(in crate::daemon) is_dry_run: bool,
    pub(in crate::daemon) weight_tx: oneshot::Sender<Result<FeedWeight, ApiError>>,
}

/// What a file lists, and what of it ends sooner than the file is offered.
type Listed = (Feed, BTreeMap<Indicator, Timestamp>);

/// What a thread has read out of a file.
pub(super) struct Read {
    caller: Caller,
    apply: FileApplyRequest,
    listed: Result<Listed, ApiError>,
    reply_tx: ReplyTx,
}

impl Files {
    /// Has a thread read what a file lists.
    pub(super) fn apply(&mut self, caller: Caller, apply: FileApplyRequest, reply_tx: ReplyTx) {
        let manifest = match self.listed(apply.file) {
            Ok(manifest) => Arc::clone(manifest),
            Err(error) => {
                let _ = reply_tx.send(Err(error)); // whoever went away meanwhile has lost nothing
                return;
            }
        };
        let (shelf, now) = (Arc::clone(&self.shelf), self.now());
        self.jobs.spawn_blocking(move || {
            let Some(bytes) = read(&shelf, &manifest) else {
                let spoilt = ApiError::new(ErrorCode::Internal, "the disk spoilt the file");
                let _ = reply_tx.send(Err(spoilt));
                return Done::Rotten(apply.file, None);
            };
            let refused = |it: aegis_core::InvalidFeed| {
                ApiError::new(
                    ErrorCode::InvalidRequest,
                    format!("the file is no feed: {it}"),
                )
            };
            let listed = match &apply.format {
                Some(format) => listed_as(format, &bytes, now),
                None => Feed::parse(&bytes)
                    .map(|it| (it, BTreeMap::new()))
                    .map_err(refused),
            };
            Done::ReadFeed(Box::new(Read {
                caller,
                apply,
                listed,
                reply_tx,
            }))
        });
    }

    fn listed(&self, file: FileId) -> Result<&Arc<Manifest>, ApiError> {
        let not_here = || {
            let message = format!("file {file} is not here: fetch it first");
            ApiError::new(ErrorCode::NotFound, message)
        };
        let manifest = self.kept.get(&file).ok_or_else(not_here)?;
        if manifest.size().bytes() > FEED_BYTES_MAX as u64 {
            let message = format!("a feed has at most {FEED_BYTES_MAX} bytes");
            return Err(ApiError::new(ErrorCode::TooLarge, message));
        }
        Ok(manifest)
    }

    /// Hands a feed to the node's loop, if its file is still here.
    pub(super) fn handle_feed_read(&mut self, read: Read) {
        let Read {
            caller,
            apply,
            listed,
            reply_tx,
        } = read;
        let (file, now) = (apply.file, self.now());
        let order = listed.and_then(|(feed, ends)| {
            self.listed(file)?;
            let announcement = self.offer_of(now, file).ok_or_else(|| {
                ApiError::new(
                    ErrorCode::NotFound,
                    format!("nobody offers file {file} any more"),
                )
            })?;
            let offer = announcement.offer();
            let organisations = offer.audience.organisations();
            let organisations: Vec<String> = organisations.map(OrganisationId::to_string).collect();
            let detail = format!(
                "feed {file}: {} entries until {} by {} for {}",
                feed.entries().len(),
                offer.validity.expires_at(),
                offer.author,
                if organisations.is_empty() {
                    "everybody".to_owned()
                } else {
                    organisations.join(" ")
                }
            );
            Ok((feed, ends, offer.validity.expires_at(), detail))
        });
        let (weight_tx, weight_rx) = oneshot::channel();
        let sent = order.and_then(|(feed, ends, expires_at, detail)| {
            let order = FeedOrder {
                user: caller.operator(),
                id: FeedId::of_file(file),
                feed: Arc::new(feed),
                ends,
                expires_at,
                detail,
                is_dry_run: apply.dry_run,
                weight_tx,
            };
            let busy = |_| ApiError::new(ErrorCode::Busy, "too many files are being applied");
            let sent = self.feeds_tx.try_send(FeedCall::Apply(order));
            sent.map(|()| expires_at).map_err(busy)
        });
        match sent {
            Err(error) => drop(reply_tx.send(Err(error))),
            Ok(expires_at) => {
                self.jobs.spawn(async move {
                    let stopping = |_| ApiError::new(ErrorCode::Busy, "the node is stopping");
                    let weight = weight_rx.await.map_err(stopping).flatten();
                    let applied = weight.map(|it| applied(&apply, expires_at, &it));
                    let _ = reply_tx.send(applied.map(|it| Reply::FileApplied(Box::new(it))));
                    Done::Nothing
                });
            }
        }
    }

    /// Has what a file lists freed, if it was applied.
    pub(super) fn end_feed(&mut self, file: FileId) {
        self.ending.insert(file);
        self.end_feeds();
    }

    /// Says which feeds are over, as far as the node's loop keeps up.
    pub(super) fn end_feeds(&mut self) {
        if !self.has_told_feeds {
            let kept = self.kept.keys().copied().map(FeedId::of_file).collect();
            let sent = self.feeds_tx.try_send(FeedCall::KeepOnly(kept));
            self.has_told_feeds = sent.is_ok();
        }
        while let Some(file) = self.ending.first().copied() {
            let call = FeedCall::End(FeedId::of_file(file));
            match self.feeds_tx.try_send(call) {
                Ok(()) => drop(self.ending.pop_first()),
                Err(mpsc::error::TrySendError::Full(_)) => return,
                Err(mpsc::error::TrySendError::Closed(_)) => return self.ending.clear(),
            }
        }
    }
}

/// Reads what a file lists in the format of a feed.
fn listed_as(format: &str, bytes: &[u8], now: Timestamp) -> Result<Listed, ApiError> {
    let refused = |field: &str, why: String| {
        ApiError::new(ErrorCode::InvalidRequest, format!("{field}: {why}"))
    };
    let format: Format = format
        .parse()
        .map_err(|it: UnknownFormat| refused("format", it.to_string()))?;
    let listing = format
        .parse(bytes, now)
        .map_err(|it| refused("file", it.to_string()))?;
    // Whoever applies a file trusts it; what no feed may list it may not either.
    let sifted = sift(listing, TRUST, &Warninglists::default());
    let ends = sifted
        .entries
        .iter()
        .filter_map(|(it, end)| Some((*it, (*end)?)));
    let ends = ends.collect();
    let entries = sifted.entries.into_iter().map(|it| it.0).collect();
    let feed = Feed::new(entries).map_err(|it| refused("file", it.to_string()))?;
    Ok((feed, ends))
}

/// Reads a file out, each chunk checked once more; `None` where the disk spoilt one.
fn read(shelf: &Shelf, manifest: &Manifest) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for chunk in 0..manifest.size().chunks() {
        bytes.extend(shelf.read(manifest, chunk)?);
    }
    Some(bytes)
}

fn applied(apply: &FileApplyRequest, expires_at: Timestamp, it: &FeedWeight) -> FileApplied {
    FileApplied {
        file: apply.file,
        dry_run: apply.dry_run,
        expires_at,
        entries: it.entries as u64,
        blocked: it.blocked as u64,
        new: it.new as u64,
        protected: it.protected as u64,
        allowlisted: it.allowlisted as u64,
        too_wide: it.too_wide as u64,
        private: it.private as u64,
        configured_peers: it.configured_peers as u64,
        unblocked: it.unblocked as u64,
    }
}
