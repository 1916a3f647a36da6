//! What was seen and done: the newest entries of the history, or all of a time counted together.

use std::num::NonZeroU16;

use aegis_api::{
    HistoryBy, HistoryGroup, HistoryGroupsQuery, HistoryLine, HistoryQuery, HistoryScope,
    Indicator, Moment, Page, PageQuery,
};

use super::cursor::Cursor;
use crate::ask::Ask;

/// Entries that are kept at most: whoever goes back further asks for an address.
pub(crate) const LINES_MAX: usize = 2_000;

/// Entries fetched at a time.
const PAGE: NonZeroU16 = NonZeroU16::new(100).unwrap();

/// Groups shown at most.
const GROUPS: NonZeroU16 = NonZeroU16::new(200).unwrap();

/// Groups are counted over so long: a week.
const GROUPS_SECS: u64 = 7 * 86_400;

/// What is known of the history, and where somebody is in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Evidence {
    /// By what entries are counted together; `None` shows each.
    pub(crate) by: Option<HistoryBy>,
    pub(crate) text: String,
    pub(crate) cursor: Cursor,
    pub(crate) is_known: bool,
    pub(crate) groups: Vec<HistoryGroup>,
    lines: Vec<HistoryLine>, // newest first, at most LINES_MAX
    has_older: bool,         // the node has entries behind the last
}

impl Evidence {
    /// Returns what the node itself filters by, where the text is an address or prefix.
    fn indicator(&self) -> Option<Indicator> {
        self.text.parse().ok()
    }

    fn scope(&self) -> HistoryScope {
        HistoryScope {
            indicator: self.indicator(),
            ..HistoryScope::default()
        }
    }

    /// Returns what to ask for now and then.
    pub(crate) fn newest(&self) -> Ask {
        let scope = self.scope();
        match self.by {
            None => Ask::History(HistoryQuery {
                scope,
                page: PageQuery::first(PAGE),
            }),
            Some(by) => Ask::Groups(HistoryGroupsQuery {
                scope: HistoryScope {
                    since: Some(Moment::Ago(GROUPS_SECS)),
                    ..scope
                },
                by,
                limit: GROUPS,
            }),
        }
    }

    /// Returns what to ask for because somebody is at the end of what is here.
    pub(crate) fn older(&self, height: usize) -> Option<Ask> {
        let last = self.lines.last()?;
        let is_short = self.cursor.top + height >= self.len();
        let is_wanted =
            self.by.is_none() && self.has_older && is_short && self.lines.len() < LINES_MAX;
        is_wanted.then(|| {
            Ask::History(HistoryQuery {
                scope: self.scope(),
                page: PageQuery::first(PAGE).after(last.id),
            })
        })
    }

    /// Returns the entries that have the text.
    pub(crate) fn shown(&self) -> impl Iterator<Item = &HistoryLine> {
        // The node filtered already where the text is an address.
        let text = match self.indicator() {
            Some(_) => String::new(),
            None => self.text.to_lowercase(),
        };
        self.lines.iter().filter(move |it| has(it, &text))
    }

    /// Returns the groups that have the text.
    pub(crate) fn shown_groups(&self) -> impl Iterator<Item = &HistoryGroup> {
        let text = match self.indicator() {
            Some(_) => String::new(),
            None => self.text.to_lowercase(),
        };
        let has_text = move |it: &&HistoryGroup| it.key.to_lowercase().contains(&text);
        self.groups.iter().filter(has_text)
    }

    /// Returns how many rows there are.
    pub(crate) fn len(&self) -> usize {
        match self.by {
            None => self.shown().count(),
            Some(_) => self.shown_groups().count(),
        }
    }

    /// Returns what the selected entry is about.
    pub(crate) fn selected(&self) -> Option<Indicator> {
        if self.by.is_some() {
            return None;
        }
        self.shown().nth(self.cursor.selected)?.indicator
    }

    /// Returns whether there is more than is here.
    pub(crate) fn has_older(&self) -> bool {
        self.has_older
    }

    /// Shows each entry, or counts by the next thing.
    pub(crate) fn next_by(&mut self) {
        let all = HistoryBy::ALL;
        self.by = match self.by {
            None => Some(all[0]),
            Some(by) => {
                let at = all.iter().position(|it| *it == by);
                at.and_then(|it| all.get(it + 1)).copied()
            }
        };
        self.restart();
    }

    pub(crate) fn filter(&mut self, text: String) {
        self.text = text;
        self.restart();
    }

    fn restart(&mut self) {
        self.cursor = Cursor::default();
        self.is_known = false;
        self.lines.clear();
        self.groups.clear();
        self.has_older = false;
    }

    pub(crate) fn take_groups(&mut self, query: &HistoryGroupsQuery, groups: Vec<HistoryGroup>) {
        if self.by == Some(query.by) && query.scope.indicator == self.indicator() {
            self.groups = groups;
            self.is_known = true;
        }
    }

    /// Takes a page: the newest entries, or those behind the last.
    pub(crate) fn take(&mut self, query: &HistoryQuery, page: Page<HistoryLine>) {
        if self.by.is_some() || query.scope != self.scope() {
            return;
        }
        self.is_known = true;
        let has_more = page.next.is_some();
        match query.page.cursor() {
            None => self.take_newest(page.items, has_more),
            Some(cursor) if self.lines.last().is_some_and(|it| it.id == *cursor) => {
                self.lines.extend(page.items);
                self.has_older = has_more;
            }
            Some(_) => {} // what it was behind is gone
        }
        self.lines.truncate(LINES_MAX);
    }

    fn take_newest(&mut self, newest: Vec<HistoryLine>, has_more: bool) {
        let first = self.lines.first().map(|it| it.id);
        let known = newest.iter().position(|it| Some(it.id) == first);
        let Some(new) = known else {
            // More came than a page has, or nothing was here: begin anew.
            self.lines = newest;
            self.has_older = has_more;
            return;
        };
        let selected = self.shown().nth(self.cursor.selected).map(|it| it.id);
        self.lines.splice(0..0, newest.into_iter().take(new));
        if self.cursor.selected > 0 {
            let place = self.shown().position(|it| Some(it.id) == selected);
            if let Some(place) = place {
                self.cursor.follow(place);
            }
        }
    }
}

fn has(line: &HistoryLine, text: &str) -> bool {
    let indicator = line.indicator.map(|it| it.to_string());
    let threat = line.threat_type.as_ref().map(ToString::to_string);
    let kind = line.kind.to_string();
    let fields = [&kind, &line.actor, &line.detail];
    let mut fields = fields.into_iter().chain(&indicator).chain(&threat);
    text.is_empty() || fields.any(|it| it.to_lowercase().contains(text))
}
