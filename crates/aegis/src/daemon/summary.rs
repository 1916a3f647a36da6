//! The summary: what the history says was blocked, with what the kernel counted and the witness saw.
//!
//! Made in the thread that searches the history, from copies of what the node knows.

use std::{collections::BTreeMap, net::IpAddr, sync::Arc, time::Duration};

use aegis_api::{
    ApiError, Contact, ContactKind, ErrorCode, NodeMode, SUMMARY_LINES_MAX, Summary, SummaryLine,
    SummaryQuery, Traffic,
};
use aegis_core::{Actor, Decision, HistoryEntry, HistoryKind, Indicator, Origin, Timestamp};
use aegis_intel::place::Places;
use aegis_store::{HistoryFilter, HistoryReader, StoreError};

use super::{Node, places::located, witness::Witness};

#[cfg(test)]
mod tests;

/// Entries of the history that are looked at: some seconds of searching.
const ENTRIES_MAX: usize = 500_000;

/// Entries read at a time.
const PAGE: usize = 10_000;

/// Sources that are told apart.
const SOURCES_MAX: usize = 200_000;

/// Blocks whose counters are read in passing: a few milliseconds.
const COUNTED_MAX: usize = 20_000;

/// Decisions of feeds that are looked at, which the history does not have.
const LISTED_MAX: usize = 200_000;

/// How long ago somebody may have logged in to be one of ours still: longer, and the address may well be
/// another's by now.
const LOGIN_FOR: Duration = Duration::from_secs(30 * 86_400);

/// What a summary is made of beside the history.
pub(super) struct Known {
    pub(super) since: Timestamp,
    pub(super) until: Timestamp,
    pub(super) mode: NodeMode,
    pub(super) observing_since: Option<Timestamp>,
    pub(super) witness: Witness,
    /// Who logged in here within the last weeks, and when last.
    pub(super) logins: BTreeMap<IpAddr, Timestamp>,
    pub(super) places: Arc<Places>,
    /// What the kernel counted for each block that stands; `None` where there are too many.
    pub(super) counted: Option<BTreeMap<Indicator, Traffic>>,
    /// What feeds have blocked now.
    pub(super) listed: Vec<Decision>,
    /// Every indicator that is blocked now and is in no feed.
    pub(super) active: std::collections::BTreeSet<Indicator>,
}

impl Node {
    /// Returns what a summary is made of.
    pub(super) fn known_for(&mut self, query: SummaryQuery) -> Result<Known, ApiError> {
        let now = self.now();
        let observing_since = self.observing_since();
        let asked = query.since.at(now);
        let since = match (query.would_have_blocked, observing_since) {
            (false, _) => asked,
            (true, Some(observing)) => asked.max(observing),
            (true, None) => {
                let message = "the node enforces: what it blocked was dropped. Without \
                               --would-have-blocked the summary says what that was";
                return Err(ApiError::new(ErrorCode::Unavailable, message));
            }
        };
        let sessions = self.protected_addresses(aegis_core::Protection::AdminSession);
        for address in sessions {
            self.witness.note(now, address, ContactKind::Login);
        }
        let is_counted = self.engine.ruleset().blocks().len() <= COUNTED_MAX;
        let blocks = is_counted.then(|| self.enforcer.get_blocklist(now));
        let blocks = blocks.transpose().map_err(super::report::kernel_error)?;
        let traffic = |it: aegis_enforce::Blocked| {
            let traffic = Traffic {
                packets: it.packets,
                bytes: it.bytes,
            };
            (it.indicator, traffic)
        };
        let decisions = || self.engine.blocks().flat_map(|(_, it)| it);
        let listed = decisions().filter(|it| it.origin == Origin::Feed && it.decided_at >= since);
        Ok(Known {
            since,
            until: now,
            mode: self.node_mode(),
            observing_since,
            witness: self.witness.clone(),
            logins: self.logs.last_logins(now, LOGIN_FOR),
            places: self.places.places(),
            counted: blocks.map(|it| it.into_iter().map(traffic).collect()),
            listed: listed.take(LISTED_MAX).cloned().collect(),
            active: decisions()
                .filter(|it| it.origin != Origin::Feed)
                .take(SOURCES_MAX)
                .map(|it| it.indicator)
                .collect(),
        })
    }
}

impl Known {
    /// Returns the best reason to think that something of `indicator` is one of ours: it was seen since the
    /// summary begins, or logged in lately, whenever that was.
    fn contact(&self, indicator: &Indicator) -> Option<Contact> {
        let last = indicator.last_host().address();
        let logins = self.logins.range(indicator.address()..=last);
        let login = logins.max_by_key(|(_, at)| **at);
        let login = login.map(|(address, at)| Contact {
            address: *address,
            kind: ContactKind::Login,
            at: *at,
        });
        let seen = self.witness.contact(indicator, self.since);
        seen.into_iter()
            .chain(login)
            .max_by_key(|it| (it.kind, it.at))
    }
}

/// Makes a summary.
pub(super) fn summary(reader: &HistoryReader, known: Known) -> Result<Summary, StoreError> {
    let filter = HistoryFilter {
        since: Some(known.since),
        ..HistoryFilter::default()
    };
    let mut gathered = Gathered::default();
    let (mut before, mut looked_at) = (None, 0);
    loop {
        let entries = reader.entries(&filter, before, PAGE)?;
        looked_at += entries.len();
        for (_, entry) in &entries {
            gathered.take(entry);
        }
        let is_whole = entries.len() < PAGE;
        before = entries.last().map(|(id, _)| *id);
        if is_whole {
            break;
        }
        if looked_at >= ENTRIES_MAX {
            gathered.is_truncated = true;
            break;
        }
    }
    Ok(gathered.summary(known))
}

/// What was gathered of each source.
#[derive(Default)]
struct Gathered {
    sources: BTreeMap<Indicator, Source>,
    is_truncated: bool,
}

struct Source {
    origin: Origin,
    reason: String,
    blocks: u64,
    first_at: Timestamp,
    last_at: Timestamp,
}

impl Gathered {
    /// Takes an entry, the newest first.
    fn take(&mut self, entry: &HistoryEntry) {
        let (HistoryKind::Blocked, Some(indicator)) = (entry.kind, entry.indicator) else {
            return;
        };
        let origin = match entry.actor {
            Actor::Detector => Origin::Detector,
            Actor::User(_) | Actor::Key(_) => Origin::Operator,
            Actor::Peer(_) | Actor::Node => Origin::Peers,
        };
        let reason = entry.threat_type.as_ref().map(ToString::to_string);
        self.add(indicator, origin, (reason.unwrap_or_default(), entry.at));
    }

    fn add(&mut self, indicator: Indicator, origin: Origin, (reason, at): (String, Timestamp)) {
        if let Some(source) = self.sources.get_mut(&indicator) {
            source.blocks += 1;
            source.first_at = source.first_at.min(at);
            return;
        }
        if self.sources.len() >= SOURCES_MAX {
            self.is_truncated = true;
            return;
        }
        let source = Source {
            origin,
            reason,
            blocks: 1,
            first_at: at,
            last_at: at,
        };
        self.sources.insert(indicator, source);
    }

    fn summary(mut self, known: Known) -> Summary {
        for it in &known.listed {
            let why = (it.threat_type.to_string(), it.decided_at);
            self.add(it.indicator, Origin::Feed, why);
        }
        let (mut by_origin, mut by_reason) = (BTreeMap::new(), BTreeMap::new());
        let (mut by_country, mut by_asn) = (BTreeMap::new(), BTreeMap::new());
        let mut traffic_by_origin = BTreeMap::<String, Traffic>::new();
        let mut lines = Vec::with_capacity(self.sources.len());
        for (indicator, source) in self.sources {
            let origin = source.origin.as_str().to_owned();
            *by_origin.entry(origin.clone()).or_insert(0) += 1;
            *by_reason.entry(source.reason.clone()).or_insert(0) += 1;
            let traffic = known.counted.as_ref().and_then(|it| it.get(&indicator));
            if let Some(it) = traffic {
                let sum = traffic_by_origin.entry(origin.clone()).or_default();
                sum.packets += it.packets;
                sum.bytes += it.bytes;
            }
            let location = located(&known.places, &indicator);
            if let Some(country) = location.as_ref().and_then(|it| it.country.clone()) {
                *by_country.entry(country).or_insert(0) += 1;
            }
            if let Some(asn) = location.as_ref().and_then(|it| it.asn) {
                *by_asn.entry(format!("AS{asn}")).or_insert(0) += 1;
            }
            lines.push(SummaryLine {
                location,
                indicator,
                reason: source.reason,
                blocks: source.blocks,
                first_at: source.first_at,
                last_at: source.last_at,
                active: source.origin == Origin::Feed || known.active.contains(&indicator),
                traffic: traffic.copied(),
                contact: known.contact(&indicator),
                origin,
            });
        }
        let contacts = lines.iter().filter(|it| it.contact.is_some()).count();
        let sources = lines.len();
        lines.sort_by_key(|it| {
            let packets = it.traffic.map_or(0, |it| it.packets);
            let contact = it.contact.map(|it| it.kind);
            std::cmp::Reverse((contact, packets, it.blocks))
        });
        lines.truncate(SUMMARY_LINES_MAX);
        Summary {
            since: known.since,
            until: known.until,
            mode: known.mode,
            observing_since: known.observing_since,
            sources: sources as u64,
            by_origin,
            by_reason,
            by_country,
            by_asn,
            traffic_by_origin: known.counted.is_some().then_some(traffic_by_origin),
            contacts: contacts as u64,
            contacts_since: known.witness.began_at,
            truncated: self.is_truncated,
            lines,
        }
    }
}
