//! Lists: blocks, peers, the allowlist, and the check of one indicator.

use aegis_api::{AllowEntry, ApiError, Block, Check, Page, PageQuery, Peer, ttl_secs};
use aegis_core::{Indicator, NodeId, Timestamp};

use super::{allow_entry, block};
use crate::daemon::Node;

impl Node {
    pub(in crate::daemon) fn blocks(
        &self,
        query: &PageQuery<Indicator>,
    ) -> Result<Page<Block>, ApiError> {
        let now = self.now();
        let behind = self.engine.blocks_after(query.cursor());
        let decisions = behind.filter_map(|(indicator, decisions)| {
            let last = decisions.iter().max_by_key(|it| it.expires_at)?;
            Some((*indicator, last))
        });
        let page = query.collect(decisions);
        let indicators: Vec<Indicator> = page.items.iter().map(|it| it.indicator).collect();
        let kernel = self.read_entries(&indicators)?;
        let items = page.items.into_iter();
        let items = items.map(|it| Block {
            location: self.location(&it.indicator),
            members_only: self.engine.is_for_members_alone(it),
            ..block(now, it, kernel.get(&it.indicator))
        });
        Ok(Page {
            items: items.collect(),
            next: page.next,
        })
    }

    pub(in crate::daemon) fn check(&self, indicator: &Indicator) -> Check {
        let now = self.now();
        let checked = self.engine.check(indicator);
        Check {
            indicator: *indicator,
            blocked: checked.is_some(),
            covered_by: checked.map(|it| it.entry),
            expires_at: checked.map(|it| it.expires_at),
            ttl_secs: checked.map(|it| ttl_secs(now, it.expires_at)),
        }
    }

    pub(in crate::daemon) fn peers(&self, query: &PageQuery<NodeId>) -> Page<Peer> {
        let is_behind = |it: &&aegis_core::Peer| query.cursor().is_none_or(|last| it.peer > *last);
        let now = self.now();
        let behind = self.engine.peers().filter(is_behind);
        query.collect(behind.map(|it| (it.peer, self.peer(now, it))))
    }

    /// Returns a peer in the contract's words.
    pub(super) fn peer(&self, now: Timestamp, it: &aegis_core::Peer) -> Peer {
        let trust = self.engine.trust_in(now, &it.peer);
        let route = self.route_to(&it.peer).filter(|_| it.is_connected);
        let (route, reached) = route.unzip();
        let known = Some(it.address.clone()).filter(|it| Some(it) != reached.as_ref());
        Peer {
            peer: it.peer,
            class: it.class.into(),
            connected: it.is_connected,
            addresses: reached.into_iter().chain(known).collect(),
            first_seen_at: it.first_seen_at,
            last_seen_at: it.last_seen_at,
            alerts_accepted: it.alerts_accepted,
            alerts_refused: it.alerts_refused,
            weight_percent: trust.service_trust.percent(),
            right: trust.right,
            wrong: trust.wrong,
            influence: trust.influence,
            organisations: self.affiliations(&it.peer),
            route,
            standing: None,
            location: it.ip.and_then(|ip| self.location(&Indicator::host(ip))),
        }
    }

    pub(in crate::daemon) fn allow_entries(
        &self,
        query: &PageQuery<Indicator>,
    ) -> Page<AllowEntry> {
        let now = self.now();
        let entries = self.engine.allowlist();
        let behind = entries.filter(|it| query.cursor().is_none_or(|last| it.indicator > *last));
        query.collect(behind.map(|it| (it.indicator, allow_entry(now, it))))
    }
}
