//! Views: the rows of a list that somebody looks at, sorted and filtered here.
//!
//! A list is gone through once and only the rows asked for are made whole, so that a screen of a
//! long list costs some milliseconds; whoever looks is expected to ask the less often the longer it takes.

use std::{cmp::Ordering, collections::BTreeMap};

use aegis_api::{
    ApiError, Block, BlockSort, ErrorCode, Origin, Peer, PeerSort, View, ViewQuery, ViewReply,
    ViewRequest, ViewText,
};
use aegis_core::{Decision, Indicator, PeerClass, Timestamp};

use super::{block, kernel_error};
use crate::daemon::Node;

/// Blocks whose counters are read to sort by them: some ten milliseconds.
const COUNTED_MAX: usize = 200_000;

impl Node {
    /// Returns the rows of a list.
    pub(in crate::daemon) fn view(&self, request: &ViewRequest) -> Result<ViewReply, ApiError> {
        Ok(match request {
            ViewRequest::Blocks(query) => ViewReply::Blocks(self.block_view(query)?),
            ViewRequest::Peers(query) => ViewReply::Peers(self.peer_view(query)),
        })
    }

    fn block_view(&self, query: &ViewQuery<BlockSort>) -> Result<View<Block>, ApiError> {
        let now = self.now();
        let total = self.engine.ruleset().blocks().len();
        let standing = self.engine.blocks();
        let standing =
            standing.filter_map(|(_, decisions)| decisions.iter().max_by_key(|it| it.expires_at));
        let (matching, rows) = if is_as_kept(query) {
            let rows = standing.skip(query.offset()).take(query.limit());
            (total, rows.collect())
        } else {
            let mut scratch = String::new();
            let has_text = |it: &&Decision| {
                let text = query.text.as_ref();
                text.is_none_or(|text| has(it, text, &mut scratch))
            };
            let matching: Vec<&Decision> = standing.filter(has_text).collect();
            let packets = self.packets(query.sort)?;
            let order = |a: &&Decision, b: &&Decision| {
                by(query.sort, a, b, &packets).then(a.indicator.cmp(&b.indicator))
            };
            (matching.len(), window(matching, query, order))
        };
        let indicators: Vec<Indicator> = rows.iter().map(|it| it.indicator).collect();
        let kernel = self.read_entries(&indicators)?;
        let items = rows.into_iter().map(|it| Block {
            location: self.location(&it.indicator),
            members_only: self.engine.is_for_members_alone(it),
            ..block(now, it, kernel.get(&it.indicator))
        });
        Ok(View {
            total: total as u64,
            matching: matching as u64,
            items: items.collect(),
        })
    }

    /// Returns the packets of each block that has any, where that is what is sorted by.
    fn packets(&self, sort: BlockSort) -> Result<BTreeMap<Indicator, u64>, ApiError> {
        if sort != BlockSort::Packets {
            return Ok(BTreeMap::new());
        }
        if self.engine.ruleset().blocks().len() > COUNTED_MAX {
            let message = format!(
                "more than {COUNTED_MAX} blocks are not sorted by packets: sort by another column"
            );
            return Err(ApiError::new(ErrorCode::Unavailable, message));
        }
        let entries = self.enforcer.get_blocklist(self.now());
        let entries = entries.map_err(kernel_error)?.into_iter();
        let counted = entries.filter(|it| it.packets > 0);
        Ok(counted.map(|it| (it.indicator, it.packets)).collect())
    }

    fn peer_view(&self, query: &ViewQuery<PeerSort>) -> View<Peer> {
        let now = self.now();
        let mut scratch = String::new();
        let has_text = |it: &&aegis_core::Peer| {
            let text = query.text.as_ref();
            text.is_none_or(|text| has_peer(&self.peer(now, it), text, &mut scratch))
        };
        let weighed = |peer| Weighed {
            peer,
            percent: self.percent(now, peer, query.sort),
        };
        let matching = self.engine.peers().filter(has_text).map(weighed);
        let matching: Vec<Weighed<'_>> = matching.collect();
        let count = matching.len();
        let order = |a: &Weighed<'_>, b: &Weighed<'_>| {
            by_peer(query.sort, a, b).then_with(|| a.peer.peer.cmp(&b.peer.peer))
        };
        let rows = window(matching, query, order).into_iter();
        View {
            total: self.engine.peers().count() as u64,
            matching: count as u64,
            items: rows.map(|it| self.peer(now, it.peer)).collect(),
        }
    }

    /// Returns how far a peer is trusted, where that is sorted by.
    fn percent(&self, now: Timestamp, peer: &aegis_core::Peer, sort: PeerSort) -> u8 {
        match sort {
            PeerSort::Connected | PeerSort::Trust => {
                let trust = self.engine.trust_in(now, &peer.peer);
                trust.service_trust.percent()
            }
            PeerSort::Alerts | PeerSort::Class | PeerSort::Seen => 0,
        }
    }
}

/// A peer with what it is sorted by, before it is made whole.
struct Weighed<'a> {
    peer: &'a aegis_core::Peer,
    percent: u8, // nothing where that is not sorted by
}

/// Returns whether the list is asked for in the order in which it is kept, whole.
fn is_as_kept(query: &ViewQuery<BlockSort>) -> bool {
    query.sort == BlockSort::Source && !query.reversed && query.text.is_none()
}

/// Returns the rows asked for in their order, and sorts no others.
fn window<T, S>(
    mut items: Vec<T>,
    query: &ViewQuery<S>,
    order: impl Fn(&T, &T) -> Ordering,
) -> Vec<T> {
    let order = |a: &T, b: &T| match query.reversed {
        false => order(a, b),
        true => order(b, a),
    };
    let (start, end) = (query.offset(), query.offset().saturating_add(query.limit()));
    if start >= items.len() {
        return Vec::new();
    }
    if end < items.len() {
        items.select_nth_unstable_by(end, order);
        items.truncate(end);
    }
    if start > 0 {
        items.select_nth_unstable_by(start, order);
        items.drain(..start);
    }
    items.sort_unstable_by(order);
    items
}

/// Returns whether a decision has the text in what is shown of it.
fn has(decision: &Decision, text: &ViewText, scratch: &mut String) -> bool {
    let origin = Origin::from(decision.origin);
    let fields: [&dyn std::fmt::Display; 3] = [&decision.indicator, &decision.threat_type, &origin];
    if text.is_in(&fields, scratch) {
        return true;
    }
    if decision.origin != aegis_core::Origin::Feed {
        return text.is_in(&[&decision.author], scratch);
    }
    // What a feed is called is said where a block is made whole, and only there.
    let it = block(decision.decided_at, decision, None);
    let (region, file) = (it.region.as_ref(), it.file.as_ref());
    region.is_some_and(|it| text.is_in(&[it], scratch))
        || file.is_some_and(|it| text.is_in(&[it], scratch))
        || it.feed.is_some_and(|it| text.is_in(&[&it], scratch))
}

/// Returns which of two decisions comes first.
fn by(sort: BlockSort, a: &Decision, b: &Decision, packets: &BTreeMap<Indicator, u64>) -> Ordering {
    let of = |it: &Decision| packets.get(&it.indicator).copied().unwrap_or(0);
    match sort {
        BlockSort::Source => Ordering::Equal, // what is equal is sorted by address
        BlockSort::Packets => of(b).cmp(&of(a)),
        BlockSort::Newest => b.decided_at.cmp(&a.decided_at),
        BlockSort::Ends => a.expires_at.cmp(&b.expires_at),
        BlockSort::Severity => b.severity.cmp(&a.severity),
        BlockSort::Origin => a.origin.cmp(&b.origin),
        BlockSort::Threat => a.threat_type.cmp(&b.threat_type),
    }
}

/// Returns whether a peer has the text in what is shown of it.
fn has_peer(peer: &Peer, text: &ViewText, scratch: &mut String) -> bool {
    let state = if peer.connected { "connected" } else { "away" };
    text.is_in(&[&peer.peer, &peer.class, &state], scratch)
        || peer.addresses.iter().any(|it| text.is_in(&[it], scratch))
        || peer
            .organisations
            .iter()
            .filter_map(|it| it.name.as_ref())
            .any(|it| text.is_in(&[it], scratch))
}

/// Returns which of two peers comes first.
fn by_peer(sort: PeerSort, a: &Weighed<'_>, b: &Weighed<'_>) -> Ordering {
    let trust = || b.percent.cmp(&a.percent);
    let (a, b) = (a.peer, b.peer);
    match sort {
        PeerSort::Connected => b.is_connected.cmp(&a.is_connected).then_with(trust),
        PeerSort::Trust => trust(),
        PeerSort::Alerts => b.alerts_accepted.cmp(&a.alerts_accepted),
        PeerSort::Class => rank(a.class).cmp(&rank(b.class)),
        PeerSort::Seen => seen(b).cmp(&seen(a)),
    }
}

/// Returns the place of a class, the best known first.
fn rank(class: PeerClass) -> u8 {
    match class {
        PeerClass::Configured => 0,
        PeerClass::Lan => 1,
        PeerClass::Dht => 2,
    }
}

fn seen(peer: &aegis_core::Peer) -> (bool, Timestamp) {
    (peer.is_connected, peer.last_seen_at)
}

#[cfg(test)]
mod tests;
