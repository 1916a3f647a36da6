//! What is blocked: polled by bouncers, asked for one by one, and ended.

use std::time::Duration;

use aegis_core::Indicator;
use axum::{
    http::{Method, StatusCode, header},
    response::Response,
};
use futures::{StreamExt as _, stream::FuturesUnordered};
use serde::Serialize;

use super::{Head, Lapi};
use crate::{
    Control, KeyGrant, Reply, Request, UnblockRequest,
    lapi::{
        CALLS_AT_ONCE,
        board::Window,
        duration::parse_duration,
        filter::Filter,
        listing::indicator,
        readers::cuts_prefixes,
        reply::{Failure, empty, json, pieces},
        stream::{ListReply, StreamReply, View, Which},
    },
};

/// The longest that a poll waits for a change.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// Decisions looked through at a time.
const PAGE: usize = 500;

#[derive(Serialize)]
pub(super) struct Deleted {
    #[serde(rename = "nbDeleted")]
    pub(super) count: String,
}

impl<C: Control> Lapi<C> {
    /// Answers a poll with what changed since the last one, or with everything.
    ///
    /// `wait`, which no client of CrowdSec's asks for, holds a poll back until something changes: who
    /// asks for it knows at once, and not when the next poll is due.
    pub(super) async fn stream(&self, head: &Head) -> Result<Response, Failure> {
        let grant = self.bouncer(head)?;
        if head.method == Method::HEAD {
            return Ok(empty(StatusCode::OK)); // a check of the key, which is no poll
        }
        let reader = (grant.name.as_str(), head.from);
        if let Some(wait) = head.pairs.find("wait") {
            let wait = parse_duration(wait).ok_or_else(|| Failure::invalid("wait: as in 30s"))?;
            let known = self.state().cursors.find(reader.0, reader.1);
            let changed = self.setup().board.changed_since(known.unwrap_or(0));
            // Too long without a change: answered with nothing.
            let _ = tokio::time::timeout(wait.min(WAIT_MAX), changed).await;
        }
        let view = self.view(head);
        view.board.note_reader(view.now, reader, program(head));
        let upto = view.board.seq();
        let known = {
            let mut state = self.state();
            let known = state.cursors.find(reader.0, reader.1);
            state.cursors.set(view.now, reader, upto);
            known
        };
        let (ended, news) = match known {
            _ if head.pairs.says("startup", "true") => (Window::whole(upto), Window::whole(upto)),
            Some(it) if view.board.reaches_back_to(it) => {
                (Window::since(it, upto), Window::since(it, upto))
            }
            // Who read long ago, or before this node started, gets the whole list, and of what
            // ended all that is known.
            known => (Window::since(known.unwrap_or(0), upto), Window::whole(upto)),
        };
        Ok(pieces(StreamReply::new(view, ended, news)))
    }

    /// Answers what decisions there are about something.
    pub(super) fn decisions(&self, head: &Head) -> Result<Response, Failure> {
        self.anybody(head)?;
        if head.method == Method::HEAD {
            return Ok(empty(StatusCode::OK));
        }
        let asked = indicator(&head.pairs).map_err(Failure::invalid)?;
        let which = match asked {
            Some(it) if head.pairs.says("contains", "false") => Which::Within(it),
            Some(it) => Which::Covering(it),
            None => Which::All,
        };
        Ok(pieces(ListReply::new(self.view(head), which)))
    }

    /// Ends the decisions that the request names, and none that is wider.
    pub(super) async fn delete_decisions(&self, head: &Head) -> Result<Response, Failure> {
        let grant = self.machine(head)?;
        let asked = indicator(&head.pairs).map_err(Failure::invalid)?;
        let filter = Filter::of(&head.pairs);
        let board = &self.setup().board;
        let mut meant: Vec<Indicator> = Vec::new();
        let is_exact = !head.pairs.says("contains", "false");
        if let (Some(asked), true) = (asked, is_exact) {
            meant.extend(
                board
                    .exactly(&asked)
                    .filter(|it| filter.lets_through(it))
                    .map(|it| it.indicator),
            );
        } else {
            let mut after = None;
            loop {
                let page = match asked {
                    Some(it) => board.within(&it, after, PAGE),
                    None => board.page(after, PAGE),
                };
                let Some(last) = page.last() else { break };
                after = Some(last.indicator);
                let through = page.iter().filter(|it| filter.lets_through(it));
                meant.extend(through.map(|it| it.indicator));
            }
        }
        self.unblock(grant, &meant).await
    }

    /// Ends the decision with this id.
    pub(super) async fn delete_decision(&self, head: &Head, id: &str) -> Result<Response, Failure> {
        let grant = self.machine(head)?;
        let posted = id
            .parse()
            .ok()
            .and_then(|it| self.setup().board.with_id(it));
        let Some(posted) = posted else {
            let message = format!("there is no decision {id}");
            return Err(Failure::new(StatusCode::NOT_FOUND, message));
        };
        self.unblock(grant, &[posted.indicator]).await
    }

    async fn unblock(&self, grant: KeyGrant, meant: &[Indicator]) -> Result<Response, Failure> {
        let count = self.unblock_all(grant, meant).await?.to_string();
        Ok(json(StatusCode::OK, &Deleted { count }))
    }

    /// Ends the blocks of exactly these indicators; returns how many there were.
    pub(super) async fn unblock_all(
        &self,
        grant: KeyGrant,
        meant: &[Indicator],
    ) -> Result<u64, Failure> {
        let mut calls = FuturesUnordered::new();
        let (mut left, mut count) = (meant.iter(), 0);
        loop {
            while calls.len() < CALLS_AT_ONCE
                && let Some(indicator) = left.next()
            {
                calls.push(self.clone().unblock_one(grant, *indicator));
            }
            match calls.next().await {
                None => return Ok(count),
                Some(was_blocked) => count += u64::from(was_blocked?),
            }
        }
    }

    async fn unblock_one(self, grant: KeyGrant, indicator: Indicator) -> Result<bool, Failure> {
        let request = Request::Unblock(UnblockRequest {
            indicator,
            withdraw: false,
        });
        let reply = self.call(grant, request).await?;
        Ok(matches!(reply, Reply::Unblocked(it) if it.was_blocked))
    }

    fn view(&self, head: &Head) -> View {
        let expands = cuts_prefixes(program(head));
        View {
            board: self.setup().board.clone(),
            filter: Filter::of(&head.pairs),
            expanded: if expands {
                self.setup().config.expand_hosts_max
            } else {
                0
            },
            now: self.now(),
        }
    }
}

/// Returns what whoever asks says it is.
fn program(head: &Head) -> &str {
    let agent = head.headers.get(header::USER_AGENT);
    agent.and_then(|it| it.to_str().ok()).unwrap_or_default()
}
