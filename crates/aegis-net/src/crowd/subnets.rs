//! How many peers of one network prefix came in: one prefix is not to fill the table.

use std::{collections::BTreeMap, net::IpAddr};

use aegis_core::Indicator;

use crate::address::Scope;

/// The part of the places for peers that come in which one prefix may have, as its divisor.
const SHARE: usize = 8;

/// The least that a prefix may have: an office behind one router.
const SHARE_MIN: usize = 4;

/// Returns the /24 or /48 that an address counts for, `None` where many honest nodes share one: in
/// private networks and on one host.
pub fn subnet_of(ip: IpAddr) -> Option<Indicator> {
    let ip = ip.to_canonical();
    let length = if ip.is_ipv4() { 24 } else { 48 };
    Indicator::prefix(ip, length).filter(|_| Scope::of(ip) == Scope::Public)
}

/// The connections that came in, counted by prefix.
///
/// It holds an entry for each prefix with a connection, so it is bounded by what bounds these.
#[derive(Debug)]
pub struct Subnets {
    counted: BTreeMap<Indicator, usize>,
    most: usize,
}

impl Subnets {
    /// Returns the count for a node that lets in so many connections.
    pub fn new(inbound_max: usize) -> Self {
        Self {
            counted: BTreeMap::new(),
            most: (inbound_max / SHARE).max(SHARE_MIN),
        }
    }

    /// Returns how many connections from one prefix are let in.
    pub fn most(&self) -> usize {
        self.most
    }

    /// Returns whether one more from there is within the prefix's share.
    pub fn has_room(&self, ip: IpAddr) -> bool {
        let counted = subnet_of(ip).and_then(|it| self.counted.get(&it));
        counted.is_none_or(|it| *it < self.most)
    }

    /// Counts a connection that came from there.
    pub fn add(&mut self, ip: IpAddr) {
        if let Some(prefix) = subnet_of(ip) {
            *self.counted.entry(prefix).or_default() += 1;
        }
    }

    /// Counts one less.
    pub fn remove(&mut self, ip: IpAddr) {
        let Some(prefix) = subnet_of(ip) else { return };
        if let Some(counted) = self.counted.get_mut(&prefix) {
            *counted = counted.saturating_sub(1);
            if *counted == 0 {
                self.counted.remove(&prefix);
            }
        }
    }
}

#[cfg(test)]
mod tests;
