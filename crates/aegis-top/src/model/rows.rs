//! A list of which the node keeps the whole and this side a screenful, sorted and filtered there.

use std::num::NonZeroU16;

use aegis_api::{Block, BlockSort, Indicator, NodeId, Peer, PeerSort, View, ViewQuery, ViewText};

use super::cursor::Cursor;
use crate::key::Step;

/// Screenfuls that are fetched: the one that is seen, and one on each side to move into.
const SCREENFULS: usize = 3;

/// Something that is in a list and known again there.
pub(crate) trait Row {
    type Id: Eq;
    fn id(&self) -> Self::Id;
}

/// The orders of a list.
pub(crate) trait Sort: Copy + Eq + 'static {
    const ALL: &'static [Self];
}

impl Row for Block {
    type Id = Indicator;

    fn id(&self) -> Indicator {
        self.indicator
    }
}

impl Row for Peer {
    type Id = NodeId;

    fn id(&self) -> NodeId {
        self.peer
    }
}

impl Sort for BlockSort {
    const ALL: &'static [Self] = &Self::ALL;
}

impl Sort for PeerSort {
    const ALL: &'static [Self] = &Self::ALL;
}

/// What is known of the list, and where somebody is in it.
#[derive(Clone, Debug)]
pub(crate) struct Rows<T, S> {
    pub(crate) sort: S,
    pub(crate) reversed: bool,
    pub(crate) text: Option<ViewText>,
    pub(crate) cursor: Cursor,
    pub(crate) total: usize,
    pub(crate) matching: usize,
    pub(crate) is_known: bool, // whether anything came yet
    first: usize,              // the place of the first of `items`
    items: Vec<T>,             // at most SCREENFULS
}

impl<T: Row, S: Sort> Rows<T, S> {
    pub(crate) fn new(sort: S) -> Self {
        Self {
            sort,
            reversed: false,
            text: None,
            cursor: Cursor::default(),
            total: 0,
            matching: 0,
            is_known: false,
            first: 0,
            items: Vec::new(),
        }
    }

    /// Returns what to ask for.
    pub(crate) fn query(&self, height: usize) -> ViewQuery<S> {
        let offset = self.cursor.top.saturating_sub(height);
        let rows = u16::try_from(height.saturating_mul(SCREENFULS)).unwrap_or(u16::MAX);
        ViewQuery {
            sort: self.sort,
            reversed: self.reversed,
            text: self.text.clone(),
            offset: u32::try_from(offset).unwrap_or(u32::MAX),
            limit: Some(NonZeroU16::new(rows).unwrap_or(NonZeroU16::MIN)),
        }
    }

    /// Returns whether all that is seen is here.
    pub(crate) fn is_in_sight(&self, height: usize) -> bool {
        let end = (self.cursor.top + height).min(self.matching);
        self.is_known && self.first <= self.cursor.top && end <= self.first + self.items.len()
    }

    /// Returns the row at a place, if it is here.
    pub(crate) fn at(&self, place: usize) -> Option<&T> {
        self.items.get(place.checked_sub(self.first)?)
    }

    /// Returns the selected row, if it is here.
    pub(crate) fn selected(&self) -> Option<&T> {
        self.at(self.cursor.selected)
    }

    pub(crate) fn go(&mut self, step: Step, height: usize) {
        self.cursor.go(step, self.matching, height);
    }

    /// Sorts by the next column.
    pub(crate) fn sort_next(&mut self) {
        let at = S::ALL.iter().position(|it| *it == self.sort);
        let next = at.map_or(0, |it| (it + 1) % S::ALL.len());
        self.sort = S::ALL[next];
        self.restart();
    }

    /// Sorts the other way round.
    pub(crate) fn reverse(&mut self) {
        self.reversed = !self.reversed;
        self.restart();
    }

    /// Shows only what has the text.
    pub(crate) fn filter(&mut self, text: Option<ViewText>) {
        self.text = text;
        self.restart();
    }

    /// Begins from the top: what is here is in another order.
    fn restart(&mut self) {
        self.cursor = Cursor::default();
        self.is_known = false;
        self.items.clear();
        self.first = 0;
    }

    /// Takes what the node answered to `query`, unless something else is asked for by now.
    pub(crate) fn take(&mut self, query: &ViewQuery<S>, view: View<T>, height: usize) {
        let is_asked =
            query.sort == self.sort && query.reversed == self.reversed && query.text == self.text;
        if !is_asked {
            return;
        }
        let selected = self.selected().map(Row::id);
        self.total = usize::try_from(view.total).unwrap_or(usize::MAX);
        self.matching = usize::try_from(view.matching).unwrap_or(usize::MAX);
        self.first = query.offset();
        self.items = view.items;
        self.is_known = true;
        // Whoever is at the top watches the top; anybody else watches a row.
        if self.cursor.selected > 0 {
            let place = self.items.iter().position(|it| Some(it.id()) == selected);
            if let Some(place) = place {
                self.cursor.follow(self.first + place);
            }
        }
        self.cursor.keep_within(self.matching, height);
    }
}
