//! Pages: how a long list is handed over in bounded memory.

use std::{
    fmt::Display,
    num::{NonZeroU16, NonZeroU32},
    str::FromStr,
};

use serde::{Deserialize, Serialize};

/// The most items of one page: a few megabytes of JSON, well under the client's reply limit.
pub const PAGE_ITEMS_MAX: NonZeroU16 = NonZeroU16::new(5000).unwrap();

/// The items of a page whose size nobody chose.
pub const PAGE_ITEMS_DEFAULT: NonZeroU16 = NonZeroU16::new(1000).unwrap();

/// One piece of a list in the order of its keys.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// The key to ask for the next page `after`; absent on the last page.
    pub next: Option<String>,
}

/// Which page of a list: at most `limit` items with keys greater than `after`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PageQuery<K> {
    limit: NonZeroU16, // at most PAGE_ITEMS_MAX
    after: Option<K>,
}

impl<K> PageQuery<K> {
    /// Returns the first page with `limit` items, or as many as a page may have.
    pub fn first(limit: NonZeroU16) -> Self {
        Self {
            limit: limit.min(PAGE_ITEMS_MAX),
            after: None,
        }
    }

    /// Returns the same query for the page behind `key`.
    pub fn after(self, key: K) -> Self {
        Self {
            after: Some(key),
            ..self
        }
    }

    /// Returns the most items the page may have.
    pub fn limit(&self) -> usize {
        usize::from(self.limit.get())
    }

    /// Returns the key that every key of the page is greater than; `None` from the start.
    pub fn cursor(&self) -> Option<&K> {
        self.after.as_ref()
    }

    /// Collects a page from `items`, which start behind the cursor, with the key of each.
    pub fn collect<T>(&self, items: impl IntoIterator<Item = (K, T)>) -> Page<T>
    where
        K: Display,
    {
        let mut items = items.into_iter().peekable();
        let mut page = Page {
            items: Vec::new(),
            next: None,
        };
        let mut last = None;
        while let Some((key, item)) = items.next_if(|_| page.items.len() < self.limit()) {
            page.items.push(item);
            last = Some(key);
        }
        if items.peek().is_some() {
            page.next = last.map(|it| it.to_string());
        }
        page
    }
}

impl<K> Default for PageQuery<K> {
    fn default() -> Self {
        Self::first(PAGE_ITEMS_DEFAULT)
    }
}

/// The query string of a list, before its cursor is parsed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawPageQuery {
    limit: Option<NonZeroU32>,
    after: Option<String>,
}

impl RawPageQuery {
    /// Parses the cursor; a `limit` over the most is brought down to it.
    pub(crate) fn parse<K: FromStr>(self) -> Result<PageQuery<K>, K::Err> {
        let narrow = |it: NonZeroU32| NonZeroU16::try_from(it).unwrap_or(PAGE_ITEMS_MAX);
        let query = PageQuery::first(self.limit.map_or(PAGE_ITEMS_DEFAULT, narrow));
        match self.after {
            Some(key) => Ok(query.after(key.parse()?)),
            None => Ok(query),
        }
    }
}

#[cfg(test)]
mod tests;
