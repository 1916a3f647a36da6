//! The blocklist tables: which table an indicator lies in, and what is done to its entry.

use std::{io, net::IpAddr};

use aegis_abi::{BlockEntry, Plain, PrefixV4, PrefixV6, config_flag, maps};
use aegis_core::{Indicator, Timestamp};

use super::{clock::Ticks, prefixes::Prefixes, set_flag, tables::Tables};
use crate::{Blocked, EnforceError, sys::KernelMap};

/// Where an indicator lies, with its key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Place {
    HostV4([u8; 4]),
    HostV6([u8; 16]),
    Net64([u8; 8]),
    Prefix4(PrefixV4),
    Prefix6(PrefixV6),
}

/// What we remember of the tables, so that the program looks only where something may be.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    pub(super) prefixes: Prefixes,
    pub(super) has_hosts_v6: bool,
    pub(super) has_open_gate: [bool; maps::GATE_COUNT as usize],
}

/// Runs `$body` with the table and the key of `$place`.
macro_rules! at {
    ($tables:expr, $place:expr, |$table:ident, $key:ident| $body:expr) => {
        match $place {
            Place::HostV4($key) => {
                let $table = &$tables.block_v4;
                $body
            }
            Place::HostV6($key) => {
                let $table = &$tables.block_v6;
                $body
            }
            Place::Net64($key) => {
                let $table = &$tables.block_net64;
                $body
            }
            Place::Prefix4($key) => {
                let $table = &$tables.block_prefix4;
                $body
            }
            Place::Prefix6($key) => {
                let $table = &$tables.block_prefix6;
                $body
            }
        }
    };
}

impl Place {
    pub(super) fn of(indicator: Indicator) -> Self {
        let prefix_len = u32::from(indicator.prefix_len());
        match indicator.address() {
            IpAddr::V4(it) if indicator.is_host() => Self::HostV4(it.octets()),
            IpAddr::V4(it) => Self::Prefix4(PrefixV4::new_v4(prefix_len, it.octets())),
            IpAddr::V6(it) if indicator.is_host() => Self::HostV6(it.octets()),
            IpAddr::V6(it) if prefix_len == 64 => Self::Net64(net64(it.octets())),
            IpAddr::V6(it) => Self::Prefix6(PrefixV6 {
                prefix_len,
                address: it.octets(),
            }),
        }
    }

    pub(super) fn indicator(self) -> Option<Indicator> {
        match self {
            Self::HostV4(it) => Some(Indicator::host(it.into())),
            Self::HostV6(it) => Some(Indicator::host(it.into())),
            Self::Net64([a, b, c, d, e, f, g, h]) => {
                let address = [a, b, c, d, e, f, g, h, 0, 0, 0, 0, 0, 0, 0, 0];
                Indicator::prefix(address.into(), 64)
            }
            Self::Prefix4(it) => Indicator::prefix(it.octets().into(), it.prefix_len as u8),
            Self::Prefix6(it) => Indicator::prefix(it.address.into(), it.prefix_len as u8),
        }
    }

    fn is_trie(self) -> bool {
        matches!(self, Self::Prefix4(_) | Self::Prefix6(_))
    }

    /// Returns the gate that the kernel's detector opens too, where the table has one.
    fn gate(self) -> Option<u32> {
        match self {
            Self::HostV4(_) => Some(maps::GATE_BLOCK_V4),
            Self::Net64(_) => Some(maps::GATE_BLOCK_NET64),
            Self::HostV6(_) | Self::Prefix4(_) | Self::Prefix6(_) => None,
        }
    }

    fn table_name(self) -> &'static str {
        match self {
            Self::HostV4(_) => "the table of blocked IPv4 addresses",
            Self::HostV6(_) => "the table of blocked IPv6 addresses",
            Self::Net64(_) => "the table of blocked IPv6 /64 prefixes",
            Self::Prefix4(_) => "the table of blocked IPv4 prefixes",
            Self::Prefix6(_) => "the table of blocked IPv6 prefixes",
        }
    }
}

impl Blocks {
    /// Learns what the pinned tables hold.
    pub(super) fn open(tables: &Tables) -> io::Result<Self> {
        let mut blocks = Self::default();
        for (place, entry) in trie_entries(tables)? {
            blocks
                .prefixes
                .insert_some(place.indicator(), entry.own_deadline);
        }
        blocks.has_hosts_v6 = !tables.block_v6.is_empty::<[u8; 16]>()?;
        blocks.open_gate(tables, maps::GATE_BLOCK_V4)?;
        blocks.open_gate(tables, maps::GATE_BLOCK_NET64)?;
        Ok(blocks)
    }

    /// Blocks `indicator` until `expires_at`, whatever its entry said; its counters stay.
    pub(super) fn block(
        &mut self,
        tables: &Tables,
        ticks: Ticks,
        indicator: Indicator,
        expires_at: Timestamp,
    ) -> Result<(), EnforceError> {
        let own_deadline = ticks.deadline(expires_at);
        if own_deadline == 0 {
            return self.unblock(tables, ticks, indicator).map(drop);
        }
        let place = Place::of(indicator);
        let entry = BlockEntry {
            deadline: own_deadline,
            own_deadline,
            expires_at: expires_at.as_millis(),
            ..BlockEntry::default()
        };
        let result = match self.add(tables, place, &entry) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                self.renew(tables, place, entry)
            }
            other => other,
        };
        result.map_err(table_error(tables, place))
    }

    /// Removes the entry of `indicator`; returns whether it was live.
    pub(super) fn unblock(
        &mut self,
        tables: &Tables,
        ticks: Ticks,
        indicator: Indicator,
    ) -> Result<bool, EnforceError> {
        let place = Place::of(indicator);
        let mut remove = || -> io::Result<bool> {
            let entry = self.find(tables, place)?;
            if entry.is_none() {
                return Ok(false);
            }
            at!(tables, place, |table, key| table.remove(&key))?;
            if place.is_trie() {
                self.prefixes.remove(&indicator);
                self.spread(tables, &indicator)?;
            }
            Ok(entry.is_some_and(|it| ticks.jiffies < it.own_deadline))
        };
        remove().map_err(EnforceError::kernel("remove a block"))
    }

    /// Returns whether the program drops every packet from `indicator`, exemptions aside.
    pub(super) fn is_blocked(
        &self,
        tables: &Tables,
        ticks: Ticks,
        indicator: Indicator,
    ) -> io::Result<bool> {
        let is_live = |it: Option<BlockEntry>| it.is_some_and(|it| ticks.jiffies < it.deadline);
        let prefix_len = u32::from(indicator.prefix_len());
        match indicator.address() {
            IpAddr::V4(address) => {
                let address = address.octets();
                let key = PrefixV4::new_v4(prefix_len, address);
                let has_host = indicator.is_host() && is_live(tables.block_v4.get(&address)?);
                Ok(has_host || is_live(tables.block_prefix4.get(&key)?))
            }
            IpAddr::V6(address) => {
                let address = address.octets();
                let key = PrefixV6 {
                    prefix_len,
                    address,
                };
                let has_host = indicator.is_host() && is_live(tables.block_v6.get(&address)?);
                let has_net = prefix_len >= 64 && is_live(tables.block_net64.get(&net64(address))?);
                Ok(has_host || has_net || is_live(tables.block_prefix6.get(&key)?))
            }
        }
    }

    pub(super) fn write_flags(&self, flags: &mut u32) {
        set_flag(flags, config_flag::BLOCK_V6, self.has_hosts_v6);
        set_flag(
            flags,
            config_flag::BLOCK_PREFIX4,
            self.prefixes.has_family(true),
        );
        set_flag(
            flags,
            config_flag::BLOCK_PREFIX6,
            self.prefixes.has_family(false),
        );
    }

    /// Writes a new entry; fails with `AlreadyExists` where there is one. In one call for a hash
    /// table, since nearly every block is a new one.
    fn add(&mut self, tables: &Tables, place: Place, entry: &BlockEntry) -> io::Result<()> {
        if !place.is_trie() {
            at!(tables, place, |table, key| table.add(&key, entry))?;
            return self.note(tables, place);
        }
        if self.find(tables, place)?.is_some() {
            return Err(io::Error::from(io::ErrorKind::AlreadyExists));
        }
        self.write(tables, place, *entry)
    }

    /// Gives the entry that is there the deadlines of `entry`; its counters stay. What the
    /// program counts between our read and our write is lost, a handful of packets at most.
    fn renew(&mut self, tables: &Tables, place: Place, entry: BlockEntry) -> io::Result<()> {
        let before = self.find(tables, place)?.unwrap_or_default();
        let entry = BlockEntry {
            deadline: entry.deadline,
            own_deadline: entry.own_deadline,
            expires_at: entry.expires_at,
            ..before
        };
        self.write(tables, place, entry)
    }

    /// Writes `entry`, whose deadlines are its own, and lets the program look there.
    pub(super) fn write(
        &mut self,
        tables: &Tables,
        place: Place,
        mut entry: BlockEntry,
    ) -> io::Result<()> {
        let prefix = place.indicator().filter(|_| place.is_trie());
        if let Some(prefix) = &prefix {
            entry.deadline = entry.deadline.max(self.prefixes.latest_wider(prefix));
        }
        at!(tables, place, |table, key| table.set(&key, &entry))?;
        if let Some(prefix) = prefix {
            self.prefixes.insert(prefix, entry.own_deadline);
            self.spread(tables, &prefix)?;
        }
        self.note(tables, place)
    }

    /// Lets the program look where an entry was just made.
    fn note(&mut self, tables: &Tables, place: Place) -> io::Result<()> {
        self.has_hosts_v6 |= matches!(place, Place::HostV6(_));
        match place.gate() {
            Some(gate) => self.open_gate(tables, gate),
            None => Ok(()),
        }
    }

    /// Writes an entry of an older table as it is.
    pub(super) fn write_entry(
        &mut self,
        tables: &Tables,
        place: Place,
        entry: BlockEntry,
    ) -> Result<(), EnforceError> {
        let entry = BlockEntry {
            deadline: entry.own_deadline,
            ..entry
        };
        self.write(tables, place, entry)
            .map_err(table_error(tables, place))
    }

    /// Returns the entry of exactly this place.
    pub(super) fn find(&self, tables: &Tables, place: Place) -> io::Result<Option<BlockEntry>> {
        // A trie would answer with a wider prefix where this one is not there.
        let is_missing = |it| !self.prefixes.contains(&it);
        if place.is_trie() && place.indicator().is_none_or(is_missing) {
            return Ok(None);
        }
        at!(tables, place, |table, key| table.get(&key))
    }

    /// Tells the prefixes within `prefix` how long the latest one that covers them lives.
    fn spread(&self, tables: &Tables, prefix: &Indicator) -> io::Result<()> {
        for inner in self.prefixes.within(prefix) {
            let place = Place::of(inner);
            let deadline = self.prefixes.latest_deadline(&inner);
            match self.find(tables, place)? {
                Some(entry) if entry.deadline != deadline => {
                    let entry = BlockEntry { deadline, ..entry };
                    at!(tables, place, |table, key| table.set(&key, &entry))?;
                }
                Some(_) | None => {}
            }
        }
        Ok(())
    }

    fn open_gate(&mut self, tables: &Tables, gate: u32) -> io::Result<()> {
        let is_open = &mut self.has_open_gate[gate as usize];
        if !*is_open {
            tables.gates.set(&gate, &1_u32)?;
            *is_open = true;
        }
        Ok(())
    }
}

/// Returns every entry of every table, live or not.
pub(super) fn all_entries(tables: &Tables) -> io::Result<Vec<(Place, BlockEntry)>> {
    let mut all = trie_entries(tables)?;
    collect(&tables.block_v4, Place::HostV4, &mut all)?;
    collect(&tables.block_v6, Place::HostV6, &mut all)?;
    collect(&tables.block_net64, Place::Net64, &mut all)?;
    Ok(all)
}

/// Returns what a live entry says; `None` where it is over.
pub(super) fn to_blocked(place: Place, entry: BlockEntry, ticks: Ticks) -> Option<Blocked> {
    if entry.own_deadline <= ticks.jiffies {
        return None;
    }
    let is_from_detector = entry.expires_at == 0;
    Some(Blocked {
        indicator: place.indicator()?,
        expires_at: if is_from_detector {
            ticks.timestamp(entry.own_deadline)
        } else {
            Timestamp::from_millis(entry.expires_at)
        },
        packets: entry.packets,
        bytes: entry.bytes,
        violations: entry.violations,
        last_seen: (entry.last_seen != 0).then(|| ticks.timestamp(entry.last_seen)),
        is_from_detector,
    })
}

fn trie_entries(tables: &Tables) -> io::Result<Vec<(Place, BlockEntry)>> {
    let v4 = tables.block_prefix4.trie_entries::<PrefixV4, _>()?;
    let v6 = tables.block_prefix6.trie_entries::<PrefixV6, _>()?;
    let v4 = v4
        .into_iter()
        .map(|(key, entry)| (Place::Prefix4(key), entry));
    let v6 = v6
        .into_iter()
        .map(|(key, entry)| (Place::Prefix6(key), entry));
    Ok(v4.chain(v6).collect())
}

fn collect<K: Plain>(
    table: &KernelMap,
    place: fn(K) -> Place,
    into: &mut Vec<(Place, BlockEntry)>,
) -> io::Result<()> {
    let entries = table.entries::<K, BlockEntry>()?;
    into.extend(entries.into_iter().map(|(key, entry)| (place(key), entry)));
    Ok(())
}

/// Returns a function that tells a full table from other failures.
fn table_error(tables: &Tables, place: Place) -> impl FnOnce(io::Error) -> EnforceError {
    let capacity = at!(tables, place, |table, _key| table.capacity());
    full_or_failed(place.table_name(), capacity)
}

/// Returns a function that tells a full table from other failures.
pub(super) fn full_or_failed(
    table: &'static str,
    capacity: u32,
) -> impl FnOnce(io::Error) -> EnforceError {
    move |source| match source.raw_os_error() {
        Some(libc::E2BIG | libc::ENOSPC) => EnforceError::TableFull {
            table,
            capacity,
            refused: 1,
        },
        _ => EnforceError::Kernel {
            action: "write a table",
            source,
        },
    }
}

fn net64(address: [u8; 16]) -> [u8; 8] {
    let [a, b, c, d, e, f, g, h, ..] = address;
    [a, b, c, d, e, f, g, h]
}
