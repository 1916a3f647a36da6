//! The dial plan: whom to connect to, where, and when to try again. Pure; time is given in.
//!
//! Of two nodes that find each other only the one with the smaller id dials at once: where both
//! do, their connections can cross and both fail. The other one dials a little later, in case the
//! first cannot reach it.

use std::time::Duration;

use aegis_core::{NodeId, Timestamp};

use crate::{Address, Via, gate::Table};

/// Nodes that the plan holds at a time.
const TARGETS_MAX: usize = 512;

/// Addresses of one node that are tried; a host has a few, each by TCP and QUIC.
const ADDRESSES_MAX: usize = 16;

/// How long the node with the greater id leaves it to the other to dial.
const YIELD_FOR: Duration = Duration::from_millis(750);

/// How long to wait after the first failure; twice as long after each further one.
const RETRY_MIN: Duration = Duration::from_secs(1);

/// How long to wait at most.
const RETRY_MAX: Duration = Duration::from_secs(60);

/// For so long after a connection was lost its peer is tried often.
const LOST_FOR: Duration = Duration::from_secs(3600);

/// How long to wait at most until then: whoever comes back after a minute is to be met within
/// seconds.
const RETRY_LOST_MAX: Duration = Duration::from_secs(2);

/// A connection that ends sooner did not come about, in truth: the other end did not want it.
const BRIEF: Duration = Duration::from_secs(3);

/// So many brief connections in a row are bad luck, such as dials that cross.
const BRIEF_MAX: u32 = 3;

/// How long to wait at most for whoever ends connections at once.
const UNWANTED_MAX: Duration = Duration::from_secs(600);

/// Dials at one time: more would crowd out connections that come in.
const DIALS_MAX: usize = 16;

/// Whom to connect to.
#[derive(Debug)]
pub(super) struct Dialer {
    own: NodeId,
    targets: Table<NodeId, Target>,
    has_enough: bool, // so that strangers are not dialled
}

#[derive(Debug)]
struct Target {
    addresses: Vec<Address>,
    via: Via,
    attempts: u32,
    next_at: Timestamp,
    /// When it was connected, or that was lost.
    connected_at: Option<Timestamp>,
    /// Connections in a row that ended at once.
    brief: u32,
}

impl Dialer {
    pub(super) fn new(own: NodeId) -> Self {
        Self {
            own,
            targets: Table::new(TARGETS_MAX),
            has_enough: false,
        }
    }

    /// Learns that `peer` may be reached at `address`; returns whether the peer is new.
    pub(super) fn learn(
        &mut self,
        now: Timestamp,
        peer: NodeId,
        address: Address,
        via: Via,
    ) -> bool {
        if peer == self.own {
            return false;
        }
        let is_new = self.targets.peek(&peer).is_none();
        let next_at = self.first_try_at(now, peer, via);
        let target = self.targets.entry(peer, || Target {
            addresses: Vec::new(),
            via,
            attempts: 0,
            next_at,
            connected_at: None,
            brief: 0,
        });
        if rank(via) < rank(target.via) {
            target.via = via;
        }
        if !target.addresses.contains(&address) {
            target.addresses.push(address);
            if target.addresses.len() > ADDRESSES_MAX {
                target.addresses.remove(0);
            }
        }
        is_new
    }

    /// Returns whom to dial now, the most important first, and plans their next try.
    pub(super) fn due(
        &mut self,
        now: Timestamp,
        is_connected: impl Fn(&NodeId) -> bool,
    ) -> Vec<(NodeId, Vec<Address>)> {
        let is_wanted = |it: &Target| !self.has_enough || rank(it.via) < rank(Via::Known);
        let ready = |(peer, it): &(&NodeId, &Target)| {
            it.next_at <= now && is_wanted(it) && !is_connected(peer)
        };
        let mut due: Vec<_> = self.targets.iter().filter(ready).collect();
        due.sort_by_key(|(_, it)| (rank(it.via), it.next_at));
        let peers: Vec<NodeId> = due.iter().take(DIALS_MAX).map(|(peer, _)| **peer).collect();
        peers
            .into_iter()
            .filter_map(|peer| Some((peer, self.try_now(now, &peer)?)))
            .collect()
    }

    /// Notes that `peer` is connected, so that the next try after a loss comes soon.
    pub(super) fn connected(&mut self, now: Timestamp, peer: &NodeId) {
        let Some(via) = self.targets.peek(peer).map(|it| it.via) else {
            return;
        };
        let next_at = self.first_try_at(now, *peer, via) + RETRY_MIN;
        if let Some(target) = self.targets.touch(peer) {
            target.attempts = 0;
            target.next_at = next_at;
            target.connected_at = Some(now);
        }
    }

    /// Notes that a connection ended after so long, so that who does not want one is dialled less and
    /// less often.
    pub(super) fn ended(&mut self, now: Timestamp, peer: &NodeId, lasted: Duration) {
        let Some(target) = self.targets.touch(peer) else {
            return;
        };
        if lasted >= BRIEF {
            target.brief = 0;
            return;
        }
        target.brief = target.brief.saturating_add(1);
        if let Some(doublings) = target.brief.checked_sub(BRIEF_MAX + 1) {
            let wait_max = if rank(target.via) < rank(Via::Known) {
                RETRY_MAX
            } else {
                UNWANTED_MAX
            };
            let wait = RETRY_MIN.saturating_mul(2 << doublings.min(9));
            target.next_at = now + wait.min(wait_max);
        }
    }

    /// Notes whether there are enough peers not to dial strangers.
    pub(super) fn note_enough(&mut self, has_enough: bool) {
        self.has_enough = has_enough;
    }

    /// Drops `peer` if it was found only so, because that is no longer true. One that was connected
    /// not long ago is only cut off, perhaps: it is tried on, as one that was met earlier.
    pub(super) fn forget(&mut self, now: Timestamp, peer: &NodeId, via: Via) {
        let Some(target) = self.targets.touch(peer).filter(|it| it.via == via) else {
            return;
        };
        if target.is_just_lost(now) {
            target.via = Via::Known;
        } else {
            self.targets.remove(peer);
        }
    }

    /// Has everybody tried at once, because this host is connected again.
    pub(super) fn hurry(&mut self, now: Timestamp) {
        let peers: Vec<NodeId> = self.targets.iter().map(|(peer, _)| *peer).collect();
        peers.iter().for_each(|it| self.put_off(it, now));
    }

    /// Does not dial `peer` before `until`.
    pub(super) fn put_off(&mut self, peer: &NodeId, until: Timestamp) {
        if let Some(target) = self.targets.touch(peer) {
            target.next_at = until;
        }
    }

    fn try_now(&mut self, now: Timestamp, peer: &NodeId) -> Option<Vec<Address>> {
        let target = self.targets.touch(peer)?;
        let is_just_lost = target.is_just_lost(now);
        if target.attempts >= attempts_max(target.via) && !is_just_lost {
            self.targets.remove(peer);
            return None;
        }
        let wait = RETRY_MIN.saturating_mul(1 << target.attempts.min(6));
        let wait_max = if is_just_lost {
            RETRY_LOST_MAX
        } else {
            RETRY_MAX
        };
        target.attempts = target.attempts.saturating_add(1);
        target.next_at = now + wait.min(wait_max);
        Some(target.addresses.clone())
    }

    fn first_try_at(&self, now: Timestamp, peer: NodeId, via: Via) -> Timestamp {
        let mutual = matches!(via, Via::Mdns | Via::RuntimeDir);
        if mutual && peer < self.own {
            now + YIELD_FOR
        } else {
            now
        }
    }
}

impl Target {
    fn is_just_lost(&self, now: Timestamp) -> bool {
        self.connected_at.is_some_and(|it| now.since(it) < LOST_FOR)
    }
}

/// The order in which peers are dialled, and which finding counts where there are several.
fn rank(via: Via) -> u8 {
    match via {
        Via::Configured => 0,
        Via::RuntimeDir => 1,
        Via::Mdns => 2,
        Via::Bootstrap => 3,
        Via::Known => 4,
        Via::Member => 5,
        Via::Holder | Via::Exchange => 6,
        Via::Dht => 7,
    }
}

/// How often a peer is tried in vain before it is dropped from the plan.
fn attempts_max(via: Via) -> u32 {
    match via {
        Via::Configured | Via::Bootstrap | Via::Mdns | Via::RuntimeDir => u32::MAX,
        Via::Known | Via::Member => 5,
        Via::Holder | Via::Dht => 3,
        Via::Exchange => 2,
    }
}

#[cfg(test)]
mod tests;
