//! Decisions as JSON, in pieces: a list of a hundred thousand is never in memory as text, and
//! nobody waits for it to be written.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use aegis_core::{Indicator, Timestamp};
use serde::Serialize;

use super::{
    board::{DecisionBoard, Posted, Window},
    duration::GoDuration,
    filter::Filter,
};
use crate::encoding::text;

/// Decisions of one piece: a tenth of a millisecond under the board's lock.
const PIECE_DECISIONS: usize = 500;

/// Single addresses that the prefixes of one reply become at most; the rest stay prefixes.
pub const EXPANDED_MAX: u32 = 16_384;

/// What a decision that has ended has left; what it was is over.
const ENDED_FOR: &str = "-1s";

/// What of a board is shown, and to whom.
#[derive(Clone, Debug)]
pub(super) struct View {
    /// Whose decisions.
    pub(super) board: DecisionBoard,
    /// Which of them.
    pub(super) filter: Filter,
    /// Prefixes of up to so many addresses are shown as these.
    pub(super) expanded: u32,
    /// The present.
    pub(super) now: Timestamp,
}

/// The reply to a poll: what ended, what changed as if it had ended, and what is.
#[derive(Debug)]
pub(super) struct StreamReply {
    view: View,
    ended: Window,
    changed: Window,
    news: Window,
    stage: Stage,
    is_first: bool,
    expanded: u32,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    Start,
    Ended,
    Changed,
    News,
    Over,
}

/// The reply to a question for the decisions there are: `null` where there are none.
#[derive(Debug)]
pub(super) struct ListReply {
    view: View,
    which: Which,
    after: Option<Indicator>,
    is_first: bool,
    is_over: bool,
}

/// Which decisions are asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Which {
    /// All.
    All,
    /// Those that cover it, itself included.
    Covering(Indicator),
    /// Those that lie in it, itself included.
    Within(Indicator),
}

/// A decision in JSON.
#[derive(Debug, Serialize)]
pub(super) struct DecisionText {
    id: u64,
    origin: &'static str,
    r#type: &'static str,
    scope: &'static str,
    value: String,
    duration: String,
    #[serde(serialize_with = "text::serialize")]
    scenario: Arc<str>,
    simulated: bool,
}

impl StreamReply {
    /// Returns a reply that tells of what ended in one window, and began or changed in another.
    pub(super) fn new(view: View, ended: Window, news: Window) -> Self {
        Self {
            view,
            ended,
            changed: news,
            news,
            stage: Stage::Start,
            is_first: true,
            expanded: 0,
        }
    }

    fn write(&mut self, to: &mut Vec<u8>, posted: &Posted, is_over: bool) {
        if !self.view.filter.lets_through(posted) {
            return;
        }
        let duration = match is_over {
            true => ENDED_FOR.to_owned(),
            false => left(posted, self.view.now),
        };
        let count = hosts(&posted.indicator).filter(|it| *it <= self.view.expanded);
        let fits = |it: &u32| self.expanded.saturating_add(*it) <= EXPANDED_MAX;
        let Some(count) = count.filter(fits) else {
            return self.put(to, posted, posted.indicator, duration);
        };
        self.expanded += count;
        for number in 0..count {
            self.put(to, posted, nth(&posted.indicator, number), duration.clone());
        }
    }

    fn put(&mut self, to: &mut Vec<u8>, posted: &Posted, it: Indicator, duration: String) {
        separate(to, &mut self.is_first);
        put(to, &DecisionText::new(posted, it, duration));
    }

    fn tell_ended(&mut self, to: &mut Vec<u8>) {
        let page = self.view.board.ended(self.ended, PIECE_DECISIONS);
        match page.last() {
            Some((seq, _)) => self.ended.after = *seq,
            None => self.stage = Stage::Changed,
        }
        for (_, posted) in page {
            self.write(to, &posted, true);
        }
    }

    /// Tells of what changed as if it had ended, so that a bouncer takes the new end.
    fn tell_changed(&mut self, to: &mut Vec<u8>) {
        let page = match self.changed.since {
            Some(_) => self.view.board.changed(self.changed, PIECE_DECISIONS),
            None => Vec::new(),
        };
        match page.last() {
            Some((seq, ..)) => self.changed.after = *seq,
            None => self.stage = Stage::News,
        }
        for (_, posted, _) in page.iter().filter(|(_, _, is_known)| *is_known) {
            self.write(to, posted, true);
        }
        if self.stage == Stage::News {
            to.extend_from_slice(b"],\"new\":[");
            self.is_first = true;
        }
    }

    fn tell_news(&mut self, to: &mut Vec<u8>) {
        let page = self.view.board.changed(self.news, PIECE_DECISIONS);
        match page.last() {
            Some((seq, ..)) => self.news.after = *seq,
            None => self.stage = Stage::Over,
        }
        for (_, posted, _) in page {
            self.write(to, &posted, false);
        }
        if self.stage == Stage::Over {
            to.extend_from_slice(b"]}");
        }
    }
}

impl Iterator for StreamReply {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let mut piece = Vec::new();
        match self.stage {
            Stage::Start => {
                piece.extend_from_slice(b"{\"deleted\":[");
                self.stage = Stage::Ended;
            }
            Stage::Ended => self.tell_ended(&mut piece),
            Stage::Changed => self.tell_changed(&mut piece),
            Stage::News => self.tell_news(&mut piece),
            Stage::Over => return None,
        }
        Some(piece)
    }
}

impl ListReply {
    /// Returns a reply with those that are asked for.
    pub(super) fn new(view: View, which: Which) -> Self {
        Self {
            view,
            which,
            after: None,
            is_first: true,
            is_over: false,
        }
    }

    fn page(&self) -> Vec<Posted> {
        let board = &self.view.board;
        match self.which {
            Which::All => board.page(self.after, PIECE_DECISIONS),
            Which::Within(it) => board.within(&it, self.after, PIECE_DECISIONS),
            Which::Covering(_) if self.after.is_some() => Vec::new(),
            Which::Covering(it) => board.covering(&it),
        }
    }
}

impl Iterator for ListReply {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        if self.is_over {
            return None;
        }
        let mut piece = Vec::new();
        let page = self.page();
        let last = page.last().map(|it| it.indicator);
        for posted in page.iter().filter(|it| self.view.filter.lets_through(it)) {
            let opening: &[u8] = if self.is_first { b"[" } else { b"," };
            piece.extend_from_slice(opening);
            self.is_first = false;
            let left = left(posted, self.view.now);
            put(
                &mut piece,
                &DecisionText::new(posted, posted.indicator, left),
            );
        }
        match last {
            Some(_) => self.after = last,
            None => {
                self.is_over = true;
                let closing: &[u8] = if self.is_first { b"null" } else { b"]" };
                piece.extend_from_slice(closing);
            }
        }
        Some(piece)
    }
}

impl DecisionText {
    /// Returns what is shown of `posted` for `indicator`, itself or an address in it.
    fn new(posted: &Posted, indicator: Indicator, duration: String) -> Self {
        Self {
            id: posted.id,
            origin: posted.naming.origin,
            r#type: "ban",
            scope: scope(&indicator),
            value: indicator.to_string(),
            duration,
            scenario: Arc::clone(&posted.naming.scenario),
            simulated: false,
        }
    }

    /// Returns what is shown of `posted` at `now`.
    pub(super) fn of(posted: &Posted, now: Timestamp) -> Self {
        Self::new(posted, posted.indicator, left(posted, now))
    }
}

/// Returns the scope that an indicator has.
pub(super) fn scope(indicator: &Indicator) -> &'static str {
    if indicator.is_host() { "Ip" } else { "Range" }
}

fn left(posted: &Posted, now: Timestamp) -> String {
    GoDuration(posted.expires_at.since(now)).to_string()
}

/// Returns how many addresses a prefix has, where that is a number at all; `None` for one address.
fn hosts(indicator: &Indicator) -> Option<u32> {
    let bits = if indicator.is_ipv4() { 32 } else { 128 };
    let free = bits - indicator.prefix_len();
    1_u32.checked_shl(free.into()).filter(|it| *it > 1)
}

/// Returns the address with this number in a prefix.
fn nth(prefix: &Indicator, number: u32) -> Indicator {
    Indicator::host(match prefix.address() {
        IpAddr::V4(it) => Ipv4Addr::from_bits(it.to_bits() | number).into(),
        IpAddr::V6(it) => Ipv6Addr::from_bits(it.to_bits() | u128::from(number)).into(),
    })
}

fn separate(to: &mut Vec<u8>, is_first: &mut bool) {
    if !std::mem::replace(is_first, false) {
        to.push(b',');
    }
}

fn put(to: &mut Vec<u8>, text: &DecisionText) {
    let before = to.len();
    if serde_json::to_writer(&mut *to, text).is_err() {
        to.truncate(before); // cannot fail: texts and numbers are always JSON
    }
}

#[cfg(test)]
mod tests;
