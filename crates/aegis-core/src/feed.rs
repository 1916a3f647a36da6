//! Feeds: lists of addresses and prefixes that somebody else keeps, as they are read.
//!
//! One entry a line, in whatever order: the first column of a line that commas, semicolons or blanks
//! divide, in double quotes or without. What follows `#` or `;` is a comment. The first line may name the
//! columns instead. Anything else makes the whole list no feed: half of a list that was not meant as one
//! is not to be blocked.

use crate::{Indicator, NodeId, file::FileId};

/// The most entries of a feed.
pub const FEED_ENTRIES_MAX: usize = 500_000;

/// The most bytes of a list: some 60 for each entry.
pub const FEED_BYTES_MAX: usize = 32 * 1024 * 1024;

/// The most bytes of a line.
const LINE_BYTES_MAX: usize = 4096;

/// What a feed lists: 1 to [`FEED_ENTRIES_MAX`] indicators in order, each once.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Feed(Vec<Indicator>); // sorted, without doubles, never empty

/// Which feed it is. It stands where decisions name an author, whose key it is not.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct FeedId([u8; 32]);

/// Why a list is no feed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidFeed {
    /// It is longer than any may be.
    #[error("the list has more than {FEED_BYTES_MAX} bytes")]
    TooLong,
    /// It has too many entries.
    #[error("the list has more than {FEED_ENTRIES_MAX} entries")]
    TooMany,
    /// A line is longer than any may be.
    #[error("line {line} has more than {LINE_BYTES_MAX} bytes")]
    LineTooLong {
        /// Which, beginning with 1.
        line: usize,
    },
    /// A line does not begin with an address or prefix.
    #[error("line {line} does not begin with an IPv4 or IPv6 address or prefix")]
    NoIndicator {
        /// Which, beginning with 1.
        line: usize,
    },
    /// Nothing is listed.
    #[error("the list is empty")]
    Empty,
}

impl Feed {
    /// Reads a list.
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidFeed> {
        if bytes.len() > FEED_BYTES_MAX {
            return Err(InvalidFeed::TooLong);
        }
        let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
        let (mut entries, mut is_first) = (Vec::new(), true);
        for (number, line) in bytes.split(|it| *it == b'\n').enumerate() {
            let line_number = number + 1;
            if line.len() > LINE_BYTES_MAX {
                return Err(InvalidFeed::LineTooLong { line: line_number });
            }
            let Some(column) = first_column(line) else {
                continue;
            };
            let is_heading = std::mem::replace(&mut is_first, false);
            match indicator(column) {
                Some(_) if entries.len() >= FEED_ENTRIES_MAX => return Err(InvalidFeed::TooMany),
                Some(it) => entries.push(it),
                None if is_heading && names_a_column(column) => {}
                None => return Err(InvalidFeed::NoIndicator { line: line_number }),
            }
        }
        Self::new(entries)
    }

    /// Returns the feed that lists these.
    pub fn new(mut entries: Vec<Indicator>) -> Result<Self, InvalidFeed> {
        if entries.len() > FEED_ENTRIES_MAX {
            return Err(InvalidFeed::TooMany);
        }
        entries.sort();
        entries.dedup();
        if entries.is_empty() {
            return Err(InvalidFeed::Empty);
        }
        Ok(Self(entries))
    }

    /// Returns what is listed, in order, each once.
    pub fn entries(&self) -> &[Indicator] {
        &self.0
    }
}

impl FeedId {
    /// Returns the feed that a shared file is.
    pub const fn of_file(file: FileId) -> Self {
        Self(*file.as_bytes())
    }

    pub(crate) const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Returns the shared file that a feed is.
    pub const fn file(self) -> FileId {
        FileId::from_bytes(self.0)
    }

    /// Returns what decisions name as their author.
    pub const fn as_author(self) -> NodeId {
        NodeId::from_public_key(self.0)
    }

    /// Returns the feed that a decision of one names as its author.
    pub const fn of_author(author: NodeId) -> Self {
        Self(*author.public_key())
    }
}

/// What the id of a feed that is subscribed to begins with, which no hash does; its name fills the rest.
const SUBSCRIBED_MARK: &[u8; 16] = b"aegis feed \0\0\0\0\0";

impl FeedId {
    /// The longest name of a feed that is subscribed to, in bytes.
    pub const NAME_BYTES_MAX: usize = 16;

    /// Returns the feed that is subscribed to under this name; `None` where the name is empty, too long,
    /// or not plain ASCII.
    pub fn subscribed(name: &str) -> Option<Self> {
        let is_name = (1..=Self::NAME_BYTES_MAX).contains(&name.len())
            && name.bytes().all(|it| it.is_ascii_graphic());
        let mut bytes = [0; 32];
        let (mark, rest) = bytes.split_at_mut(SUBSCRIBED_MARK.len());
        mark.copy_from_slice(SUBSCRIBED_MARK);
        rest.get_mut(..name.len())?.copy_from_slice(name.as_bytes());
        is_name.then_some(Self(bytes))
    }

    /// Returns the name under which a feed is subscribed to, where it is such a one.
    pub fn name(&self) -> Option<&str> {
        let name = self.0.strip_prefix(SUBSCRIBED_MARK)?;
        let end = name.iter().position(|it| *it == 0).unwrap_or(name.len());
        let name = std::str::from_utf8(name.get(..end)?).ok()?;
        (Self::subscribed(name) == Some(*self)).then_some(name)
    }
}

/// Returns the first column of a line without its quotes; `None` where the line says nothing.
fn first_column(line: &[u8]) -> Option<&[u8]> {
    let said = line.split(|it| matches!(it, b'#' | b';')).next()?;
    let said = said.trim_ascii();
    let column = match said.strip_prefix(b"\"") {
        Some(quoted) => quoted.split(|it| *it == b'"').next()?,
        None => said.split(|it| matches!(it, b',' | b' ' | b'\t')).next()?,
    };
    (!said.is_empty()).then(|| column.trim_ascii())
}

fn indicator(column: &[u8]) -> Option<Indicator> {
    std::str::from_utf8(column).ok()?.parse().ok()
}

/// Returns whether a column may be the name of one: a word, and no address that was spelled wrong.
fn names_a_column(column: &[u8]) -> bool {
    let is_of_word = |it: &u8| it.is_ascii_alphabetic() || matches!(it, b'_' | b'-');
    !column.is_empty() && column.iter().all(is_of_word)
}

#[cfg(test)]
mod tests;
