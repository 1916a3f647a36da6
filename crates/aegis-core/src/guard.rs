//! Guards: what is never blocked, whoever asks.
//!
//! The set here also lies in the kernel's allow table, so a flood forged in the name of a gateway
//! locks nobody out.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    time::Duration,
};

use crate::{
    AllowEntry, HostFacts, Indicator, Protection, Refusal, Timestamp, prefix_map::PrefixMap,
};

/// The widest prefix anybody may block, in bits.
const PREFIX_LEN_MIN_V4: u8 = 8;
const PREFIX_LEN_MIN_V6: u8 = 19;

/// The widest prefix a peer may have blocked, in bits.
const PEER_PREFIX_LEN_MIN_V4: u8 = 24;
const PEER_PREFIX_LEN_MIN_V6: u8 = 48;

/// Entries of the operator's allowlist: more than any hand-kept list, small in the kernel.
pub(crate) const ALLOWLIST_MAX: usize = 10_000;

/// Addresses of configured peers that are remembered: a fleet and its address changes.
const CONFIGURED_ADDRESSES_MAX: usize = 10_000;

/// Addresses where peers of the local network were met that are remembered: several of each peer, and
/// then those that peers have now.
const LOCAL_ADDRESSES_MAX: usize = 10_000;

/// Ranges that are protected on every host.
const RANGES: [(&str, Protection); 12] = [
    ("127.0.0.0/8", Protection::Loopback),
    ("::1/128", Protection::Loopback),
    ("0.0.0.0/32", Protection::Unspecified),
    ("::/128", Protection::Unspecified),
    ("255.255.255.255/32", Protection::Broadcast),
    ("224.0.0.0/4", Protection::Multicast),
    ("ff00::/8", Protection::Multicast),
    ("169.254.0.0/16", Protection::LinkLocal),
    ("fe80::/10", Protection::LinkLocal),
    // Where most clouds answer, and AWS and Alibaba besides.
    ("169.254.169.254/32", Protection::CloudMetadata),
    ("fd00:ec2::254/128", Protection::CloudMetadata),
    ("100.100.100.200/32", Protection::CloudMetadata),
];

/// Ranges that mean another network on every host (RFC 1918, RFC 6598, RFC 4193).
const PRIVATE_RANGES: [&str; 5] = [
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "fc00::/7",
];

/// Knows what must not be blocked.
#[derive(Clone, Debug)]
pub(crate) struct Guards {
    ranges: PrefixMap<Protection>,
    private_ranges: PrefixMap<()>,
    host: PrefixMap<Protection>,
    allowlist: PrefixMap<AllowEntry>,
    named: PrefixMap<()>,
    configured: BTreeMap<IpAddr, ()>,
    local: BTreeSet<IpAddr>,
    established: BTreeMap<IpAddr, Timestamp>,
    purged_at: Timestamp,
}

/// Addresses with a working connection that are remembered: a busy server's clients of an hour.
const ESTABLISHED_MAX: usize = 65_536;

/// How long an address that answered is safe from unproven evidence of others.
const ESTABLISHED_FOR: Duration = Duration::from_secs(3600);

/// A full memory is searched for what it may forget this rarely.
const PURGE_INTERVAL: Duration = Duration::from_secs(60);

impl Guards {
    pub(crate) fn new() -> Self {
        let mut ranges = PrefixMap::default();
        for (range, protection) in RANGES {
            if let Ok(range) = range.parse() {
                ranges.insert(range, protection);
            }
        }
        let mut private_ranges = PrefixMap::default();
        for range in PRIVATE_RANGES.iter().flat_map(|it| it.parse()) {
            private_ranges.insert(range, ());
        }
        Self {
            ranges,
            private_ranges,
            host: PrefixMap::default(),
            allowlist: PrefixMap::default(),
            named: PrefixMap::default(),
            configured: BTreeMap::new(),
            local: BTreeSet::new(),
            established: BTreeMap::new(),
            purged_at: Timestamp::EPOCH,
        }
    }

    /// Takes over what the host stands on now.
    pub(crate) fn set_host_facts(&mut self, facts: &HostFacts) {
        self.host = PrefixMap::default();
        let kinds = [
            (&facts.sessions, Protection::AdminSession),
            (&facts.time_servers, Protection::TimeServer),
            (&facts.resolvers, Protection::Resolver),
            (&facts.gateways, Protection::Gateway),
            (&facts.own, Protection::OwnAddress), // last: the strongest reason wins
        ];
        for (addresses, protection) in kinds {
            for address in addresses {
                self.host.insert(Indicator::host(*address), protection);
            }
        }
    }

    /// Returns everything protected and why, for the kernel's allow table.
    pub(crate) fn protected(&self) -> impl Iterator<Item = (Indicator, Protection)> {
        self.ranges
            .iter()
            .chain(self.host.iter())
            .map(|(indicator, protection)| (*indicator, *protection))
    }

    /// Returns the addresses of configured peers, in order.
    pub(crate) fn configured(&self) -> impl Iterator<Item = Indicator> {
        self.configured.keys().map(|it| Indicator::host(*it))
    }

    pub(crate) fn add_configured(&mut self, address: IpAddr) {
        if self.configured.len() < CONFIGURED_ADDRESSES_MAX {
            self.configured.insert(address.to_canonical(), ());
        }
    }

    /// Remembers that a peer of the local network was met at `address`. Whoever comes from ever other
    /// addresses takes nobody's place: where there is no room, those that peers `have` now are remembered.
    pub(crate) fn add_local(&mut self, address: IpAddr, have: impl Iterator<Item = IpAddr>) {
        self.local.insert(address.to_canonical());
        if self.local.len() > LOCAL_ADDRESSES_MAX {
            self.local = have.map(|it| it.to_canonical()).collect();
        }
    }

    /// Returns the addresses in `indicator` where peers of the local network were met.
    pub(crate) fn local_within(&self, indicator: &Indicator) -> impl Iterator<Item = IpAddr> {
        let last = indicator.last_host().address();
        self.local.range(indicator.address()..=last).copied()
    }

    /// Takes over what the names on the allowlist stand for now.
    pub(crate) fn set_named(&mut self, addresses: &BTreeSet<IpAddr>) {
        self.named = PrefixMap::default();
        for address in addresses.iter().take(ALLOWLIST_MAX) {
            self.named.insert(Indicator::host(*address), ());
        }
    }

    /// Returns what is allowed for a name.
    pub(crate) fn named(&self) -> impl Iterator<Item = Indicator> {
        self.named.iter().map(|(it, ())| *it)
    }

    pub(crate) fn allowlist(&self) -> &PrefixMap<AllowEntry> {
        &self.allowlist
    }

    /// Adds or replaces an entry; returns whether there was room.
    pub(crate) fn allow(&mut self, entry: AllowEntry) -> bool {
        let is_known = self.allowlist.get(&entry.indicator).is_some();
        if !is_known && self.allowlist.len() >= ALLOWLIST_MAX {
            return false;
        }
        self.allowlist.insert(entry.indicator, entry);
        true
    }

    pub(crate) fn disallow(&mut self, indicator: &Indicator) -> Option<AllowEntry> {
        self.allowlist.remove(indicator)
    }

    /// Remembers that `address` held a connection here that carried data both ways.
    pub(crate) fn add_established(&mut self, now: Timestamp, address: IpAddr) {
        if self.established.len() >= ESTABLISHED_MAX && now.since(self.purged_at) >= PURGE_INTERVAL
        {
            self.purged_at = now;
            self.established
                .retain(|_, seen_at| now.since(*seen_at) < ESTABLISHED_FOR);
        }
        if self.established.len() < ESTABLISHED_MAX {
            self.established.insert(address.to_canonical(), now);
        }
    }

    /// What nobody may block: guards 1 to 3, as far as they ask nothing of the author.
    ///
    /// A prefix that is too wide is told so, although it holds something protected as well.
    pub(crate) fn untouchable(&self, indicator: &Indicator) -> Result<(), Refusal> {
        let maps = [&self.ranges, &self.host];
        let refuse = |(address, protection): (Indicator, &Protection)| {
            Err(Refusal::Protected {
                address,
                protection: *protection,
            })
        };
        if let Some((_, it)) = maps.iter().find_map(|map| map.covering(indicator).last()) {
            return refuse((*indicator, it)); // whoever asked knows this name, not that of a range
        }
        Self::width(indicator)?;
        if let Some(it) = maps.iter().find_map(|map| map.within(indicator).next()) {
            return refuse(it);
        }
        let entry = self.allowlist.covering(indicator).map(|(it, _)| it);
        let named = self.named.covering(indicator).map(|(it, ())| it);
        match entry.chain(named).next() {
            Some(entry) => Err(Refusal::Allowlisted { entry }),
            None => Ok(()),
        }
    }

    /// Guard 1 for configured peers.
    pub(crate) fn configured_peer(&self, indicator: &Indicator) -> Result<(), Refusal> {
        let last = indicator.last_host().address();
        match self.configured.range(indicator.address()..=last).next() {
            Some((address, ())) => Err(Refusal::ConfiguredPeer {
                address: Indicator::host(*address),
            }),
            None => Ok(()),
        }
    }

    /// Guard 3 for everybody, the allowlist included.
    pub(crate) fn width(indicator: &Indicator) -> Result<(), Refusal> {
        at_least(indicator, PREFIX_LEN_MIN_V4, PREFIX_LEN_MIN_V6)
    }

    /// Guard 3 for peers.
    pub(crate) fn peer_width(indicator: &Indicator) -> Result<(), Refusal> {
        at_least(indicator, PEER_PREFIX_LEN_MIN_V4, PEER_PREFIX_LEN_MIN_V6)
    }

    /// Guard 3 for strangers.
    pub(crate) fn public(&self, indicator: &Indicator) -> Result<(), Refusal> {
        let mut overlapping = self
            .private_ranges
            .covering(indicator)
            .chain(self.private_ranges.within(indicator));
        if overlapping.next().is_some() {
            Err(Refusal::PrivateRange)
        } else {
            Ok(())
        }
    }

    /// Guard 6: whether unproven evidence may touch the indicator at `now`.
    pub(crate) fn not_established(
        &self,
        now: Timestamp,
        indicator: &Indicator,
    ) -> Result<(), Refusal> {
        let inside = self
            .established
            .range(indicator.address()..=indicator.last_host().address());
        let mut recent = inside.filter(|(_, seen_at)| now.since(**seen_at) < ESTABLISHED_FOR);
        if recent.next().is_some() {
            Err(Refusal::Established)
        } else {
            Ok(())
        }
    }
}

fn at_least(indicator: &Indicator, v4: u8, v6: u8) -> Result<(), Refusal> {
    let prefix_len_min = if indicator.is_ipv4() { v4 } else { v6 };
    if indicator.prefix_len() < prefix_len_min {
        return Err(Refusal::TooWide { prefix_len_min });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
