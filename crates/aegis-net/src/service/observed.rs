//! What peers say of this node's own address, and what is made of it. Pure; time is given in.
//!
//! Everybody may say anything, and what is said is dialled by others on this node's behalf: so a
//! peer has few claims at a time, those of most peers go first, and few are followed at all.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
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

/// What a peer may claim at a time: the address by TCP and by QUIC, each with the port that it
/// saw and the one that is listened on.
const CLAIMS_MAX: usize = 4;

/// Addresses that are followed: as many at once as a host with a few networks has, then one in a
/// quarter of an hour.
const FOLLOWED: Quota = Quota {
    burst: 16 * FOLLOWED_TOKENS,
    per_second: 1,
};
const FOLLOWED_TOKENS: u32 = 900;

/// Addresses that are followed in one run: those who check them never forget one.
const FOLLOWED_MAX: usize = 1024;

/// The claims so far.
#[derive(Debug)]
pub(super) struct Observed {
    claims: Table<NodeId, Vec<Multiaddr>>,
    callers: Table<NodeId, (Multiaddr, Option<IpAddr>)>, // who came in, by which address of ours
    followed: BTreeSet<Multiaddr>,
    bucket: TokenBucket,
}

impl Observed {
    pub(super) fn new() -> Self {
        Self {
            claims: Table::new(CLAIMANTS_MAX),
            callers: Table::new(CLAIMANTS_MAX),
            followed: BTreeSet::new(),
            bucket: TokenBucket::full(FOLLOWED),
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

    /// Returns an address that is to be checked now, the one that most peers claim.
    pub(super) fn next_to_check(&mut self, now: Timestamp) -> Option<Multiaddr> {
        if self.followed.len() >= FOLLOWED_MAX {
            return None;
        }
        let mut counted: BTreeMap<&Multiaddr, usize> = BTreeMap::new();
        for address in self.claims.iter().flat_map(|(_, it)| it) {
            *counted.entry(address).or_default() += 1;
        }
        let fresh = counted.into_iter();
        let fresh = fresh.filter(|(address, _)| !self.followed.contains(*address));
        let (address, _) = fresh.max_by_key(|(_, count)| *count)?;
        let address = address.clone();
        let may_follow = self.bucket.take(FOLLOWED_TOKENS, now, FOLLOWED);
        may_follow.then(|| {
            self.followed.insert(address.clone());
            address
        })
    }
}

fn is_public(address: &Multiaddr) -> bool {
    ip_of(address).is_some() && reach_of(address) == Some(Scope::Public)
}

/// Returns what may be this node's address if a peer sees it so: that, and where the port is none
/// that is listened on, the same with the ports that are.
fn candidates(seen: &Multiaddr, listening: &[Multiaddr]) -> Vec<Multiaddr> {
    if !is_public(seen) {
        return Vec::new();
    }
    let mut candidates = vec![seen.clone()];
    for own in listening {
        let Some(translated) = with_port_of(seen, own) else {
            continue;
        };
        if !candidates.contains(&translated) && candidates.len() < CLAIMS_MAX / 2 {
            candidates.push(translated);
        }
    }
    candidates
}

/// Returns the address of the same host with the port of `own`, `None` where they are not of the
/// same kind.
fn with_port_of(seen: &Multiaddr, own: &Multiaddr) -> Option<Multiaddr> {
    let ip = seen.iter().next()?;
    let (seen, own): (Vec<_>, Vec<_>) = (seen.iter().collect(), own.iter().collect());
    let is_same_kind = matches!(
        (seen.get(1)?, own.get(1)?),
        (Protocol::Tcp(_), Protocol::Tcp(_)) | (Protocol::Udp(_), Protocol::Udp(_))
    );
    let is_same_family = matches!(
        (seen.first()?, own.first()?),
        (Protocol::Ip4(_), Protocol::Ip4(_)) | (Protocol::Ip6(_), Protocol::Ip6(_))
    );
    let rest = own.into_iter().skip(1);
    (is_same_kind && is_same_family).then(|| rest.fold(Multiaddr::from(ip), Multiaddr::with))
}

#[cfg(test)]
mod tests;
