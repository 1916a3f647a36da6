//! The allow tables: whose packets pass whatever the blocklist says.

use std::{io, net::IpAddr};

use aegis_abi::{AllowEntry, PrefixV4, PrefixV6, config_flag};
use aegis_core::{Exemption, Indicator};

use super::{lists::Gate, set_flag, tables::Tables};
use crate::EnforceError;

/// Which of the tables hold anything.
#[derive(Debug)]
pub(super) struct Exemptions {
    has_v4: bool,
    has_v6: bool,
}

impl Exemptions {
    /// Learns what the pinned tables hold.
    pub(super) fn open(tables: &Tables) -> io::Result<Self> {
        Ok(Self {
            has_v4: !tables.allow_v4.is_empty::<PrefixV4>()?,
            has_v6: !tables.allow_v6.is_empty::<PrefixV6>()?,
        })
    }

    /// Adds an exemption. The entry is there before the gate that leads to it opens.
    pub(super) fn add(
        &mut self,
        tables: &Tables,
        gate: &Gate,
        indicator: Indicator,
        exemption: Exemption,
    ) -> Result<(), EnforceError> {
        let entry = AllowEntry {
            is_protected: match exemption {
                Exemption::Allowlisted => 0,
                Exemption::Protected => 1,
            },
        };
        match key(indicator) {
            Key::V4(key) => {
                self.has_v4 = true;
                let table = &tables.allow_v4;
                let name = "the table of exempt IPv4 prefixes";
                table
                    .set(&key, &entry)
                    .map_err(full_or_failed(name, table.capacity()))?;
                let address = u32::from_be_bytes(key.octets());
                gate.open_exemption(address, key.prefix_len);
                Ok(())
            }
            Key::V6(key) => {
                self.has_v6 = true;
                let table = &tables.allow_v6;
                let name = "the table of exempt IPv6 prefixes";
                table
                    .set(&key, &entry)
                    .map_err(full_or_failed(name, table.capacity()))
            }
        }
    }

    /// Removes an exemption; returns whether it was there.
    pub(super) fn remove(
        &mut self,
        tables: &Tables,
        indicator: Indicator,
    ) -> Result<bool, EnforceError> {
        let mut remove = || -> io::Result<bool> {
            Ok(match key(indicator) {
                Key::V4(key) => {
                    let was_there = tables.allow_v4.remove(&key)?;
                    self.has_v4 = !tables.allow_v4.is_empty::<PrefixV4>()?;
                    was_there
                }
                Key::V6(key) => {
                    let was_there = tables.allow_v6.remove(&key)?;
                    self.has_v6 = !tables.allow_v6.is_empty::<PrefixV6>()?;
                    was_there
                }
            })
        };
        remove().map_err(EnforceError::kernel("remove an exemption"))
    }

    /// Opens the gates of exactly the IPv4 exemptions that there are.
    pub(super) fn open_gates(&self, tables: &Tables, gate: &Gate) -> io::Result<()> {
        let entries = tables.allow_v4.trie_entries::<PrefixV4, AllowEntry>()?;
        let prefix = |(key, _): (PrefixV4, _)| (u32::from_be_bytes(key.octets()), key.prefix_len);
        gate.set_exemptions(entries.into_iter().map(prefix));
        Ok(())
    }

    pub(super) fn write_flags(&self, flags: &mut u32) {
        set_flag(flags, config_flag::ALLOW_V4, self.has_v4);
        set_flag(flags, config_flag::ALLOW_V6, self.has_v6);
    }
}

/// Returns whether a prefix that covers `indicator` is exempt.
pub(super) fn is_exempt(tables: &Tables, indicator: Indicator) -> io::Result<bool> {
    let found: Option<AllowEntry> = match key(indicator) {
        Key::V4(key) => tables.allow_v4.get(&key)?,
        Key::V6(key) => tables.allow_v6.get(&key)?,
    };
    Ok(found.is_some())
}

/// Returns every exemption.
pub(super) fn all_exemptions(tables: &Tables) -> io::Result<Vec<(Indicator, Exemption)>> {
    let exemption = |it: AllowEntry| {
        if it.is_protected == 0 {
            Exemption::Allowlisted
        } else {
            Exemption::Protected
        }
    };
    let v4 = tables.allow_v4.trie_entries::<PrefixV4, AllowEntry>()?;
    let v6 = tables.allow_v6.trie_entries::<PrefixV6, AllowEntry>()?;
    let v4 = v4
        .into_iter()
        .map(|(key, it)| (IpAddr::from(key.octets()), key.prefix_len, it));
    let v6 = v6
        .into_iter()
        .map(|(key, it)| (IpAddr::from(key.address), key.prefix_len, it));
    let parse = |(address, prefix_len, entry): (IpAddr, u32, AllowEntry)| {
        let indicator = Indicator::prefix(address, u8::try_from(prefix_len).ok()?)?;
        Some((indicator, exemption(entry)))
    };
    Ok(v4.chain(v6).filter_map(parse).collect())
}

enum Key {
    V4(PrefixV4),
    V6(PrefixV6),
}

fn key(indicator: Indicator) -> Key {
    let prefix_len = u32::from(indicator.prefix_len());
    match indicator.address() {
        IpAddr::V4(it) => Key::V4(PrefixV4::new_v4(prefix_len, it.octets())),
        IpAddr::V6(it) => Key::V6(PrefixV6 {
            prefix_len,
            address: it.octets(),
        }),
    }
}

/// Returns a function that tells a full table from other failures.
fn full_or_failed(table: &'static str, capacity: u32) -> impl FnOnce(io::Error) -> EnforceError {
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
