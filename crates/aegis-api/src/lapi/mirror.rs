//! The blocklist as files that firewalls fetch, in the formats of CrowdSec's blocklist mirror.

use std::str::FromStr;

use aegis_core::{Indicator, Timestamp};

use super::{
    board::{DecisionBoard, Posted},
    duration::GoDuration,
    filter::{Filter, Pairs},
};

/// Decisions of one piece.
const PIECE_DECISIONS: usize = 500;

/// What the list of a router is called unless somebody says otherwise.
const LIST_DEFAULT: &str = "CrowdSec";

/// The longest name of a list.
const LIST_BYTES_MAX: usize = 64;

/// How a blocklist is written.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Format {
    /// One address or prefix a line.
    #[default]
    Plain,
    /// A script that replaces an address list of RouterOS.
    Mikrotik,
    /// `address,length,bl,category`.
    F5,
    /// Prefixes, single addresses too.
    Juniper,
}

/// A format that there is not.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("format must be plain_text, mikrotik, f5 or juniper")]
pub(crate) struct UnknownFormat;

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        match text {
            "plain_text" => Ok(Self::Plain),
            "mikrotik" => Ok(Self::Mikrotik),
            "f5" => Ok(Self::F5),
            "juniper" => Ok(Self::Juniper),
            _ => Err(UnknownFormat),
        }
    }
}

/// What a board shows, by the page, without what is for members of an organisation alone: a list that is
/// handed on is for everybody.
#[derive(Debug)]
pub(super) struct OpenPages {
    board: DecisionBoard,
    after: Option<Indicator>,
}

impl OpenPages {
    pub(super) fn new(board: DecisionBoard) -> Self {
        Self { board, after: None }
    }
}

impl Iterator for OpenPages {
    type Item = Vec<Posted>;

    fn next(&mut self) -> Option<Vec<Posted>> {
        let (last, open) = self.board.open_page(self.after, PIECE_DECISIONS);
        self.after = Some(last?);
        Some(open)
    }
}

/// A blocklist that is being written.
#[derive(Debug)]
pub(crate) struct ListFile<I> {
    decisions: I,
    filter: Filter,
    format: Format,
    list: String,
    has_v4: bool,
    has_v6: bool,
    now: Timestamp,
    is_begun: bool,
}

impl<I> ListFile<I> {
    /// Begins a list of what the pairs ask for: `format`, `listname`, `ipv4only`, `ipv6only`, and what
    /// narrows a poll.
    pub(crate) fn new(decisions: I, pairs: &Pairs, now: Timestamp) -> Result<Self, UnknownFormat> {
        let format = pairs.find("format").map(str::parse).transpose()?;
        let list = pairs.find("listname").unwrap_or(LIST_DEFAULT);
        Ok(Self {
            decisions,
            filter: Filter::of(pairs),
            format: format.unwrap_or_default(),
            list: word(list).chars().take(LIST_BYTES_MAX).collect(),
            has_v4: !pairs.has("ipv6only"),
            has_v6: !pairs.has("ipv4only"),
            now,
            is_begun: false,
        })
    }

    fn wants(&self, posted: &Posted) -> bool {
        let is_of_family = match posted.indicator.is_ipv4() {
            true => self.has_v4,
            false => self.has_v6,
        };
        is_of_family && self.filter.lets_through(posted)
    }

    fn heading(&self) -> String {
        let mut lines = String::new();
        if self.format == Format::Mikrotik {
            let list = &self.list;
            for (path, is_wanted) in [("ip", self.has_v4), ("ipv6", self.has_v6)] {
                if is_wanted {
                    lines += &format!(
                        "/{path}/firewall/address-list/remove [find where list=\"{list}\"]\n"
                    );
                }
            }
        }
        lines
    }

    fn line(&self, posted: &Posted) -> String {
        let indicator = &posted.indicator;
        let (address, length) = (indicator.address(), indicator.prefix_len());
        let scenario = &*posted.naming.scenario;
        match self.format {
            Format::Plain => format!("{indicator}\n"),
            Format::Juniper => format!("{address}/{length}\n"),
            Format::F5 => {
                let category = scenario.split_once('/').map_or(scenario, |(_, it)| it);
                format!("{address},{length},bl,{}\n", word(category))
            }
            Format::Mikrotik => {
                let path = if indicator.is_ipv4() { "ip" } else { "ipv6" };
                let (list, comment) = (&self.list, word(scenario));
                let left = GoDuration(posted.expires_at.since(self.now));
                format!(
                    ":do {{ /{path}/firewall/address-list/add list=\"{list}\" address={indicator} \
                     comment=\"{comment}\" timeout={left} }} on-error={{ }}\n"
                )
            }
        }
    }
}

impl<I: Iterator<Item = Vec<Posted>>> Iterator for ListFile<I> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        if !std::mem::replace(&mut self.is_begun, true) {
            return Some(self.heading().into_bytes());
        }
        let mut piece = String::new();
        let page = self.decisions.next()?;
        for posted in page.iter().filter(|it| self.wants(it)) {
            piece += &self.line(posted);
        }
        Some(piece.into_bytes())
    }
}

/// Returns a text with a dash for everything that could end a line, a field or a quotation.
fn word(text: &str) -> String {
    let may_stay = |it: char| it.is_ascii_alphanumeric() || "-_./ ".contains(it);
    text.chars()
        .map(|it| if may_stay(it) { it } else { '-' })
        .collect()
}
