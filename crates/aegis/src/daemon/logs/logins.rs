//! Who was logged in here: addresses that are somebody's who may.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    time::Duration,
};

use aegis_core::Timestamp;
use serde::{Deserialize, Serialize};

/// Addresses that are remembered: a large organisation's.
const ADDRESSES_MAX: usize = 10_000;

/// Addresses that are protected at a time: as many as sessions are.
const PROTECTED_MAX: usize = 1_024;

/// Logins from one address.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(in crate::daemon) struct Login {
    /// When last, in milliseconds since 1970.
    pub(in crate::daemon) last_ms: u64,
    /// How often.
    pub(in crate::daemon) count: u64,
}

/// Logins by address; who has been away longest makes room.
#[derive(Clone, Debug, Default)]
pub(in crate::daemon) struct Logins {
    addresses: BTreeMap<IpAddr, Login>,
}

impl Logins {
    pub(super) fn new(addresses: BTreeMap<IpAddr, Login>) -> Self {
        Self { addresses }
    }

    pub(in crate::daemon) fn addresses(&self) -> &BTreeMap<IpAddr, Login> {
        &self.addresses
    }

    /// Takes in that somebody was logged in.
    pub(super) fn add(&mut self, address: IpAddr, at: Timestamp) {
        let is_new = !self.addresses.contains_key(&address);
        if is_new && self.addresses.len() >= ADDRESSES_MAX {
            let oldest = self.addresses.iter().min_by_key(|(_, it)| it.last_ms);
            if let Some(address) = oldest.map(|(it, _)| *it) {
                self.addresses.remove(&address);
            }
        }
        let login = self.addresses.entry(address).or_insert(Login {
            last_ms: 0,
            count: 0,
        });
        login.last_ms = login.last_ms.max(at.as_millis());
        login.count = login.count.saturating_add(1);
    }

    /// Returns who was logged in within so long before `now`, of too many the last.
    pub(super) fn protected(&self, now: Timestamp, within: Duration) -> BTreeSet<IpAddr> {
        let age = |it: &Login| now.since(Timestamp::from_millis(it.last_ms));
        let recent = self.addresses.iter().filter(|(_, it)| age(it) < within);
        let mut recent: Vec<(u64, IpAddr)> = recent.map(|(ip, it)| (it.last_ms, *ip)).collect();
        recent.sort_unstable();
        let newest = recent.into_iter().rev().take(PROTECTED_MAX);
        newest.map(|(_, ip)| ip).collect()
    }
}
