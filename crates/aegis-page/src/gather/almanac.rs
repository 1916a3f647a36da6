//! The almanac: what happened in each hour of the last seven days, counted from the history.
//!
//! It is filled once and then only added to: each time the node is asked for what came since.

use std::{collections::BTreeMap, num::NonZeroU16, sync::Arc, time::Duration};

use aegis_api::{
    Caller, Control, HistoryId, HistoryKind, HistoryLine, HistoryQuery, HistoryScope, Indicator,
    Moment, PageQuery, Reply, Request, Timestamp,
};

/// How long the almanac goes back.
pub(crate) const ALMANAC_FOR: Duration = Duration::from_secs(7 * 86_400);

/// One hour.
pub(crate) const HOUR: Duration = Duration::from_secs(3600);

/// Entries of the history that are counted at a time; of more, the newest.
const ENTRIES_MAX: usize = 200_000;

/// Entries that are asked for at a time.
const PAGE: NonZeroU16 = NonZeroU16::new(5_000).unwrap();

/// Places, threats and countries that are told apart in one hour; the rest is counted together.
const KINDS_MAX: usize = 1_000;

/// How much of an address is its network, where nobody knows whose it is.
const NETWORK_V4: u8 = 16;
const NETWORK_V6: u8 = 32;

/// The last days, hour by hour.
#[derive(Clone, Debug, Default)]
pub(crate) struct Almanac {
    /// By the number of the hour since 1970. Hours in which nothing happened are not there.
    pub(crate) hours: BTreeMap<u64, Hour>,
    /// Whether there is more than was counted.
    pub(crate) is_cut: bool,
    last: Option<HistoryId>,
}

/// What happened in an hour.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hour {
    /// Attacks that this host saw.
    pub(crate) detections: u64,
    /// Attacks that other nodes told of.
    pub(crate) alerts: u64,
    /// Blocks that began or were prolonged.
    pub(crate) blocks: u64,
    /// Attacks by what they were.
    pub(crate) by_threat: BTreeMap<Arc<str>, u64>,
    /// Attacks by where they came from.
    pub(crate) by_place: BTreeMap<Place, u64>,
    /// Attacks by country, as two letters.
    pub(crate) by_country: BTreeMap<[u8; 2], u64>,
}

/// Where an attack came from.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Place {
    /// An autonomous system, with what it calls itself.
    System(u32, Option<Arc<str>>),
    /// A network, where nobody knows whose it is.
    Network(Indicator),
}

impl Almanac {
    /// Counts the hours from `since` on together.
    pub(crate) fn sum(&self, since: Timestamp) -> Hour {
        let mut sum = Hour::default();
        for (_, hour) in self.hours.range(number(since)..) {
            sum.detections += hour.detections;
            sum.alerts += hour.alerts;
            sum.blocks += hour.blocks;
            add_all(&mut sum.by_threat, &hour.by_threat);
            add_all(&mut sum.by_place, &hour.by_place);
            add_all(&mut sum.by_country, &hour.by_country);
        }
        sum
    }

    fn take(&mut self, line: &HistoryLine) {
        let hour = self.hours.entry(number(line.at)).or_default();
        match line.kind {
            HistoryKind::Detected => hour.detections += 1,
            HistoryKind::Alert => hour.alerts += 1,
            HistoryKind::Blocked => {
                hour.blocks += 1;
                return;
            }
            HistoryKind::Answer
            | HistoryKind::Ended
            | HistoryKind::Unblocked
            | HistoryKind::Allowed
            | HistoryKind::Disallowed
            | HistoryKind::Published
            | HistoryKind::Withdrawn
            | HistoryKind::Trusted
            | HistoryKind::Forgotten
            | HistoryKind::Started
            | HistoryKind::Stopped => return,
        }
        if let Some(threat) = &line.threat_type {
            add(&mut hour.by_threat, threat.as_str().into());
        }
        let location = line.location.as_ref();
        let country = location.and_then(|it| it.country.as_deref());
        if let Some(country) = country.and_then(|it| it.as_bytes().try_into().ok()) {
            add(&mut hour.by_country, country);
        }
        let system = location.and_then(|it| Some((it.asn?, it.asn_name.as_deref())));
        let place = match (system, line.indicator) {
            (Some((asn, name)), _) => Some(Place::System(asn, name.map(Into::into))),
            (None, Some(indicator)) => Some(Place::Network(network(indicator))),
            (None, None) => None,
        };
        place.into_iter().for_each(|it| add(&mut hour.by_place, it));
    }
}

/// Returns the number of the hour in which a moment lies.
pub(crate) fn number(at: Timestamp) -> u64 {
    at.as_secs() / HOUR.as_secs()
}

fn add<K: Ord>(counts: &mut BTreeMap<K, u64>, key: K) {
    if counts.len() < KINDS_MAX || counts.contains_key(&key) {
        *counts.entry(key).or_default() += 1;
    }
}

fn add_all<K: Clone + Ord>(sum: &mut BTreeMap<K, u64>, counts: &BTreeMap<K, u64>) {
    for (key, count) in counts {
        *sum.entry(key.clone()).or_default() += count;
    }
}

fn network(indicator: Indicator) -> Indicator {
    let length = if indicator.is_ipv4() {
        NETWORK_V4
    } else {
        NETWORK_V6
    };
    let around = Indicator::prefix(indicator.address(), length.min(indicator.prefix_len()));
    around.unwrap_or(indicator)
}

/// Adds to an almanac what happened since, as of `now`; nothing where the node does not answer.
pub(crate) async fn refresh_almanac<C: Control>(
    (control, caller): (C, Caller),
    now: Timestamp,
    mut almanac: Almanac,
) -> Option<Almanac> {
    let oldest = now - ALMANAC_FOR;
    almanac.hours = almanac.hours.split_off(&number(oldest));
    let known = almanac.last;
    let since = known.map_or(oldest, |it| it.at.max(oldest));
    let scope = HistoryScope {
        since: Some(Moment::At(since)),
        ..HistoryScope::default()
    };
    let (mut page, mut counted) = (PageQuery::first(PAGE), 0);
    loop {
        let query = HistoryQuery { scope, page };
        let reply = control.call(caller, Request::History(query)).await.ok()?;
        let Reply::History(found) = reply else {
            return None;
        };
        let is_news = |it: &&HistoryLine| known.is_none_or(|known| it.id > known);
        for line in found.items.iter().filter(is_news) {
            almanac.take(line);
            almanac.last = almanac.last.max(Some(line.id));
        }
        counted += found.items.len();
        let (Some(last), Some(_)) = (found.items.last(), found.next) else {
            return Some(almanac);
        };
        if counted >= ENTRIES_MAX {
            almanac.is_cut = true;
            return Some(almanac);
        }
        page = PageQuery::first(PAGE).after(last.id);
    }
}
