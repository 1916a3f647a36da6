//! The register: every block with what people sort and filter by, and nothing else, so that a hundred
//! thousand fit into some megabytes.

use std::{collections::BTreeMap, num::NonZeroU16, sync::Arc};

use aegis_api::{
    Block, Caller, Control, Indicator, Origin, PageQuery, Reply, Request, ThreatType, Timestamp,
};

/// Blocks that are gathered; the list says so where there are more.
const ROWS_MAX: usize = 250_000;

/// Blocks that are asked for at a time: the node takes some milliseconds for them.
const PAGE: NonZeroU16 = NonZeroU16::new(1_000).unwrap();

/// Every block, and how many there are of each kind.
#[derive(Debug, Default)]
pub(crate) struct Register {
    pub(crate) rows: Vec<Row>, // in the order of the indicators
    pub(crate) by_origin: BTreeMap<&'static str, u64>,
    pub(crate) by_threat: BTreeMap<Arc<str>, u64>,
    by_feed: BTreeMap<Arc<str>, u64>,
    pub(crate) is_cut: bool,
}

/// One block.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) indicator: Indicator,
    pub(crate) origin: Origin,
    /// The feed that lists it, where it is one.
    pub(crate) feed: Option<Arc<str>>,
    pub(crate) threat: Arc<str>,
    pub(crate) severity: u8,
    pub(crate) decided_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) packets: u64,
    pub(crate) country: Option<[u8; 2]>,
    pub(crate) asn: Option<u32>,
}

/// Which blocks are looked for.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    pub(crate) within: Option<Indicator>,
    pub(crate) origin: Option<Origin>,
    pub(crate) threat: Option<ThreatType>,
}

/// In which order they are shown.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Order {
    /// The youngest first.
    #[default]
    Newest,
    /// Who sent most first.
    Busiest,
    /// By address.
    Address,
}

impl Filter {
    /// Returns whether every block passes.
    pub(crate) fn is_empty(&self) -> bool {
        self.within.is_none() && self.origin.is_none() && self.threat.is_none()
    }

    fn takes(&self, row: &Row) -> bool {
        let is_there = self.within.is_none_or(|it| it.overlaps(&row.indicator));
        let is_of = self.origin.is_none_or(|it| it == row.origin);
        let threat = self.threat.as_ref();
        is_there && is_of && threat.is_none_or(|it| it.as_str() == &*row.threat)
    }
}

impl Register {
    /// Returns how many blocks a filter takes, and those of them from `skipped` on in an order.
    pub(crate) fn page(
        &self,
        filter: &Filter,
        order: Order,
        (skipped, count): (usize, usize),
    ) -> (usize, Vec<Row>) {
        let mut found: Vec<&Row> = self.rows.iter().filter(|it| filter.takes(it)).collect();
        match order {
            Order::Newest => found.sort_by_key(|it| std::cmp::Reverse(it.decided_at)),
            Order::Busiest => found.sort_by_key(|it| std::cmp::Reverse(it.packets)),
            Order::Address => {}
        }
        let total = found.len();
        let page = found.into_iter().skip(skipped).take(count).cloned();
        (total, page.collect())
    }

    fn add(&mut self, block: &Block) {
        let threat = counted(&mut self.by_threat, block.threat_type.as_str());
        let feed = block.feed.as_deref();
        let feed = feed.map(|it| counted(&mut self.by_feed, it));
        *self.by_origin.entry(block.origin.as_str()).or_default() += 1;
        self.rows.push(Row::of(block, (threat, feed)));
    }
}

/// Counts a word; returns it as all its rows share it.
fn counted(counts: &mut BTreeMap<Arc<str>, u64>, word: &str) -> Arc<str> {
    let known = counts.get_key_value(word).map(|(it, _)| Arc::clone(it));
    let word = known.unwrap_or_else(|| word.into());
    *counts.entry(Arc::clone(&word)).or_default() += 1;
    word
}

impl Row {
    /// Returns what is kept of a block.
    pub(crate) fn of(block: &Block, (threat, feed): (Arc<str>, Option<Arc<str>>)) -> Self {
        let location = block.location.as_ref();
        let country = location.and_then(|it| it.country.as_deref());
        Self {
            indicator: block.indicator,
            origin: block.origin,
            feed,
            threat,
            severity: block.severity.value(),
            decided_at: block.decided_at,
            expires_at: block.expires_at,
            packets: block.packets,
            country: country.and_then(|it| it.as_bytes().try_into().ok()),
            asn: location.and_then(|it| it.asn),
        }
    }
}

/// Gathers every block; nothing where the node does not answer.
pub(crate) async fn refresh_register<C: Control>(control: C, caller: Caller) -> Option<Register> {
    let mut register = Register::default();
    let mut query = PageQuery::first(PAGE);
    loop {
        let reply = control.call(caller, Request::Blocks(query)).await.ok()?;
        let Reply::Blocks(page) = reply else {
            return None;
        };
        page.items.iter().for_each(|it| register.add(it));
        let last = page.items.last().map(|it| it.indicator);
        let (Some(last), Some(_)) = (last, page.next) else {
            return Some(register);
        };
        if register.rows.len() >= ROWS_MAX {
            register.is_cut = true;
            return Some(register);
        }
        query = PageQuery::first(PAGE).after(last);
    }
}
