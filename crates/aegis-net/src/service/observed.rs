//! What peers say of this node's own address, and what is made of it. Pure; time is given in.
//!
//! Everybody may say anything, and what is said is dialled by others on this node's behalf: so a
//! peer has few claims at a time, those of most peers go first, and few are followed at all.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    time::Duration,
};

use aegis_core::{NodeId, Timestamp};
use libp2p::{Multiaddr, multiaddr::Protocol};

use crate::{
    address::{Scope, ip_of, reach_of},
    crowd::subnet_of,
    gate::{Quota, Table, TokenBucket},
};

/// Peers whose claims are remembered.
const CLAIMANTS_MAX: usize = 256;

/// What a peer may claim at a time: of a connection by TCP and of one by QUIC the address with the
/// port that it saw, and with those that are listened on by either.
const CLAIMS_MAX: usize = 6;

/// What one claim may stand for.
const CANDIDATES_MAX: usize = 3;

/// Addresses that are followed: as many at once as a host with a few networks has, then one in a
/// quarter of an hour.
const FOLLOWED: Quota = Quota {
    burst: 16 * FOLLOWED_TOKENS,
    per_second: 1,
};
const FOLLOWED_TOKENS: u32 = 900;

/// Addresses that are followed at a time; the one that was followed longest ago goes for one more.
const FOLLOWED_MAX: usize = 256;

/// How long an address is left alone that was checked in vain: first so long, then twice as long
/// each time. Somebody may tell a router to let it through, or the host may be elsewhere.
const RECHECK_MIN: Duration = Duration::from_secs(15 * 60);

/// How long it is left alone at most.
const RECHECK_MAX: Duration = Duration::from_secs(4 * 3600);

/// How long it is left alone where the host was connected anew meanwhile.
const RECHECK_CONNECTED: Duration = Duration::from_secs(10);

/// The claims so far.
#[derive(Debug)]
pub(super) struct Observed {
    claims: Table<NodeId, Vec<Multiaddr>>,
    callers: Table<NodeId, (Multiaddr, Option<IpAddr>)>, // who came in, by which address of ours
    followed: Table<Multiaddr, Check>,
    bucket: TokenBucket,
}

/// What came of checking an address.
#[derive(Clone, Copy, Debug, Default)]
struct Check {
    /// How often it was in vain.
    failures: u32,
    /// When it was in vain last, as long as it was not checked anew.
    failed_at: Option<Timestamp>,
}

impl Check {
    /// Returns whether it was in vain so long ago that it is due again, also after a clock was put
    /// back.
    fn is_due(&self, now: Timestamp) -> bool {
        let doublings = self.failures.saturating_sub(1).min(16);
        let alone = RECHECK_MIN.saturating_mul(1 << doublings).min(RECHECK_MAX);
        let is_over = |at: Timestamp| at > now || now.since(at) >= alone;
        self.failed_at.is_some_and(is_over)
    }
}

impl Observed {
    pub(super) fn new() -> Self {
        Self {
            claims: Table::new(CLAIMANTS_MAX),
            callers: Table::new(CLAIMANTS_MAX),
            followed: Table::new(FOLLOWED_MAX),
            bucket: TokenBucket::default(),
        }
    }

    /// Notes that `peer` sees this node at `address`.
    pub(super) fn claim(&mut self, peer: NodeId, address: &Multiaddr, listening: &[Multiaddr]) {
        let claims = self.claims.entry(peer, Vec::new);
        for address in candidates(address, listening) {
            if !claims.contains(&address) {
                claims.push(address);
            }
        }
        let surplus = claims.len().saturating_sub(CLAIMS_MAX);
        claims.drain(..surplus);
    }

    /// Notes that `peer`, at `ip`, reached this node by itself at `address`.
    pub(super) fn reached(&mut self, peer: NodeId, ip: Option<IpAddr>, address: &Multiaddr) {
        if is_public(address) && ip.is_some_and(|it| Scope::of(it) == Scope::Public) {
            self.callers.insert(peer, (address.clone(), ip));
        }
    }

    /// Forgets what a peer claims.
    pub(super) fn forget(&mut self, peer: &NodeId) {
        self.claims.remove(peer);
        self.callers.remove(peer);
    }

    /// Returns whether somebody sees this node at a public address that it has not itself.
    pub(super) fn is_translated(&self, own_ips: &BTreeSet<IpAddr>) -> bool {
        let mut claimed = self.claims.iter().flat_map(|(_, it)| it).filter_map(ip_of);
        claimed.any(|it| !own_ips.contains(&it))
    }

    /// Returns an address at which others were able to reach this node: its own, or one by which
    /// peers of two prefixes came in, so that one liar does not make it.
    pub(super) fn proven(&self, own_ips: &BTreeSet<IpAddr>) -> Vec<Multiaddr> {
        let mut by_address: BTreeMap<&Multiaddr, BTreeSet<_>> = BTreeMap::new();
        for (_, (address, from)) in self.callers.iter() {
            let prefixes = by_address.entry(address).or_default();
            prefixes.insert(from.and_then(subnet_of));
        }
        let is_proven = |(address, prefixes): &(&Multiaddr, BTreeSet<_>)| {
            prefixes.len() >= 2 || ip_of(address).is_some_and(|it| own_ips.contains(&it))
        };
        let proven = by_address.into_iter().filter(is_proven);
        proven.map(|(address, _)| address.clone()).collect()
    }

    /// Returns where peers see this node by now, what most of them claim first.
    pub(super) fn claimed(&self) -> Vec<Multiaddr> {
        let mut counted: BTreeMap<&Multiaddr, usize> = BTreeMap::new();
        for address in self.claims.iter().flat_map(|(_, it)| it) {
            *counted.entry(address).or_default() += 1;
        }
        let mut counted: Vec<_> = counted.into_iter().collect();
        counted.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        counted
            .into_iter()
            .map(|(address, _)| address.clone())
            .collect()
    }

    /// Returns an address that is to be checked now, the one that most peers claim.
    pub(super) fn next_to_check(&mut self, now: Timestamp) -> Option<Multiaddr> {
        let claimed = self.claimed().into_iter();
        let address = { claimed }.find(|it| self.followed.peek(it).is_none())?;
        let may_follow = self.bucket.take(FOLLOWED_TOKENS, now, FOLLOWED);
        may_follow.then(|| {
            self.followed.insert(address.clone(), Check::default());
            address
        })
    }

    /// Notes that an address was checked in vain.
    pub(super) fn failed(&mut self, now: Timestamp, address: &Multiaddr) {
        if let Some(check) = self.followed.touch(address) {
            check.failures = check.failures.saturating_add(1);
            check.failed_at = Some(now);
        }
    }

    /// Returns whether an address was checked in vain, and not anew since.
    pub(super) fn is_in_vain(&self, address: &Multiaddr) -> bool {
        let check = self.followed.peek(address);
        check.is_some_and(|it| it.failed_at.is_some())
    }

    /// Returns what is to be checked anew, where something is due that was checked in vain: that,
    /// and what has no result yet, as who checks begins anew with everything. What nobody claims any
    /// more is forgotten.
    pub(super) fn due_again(&mut self, now: Timestamp) -> Vec<Multiaddr> {
        let claimed = self.claimed();
        let check_of = |it: &Multiaddr| self.followed.peek(it).copied();
        let is_due = |it: &Multiaddr| check_of(it).is_some_and(|check| check.is_due(now));
        if !claimed.iter().any(is_due) {
            return Vec::new();
        }
        let mut again = claimed.clone();
        again
            .retain(|it| check_of(it).is_some_and(|check| check.failed_at.is_none()) || is_due(it));
        let mut gone: Vec<_> = self.followed.iter().map(|(it, _)| it.clone()).collect();
        gone.retain(|it| !claimed.contains(it));
        for address in gone {
            self.followed.remove(&address);
        }
        for address in &again {
            if let Some(check) = self.followed.touch(address) {
                check.failed_at = None;
            }
        }
        again
    }

    /// Has everything checked anew soon, because this host is connected anew, perhaps elsewhere.
    pub(super) fn hurry(&mut self, now: Timestamp) {
        let addresses: Vec<_> = self.followed.iter().map(|(it, _)| it.clone()).collect();
        for address in addresses {
            let Some(check) = self.followed.touch(&address) else {
                continue;
            };
            let is_over = |at: Timestamp| at > now || now.since(at) >= RECHECK_CONNECTED;
            if check.failed_at.is_some_and(is_over) {
                check.failures = 0;
                check.failed_at = Some(now - RECHECK_MIN);
            }
        }
    }
}

fn is_public(address: &Multiaddr) -> bool {
    ip_of(address).is_some() && reach_of(address) == Some(Scope::Public)
}

/// Returns what may be this node's address if a peer sees it so: that, and the same host with the
/// ports that are listened on, by TCP and by QUIC. Most routers keep ports where they can, and what
/// a peer sees is only the one connection that was made first: two nodes of which one is seen by
/// TCP and the other by QUIC would have no address in common to get through to each other by.
fn candidates(seen: &Multiaddr, listening: &[Multiaddr]) -> Vec<Multiaddr> {
    if !is_public(seen) {
        return Vec::new();
    }
    let mut candidates = vec![seen.clone()];
    for own in listening {
        let Some(translated) = with_port_of(seen, own) else {
            continue;
        };
        if !candidates.contains(&translated) && candidates.len() < CANDIDATES_MAX {
            candidates.push(translated);
        }
    }
    candidates
}

/// Returns the address of the same host with the port of `own`, `None` where they are not of the
/// same family.
fn with_port_of(seen: &Multiaddr, own: &Multiaddr) -> Option<Multiaddr> {
    let (seen, mut own) = (seen.iter().next()?, own.iter());
    let is_same_family = matches!(
        (&seen, own.next()?),
        (Protocol::Ip4(_), Protocol::Ip4(_)) | (Protocol::Ip6(_), Protocol::Ip6(_))
    );
    is_same_family.then(|| own.fold(Multiaddr::from(seen), Multiaddr::with))
}

#[cfg(test)]
mod tests;
