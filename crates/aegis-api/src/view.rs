//! Views: the rows of a list that somebody looks at, sorted and filtered by the node.
//!
//! Pages are for reading a list from its beginning to its end; a view is for a person who jumps to
//! the end, sorts by another column or types a part of a word, and sees a screenful at a time.

use std::{
    fmt::{self, Display, Write as _},
    num::NonZeroU16,
    str::FromStr,
};

use serde::{Deserialize, Serialize};

use crate::{Block, PAGE_ITEMS_MAX, Peer};

/// The rows of a view whose number nobody chose: a large screen.
pub const VIEW_ROWS_DEFAULT: NonZeroU16 = NonZeroU16::new(100).unwrap();

/// The longest text that a view is filtered by, in characters.
pub const VIEW_TEXT_CHARS_MAX: usize = 64;

/// What can be asked of views.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ViewRequest {
    /// Answered by [`ViewReply::Blocks`].
    Blocks(ViewQuery<BlockSort>),
    /// Answered by [`ViewReply::Peers`].
    Peers(ViewQuery<PeerSort>),
}

/// What is answered. The JSON is that of the value inside.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum ViewReply {
    /// To [`ViewRequest::Blocks`].
    Blocks(View<Block>),
    /// To [`ViewRequest::Peers`].
    Peers(View<Peer>),
}

/// Which rows of a list are looked at.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ViewQuery<S> {
    /// By what it is sorted.
    pub sort: S,
    /// Whether it is sorted the other way round.
    pub reversed: bool,
    /// Only what has this in one of its fields.
    pub text: Option<ViewText>,
    /// How many rows are above the first.
    pub offset: u32,
    /// How many rows at most; 5,000 whatever this says.
    pub limit: Option<NonZeroU16>,
}

impl<S> ViewQuery<S> {
    /// Returns the most rows that it may have.
    pub fn limit(&self) -> usize {
        let limit = self.limit.unwrap_or(VIEW_ROWS_DEFAULT);
        usize::from(limit.min(PAGE_ITEMS_MAX).get())
    }

    /// Returns how many rows are above the first.
    pub fn offset(&self) -> usize {
        usize::try_from(self.offset).unwrap_or(usize::MAX)
    }
}

/// Some rows of a list.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct View<T> {
    /// How long the list is.
    pub total: u64,
    /// How many of it have the text.
    pub matching: u64,
    /// The rows, in their order.
    pub items: Vec<T>,
}

/// By what blocks are sorted; where two are equal, by address.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockSort {
    /// By address, IPv4 first.
    #[default]
    Source,
    /// The most packets first.
    Packets,
    /// The newest first.
    Newest,
    /// What ends soonest first.
    Ends,
    /// The worst first.
    Severity,
    /// By who caused it.
    Origin,
    /// By the word for what it did.
    Threat,
}

/// By what peers are sorted; where two are equal, by peer ID.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PeerSort {
    /// Those that are connected first, then the most trusted.
    #[default]
    Connected,
    /// The most trusted first.
    Trust,
    /// Those whose alerts counted most often first.
    Alerts,
    /// Configured ones first, strangers last.
    Class,
    /// The last seen first.
    Seen,
}

impl BlockSort {
    /// Every order.
    pub const ALL: [Self; 7] = [
        Self::Source,
        Self::Packets,
        Self::Newest,
        Self::Ends,
        Self::Severity,
        Self::Origin,
        Self::Threat,
    ];

    /// Returns the word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Packets => "packets",
            Self::Newest => "newest",
            Self::Ends => "ends",
            Self::Severity => "severity",
            Self::Origin => "origin",
            Self::Threat => "threat",
        }
    }
}

impl PeerSort {
    /// Every order.
    pub const ALL: [Self; 5] = [
        Self::Connected,
        Self::Trust,
        Self::Alerts,
        Self::Class,
        Self::Seen,
    ];

    /// Returns the word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Trust => "trust",
            Self::Alerts => "alerts",
            Self::Class => "class",
            Self::Seen => "seen",
        }
    }
}

impl Display for BlockSort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Display for PeerSort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a list is filtered by: some text, in lower case.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ViewText(Box<str>); // never empty, at most VIEW_TEXT_CHARS_MAX, no ASCII capitals

/// A text that no list is filtered by.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("must have 1 to {VIEW_TEXT_CHARS_MAX} characters")]
pub struct InvalidViewText;

impl ViewText {
    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether one of the fields has the text, in whatever case; `scratch` spares an
    /// allocation for each of many fields.
    pub fn is_in(&self, fields: &[&dyn Display], scratch: &mut String) -> bool {
        fields.iter().any(|field| {
            scratch.clear();
            let written = write!(scratch, "{field}").is_ok();
            scratch.make_ascii_lowercase();
            written && scratch.contains(&*self.0)
        })
    }
}

impl FromStr for ViewText {
    type Err = InvalidViewText;

    fn from_str(text: &str) -> Result<Self, InvalidViewText> {
        let is_fit = (1..=VIEW_TEXT_CHARS_MAX).contains(&text.chars().count());
        is_fit
            .then(|| Self(text.to_ascii_lowercase().into()))
            .ok_or(InvalidViewText)
    }
}

/// The query string of a view, before it is parsed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, bound = "S: Deserialize<'de> + Default")]
pub(crate) struct RawViewQuery<S> {
    #[serde(default)]
    sort: S,
    #[serde(default)]
    reversed: bool,
    text: Option<String>,
    #[serde(default)]
    offset: u32,
    limit: Option<std::num::NonZeroU32>,
}

impl<S> RawViewQuery<S> {
    /// Parses the text; a `limit` over the most is brought down to it.
    pub(crate) fn parse(self) -> Result<ViewQuery<S>, InvalidViewText> {
        let text = self.text.map(|it| it.parse()).transpose()?;
        let narrow = |it| NonZeroU16::try_from(it).unwrap_or(PAGE_ITEMS_MAX);
        Ok(ViewQuery {
            sort: self.sort,
            reversed: self.reversed,
            text,
            offset: self.offset,
            limit: self.limit.map(narrow),
        })
    }
}

/// Returns the query string of a view.
pub(crate) fn view_query<S: Display>(query: &ViewQuery<S>) -> String {
    let mut text = format!(
        "sort={}&reversed={}&offset={}&limit={}",
        query.sort,
        query.reversed,
        query.offset,
        query.limit()
    );
    if let Some(it) = &query.text {
        text.push_str("&text=");
        for byte in it.as_str().bytes() {
            if byte.is_ascii_alphanumeric() {
                text.push(char::from(byte));
            } else {
                text.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests;
