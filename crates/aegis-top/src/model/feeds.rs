//! The feeds that the node subscribes to: few, so all of them are here.

use aegis_api::{FeedLine, FeedList};

use super::cursor::Cursor;
use crate::ask::Ask;

/// What is known of the feeds, and where somebody is among them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Feeds {
    pub(crate) text: String,
    pub(crate) cursor: Cursor,
    pub(crate) is_known: bool,
    /// Why the node does not tell, where it does not.
    pub(crate) problem: Option<String>,
    pub(crate) built_in: Vec<String>,
    all: Vec<FeedLine>,
}

impl Feeds {
    pub(crate) fn take(&mut self, list: FeedList) {
        let selected = self.selected().map(|it| it.name.clone());
        self.all = list.feeds;
        self.built_in = list.built_in;
        self.is_known = true;
        self.problem = None;
        let place = self
            .shown()
            .position(|it| Some(&it.name) == selected.as_ref());
        if let Some(place) = place.filter(|_| self.cursor.selected > 0) {
            self.cursor.follow(place);
        }
    }

    /// Returns the feeds that have the text, in the order of their names.
    pub(crate) fn shown(&self) -> impl Iterator<Item = &FeedLine> {
        let text = self.text.to_lowercase();
        self.all.iter().filter(move |it| {
            let fields = [&it.name, &it.kind, &it.url];
            let mut fields = fields.into_iter().chain(&it.alarms).chain(&it.problem);
            text.is_empty() || fields.any(|it| it.to_lowercase().contains(&text))
        })
    }

    pub(crate) fn selected(&self) -> Option<&FeedLine> {
        self.shown().nth(self.cursor.selected)
    }

    /// Returns the feeds with which something is wrong.
    pub(crate) fn alarming(&self) -> impl Iterator<Item = &FeedLine> {
        self.all.iter().filter(|it| !it.alarms.is_empty())
    }

    pub(crate) fn filter(&mut self, text: String) {
        self.text = text;
        self.cursor = Cursor::default();
    }

    /// Returns what has the selected feed fetched.
    pub(crate) fn refresh(&self) -> Option<Ask> {
        let name = self.selected()?.name.clone();
        Some(Ask::RefreshFeed(name))
    }
}
