//! Writing: a file in pieces, so that a long list is never in memory as text.

use std::{collections::HashSet, vec};

use aegis_core::{Indicator, Timestamp};

use super::{Counts, Entry, Format, Uuid, firewall, misp, monitor, stix, table};

/// Entries of one piece: a few milliseconds' work, and a few hundred kilobytes in the longest format.
pub const PIECE_ENTRIES: usize = 250;

/// What has entries to write.
pub trait Listed {
    /// Returns how many there are.
    fn count(&self) -> usize;

    /// Returns one of them, counted from 0.
    fn entry(&self, index: usize) -> &Entry;
}

impl Listed for &[Entry] {
    fn count(&self) -> usize {
        self.len()
    }

    fn entry(&self, index: usize) -> &Entry {
        &self[index]
    }
}

/// Which entries are wanted; by default all.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Wants {
    /// Leaves out IPv4.
    pub no_ipv4: bool,
    /// Leaves out IPv6.
    pub no_ipv6: bool,
    /// Leaves out what others than this one caused.
    pub origin: Option<&'static str>,
    /// Leaves out what was not this bad, 1…10.
    pub severity_min: Option<u8>,
}

impl Wants {
    /// Returns whether an entry is wanted.
    pub fn lets_through(&self, entry: &Entry) -> bool {
        let is_of_family = match entry.indicator.is_ipv4() {
            true => !self.no_ipv4,
            false => !self.no_ipv6,
        };
        is_of_family
            && self.origin.is_none_or(|it| it == entry.origin)
            && self
                .severity_min
                .is_none_or(|it| it <= entry.severity.value())
    }
}

/// An entry with its number.
pub(super) type Numbered<'a> = (usize, &'a Entry);

/// What a file is made of, and what is not in it.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) parts: Vec<Part>,
    pub(super) counts: Counts,
}

/// A part of a file.
#[derive(Debug)]
pub(super) enum Part {
    /// Words as they are.
    Text(String),
    /// Entries, by their numbers.
    Entries(vec::IntoIter<usize>, Spelling),
}

/// How entries are spelled.
#[derive(Clone, Copy, Debug)]
pub(super) enum Spelling {
    /// Each on a line of its own.
    Lines(fn(&Entry, Timestamp) -> String),
    /// As commands that add to a set of nftables.
    Elements(&'static str),
    /// As values of a JSON array.
    Values(fn(&Entry) -> String),
    /// As lines of a MISP feed's hashes.
    Hashes(Uuid),
}

impl Plan {
    /// Returns a plan of one line for each entry, after `head`.
    pub(super) fn lines(
        head: &str,
        entries: &[Numbered<'_>],
        line: fn(&Entry, Timestamp) -> String,
    ) -> Self {
        let mut plan = Self::default();
        plan.text(head);
        plan.entries(entries, Spelling::Lines(line));
        plan
    }

    pub(super) fn text(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !text.is_empty() {
            self.parts.push(Part::Text(text));
        }
    }

    /// Adds entries, and counts them as written.
    pub(super) fn entries(&mut self, entries: &[Numbered<'_>], spelling: Spelling) {
        let which: Vec<usize> = entries.iter().map(|it| it.0).collect();
        self.counts.written += which.len();
        self.parts.push(Part::Entries(which.into_iter(), spelling));
    }
}

/// A file that is being written, piece by piece.
#[derive(Debug)]
pub struct Writing<L> {
    listed: L,
    now: Timestamp,
    parts: vec::IntoIter<Part>,
    part: Option<Part>,
    is_begun: bool, // whether some of the part was written
    counts: Counts,
}

impl<L: Listed> Writing<L> {
    /// Begins a file in `format` of the entries that are wanted, each of which holds at `now`.
    pub fn new(format: Format, now: Timestamp, listed: L, wants: &Wants) -> Self {
        let plan = plan(format, now, &wanted(&listed, wants));
        Self::of(plan, now, listed)
    }

    /// Begins the event of a MISP feed, as it was last changed at `changed_at`.
    pub fn misp_event(listed: L, event: Uuid, changed_at: Timestamp) -> Self {
        let plan = misp::event(event, changed_at, &wanted(&listed, &Wants::default()));
        Self::of(plan, changed_at, listed)
    }

    /// Begins the hashes of a MISP feed.
    pub fn misp_hashes(listed: L, event: Uuid) -> Self {
        let plan = misp::hashes(event, &wanted(&listed, &Wants::default()));
        Self::of(plan, Timestamp::EPOCH, listed)
    }

    fn of(plan: Plan, now: Timestamp, listed: L) -> Self {
        Self {
            listed,
            now,
            parts: plan.parts.into_iter(),
            part: None,
            is_begun: false,
            counts: plan.counts,
        }
    }

    /// Returns how many entries it has, and has not.
    pub const fn counts(&self) -> Counts {
        self.counts
    }
}

impl<L: Listed> Iterator for Writing<L> {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        loop {
            let part = match self.part.take() {
                Some(part) => part,
                None => {
                    self.is_begun = false;
                    self.parts.next()?
                }
            };
            let (mut which, spelling) = match part {
                Part::Text(text) => return Some(text),
                Part::Entries(which, spelling) => (which, spelling),
            };
            let some: Vec<&Entry> = which
                .by_ref()
                .take(PIECE_ENTRIES)
                .map(|it| self.listed.entry(it))
                .collect();
            if some.is_empty() {
                continue;
            }
            let text = spell(spelling, &some, self.now, self.is_begun);
            self.is_begun = true;
            self.part = Some(Part::Entries(which, spelling));
            return Some(text);
        }
    }
}

fn spell(spelling: Spelling, entries: &[&Entry], now: Timestamp, is_begun: bool) -> String {
    let mut text = String::new();
    match spelling {
        Spelling::Lines(line) => {
            for it in entries {
                text.push_str(&line(it, now));
                text.push('\n');
            }
        }
        Spelling::Elements(set) => {
            let elements: Vec<_> = entries.iter().map(|it| it.indicator.to_string()).collect();
            let elements = elements.join(", ");
            text = format!("add element inet aegis_export {set} {{ {elements} }}\n");
        }
        Spelling::Values(value) => {
            let values: Vec<_> = entries.iter().map(|it| value(it)).collect();
            if is_begun {
                text.push_str(",\n");
            }
            text.push_str(&values.join(",\n"));
        }
        Spelling::Hashes(event) => {
            for it in entries {
                text.push_str(&misp::hash(it, event));
                text.push('\n');
            }
        }
    }
    text
}

fn wanted<'a>(listed: &'a impl Listed, wants: &Wants) -> Vec<Numbered<'a>> {
    let all = (0..listed.count()).map(|it| (it, listed.entry(it)));
    all.filter(|(_, it)| wants.lets_through(it)).collect()
}

fn plan(format: Format, now: Timestamp, entries: &[Numbered<'_>]) -> Plan {
    match format {
        Format::Plain => table::plain(entries),
        Format::Cidr => table::cidr(entries),
        Format::Csv => table::csv(entries),
        Format::Jsonl => table::jsonl(entries),
        Format::Nft => firewall::nft(entries),
        Format::Ipset => firewall::ipset(entries),
        Format::Nginx => firewall::nginx(entries),
        Format::Haproxy => firewall::haproxy(entries),
        Format::Mikrotik => firewall::mikrotik(entries),
        Format::Flowspec => firewall::flowspec(entries),
        Format::Iprep => monitor::iprep(entries),
        Format::IprepCategories => monitor::iprep_categories(),
        Format::Dataset => monitor::dataset(entries),
        Format::Zeek => monitor::zeek(entries),
        Format::Stix => stix::bundle(now, entries),
    }
}

/// Returns the entries that lie in no other: for readers that refuse sets that overlap.
pub(super) fn widest<'a>(entries: &[Numbered<'a>]) -> Vec<Numbered<'a>> {
    let all: HashSet<Indicator> = entries.iter().map(|(_, it)| it.indicator).collect();
    let is_covered = |it: &Indicator| {
        let wider = (0..it.prefix_len()).filter_map(|len| Indicator::prefix(it.address(), len));
        wider.into_iter().any(|wider| all.contains(&wider))
    };
    let widest = entries.iter().filter(|(_, it)| !is_covered(&it.indicator));
    widest.copied().collect()
}
