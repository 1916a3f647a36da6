//! The allow tables: whose packets pass whatever the blocklist says.

use std::{io, net::IpAddr};

use aegis_abi::{AllowEntry, Config, PrefixV4, PrefixV6, maps};
use aegis_core::{Exemption, Indicator};

use super::{lists::Gate, tables::Tables};
use crate::EnforceError;

/// What the tables hold, as the program learns of it.
#[derive(Debug)]
pub(super) struct Exemptions {
    /// See [`Config::allow_v4`].
    parts_v4: u64,
    /// See [`Config::allow_v6`].
    parts_v6: [u64; 2],
    /// See [`Config::hash_multiply`].
    multiply: u64,
}

impl Exemptions {
    /// Learns what the pinned tables hold.
    pub(super) fn open(tables: &Tables, multiply: u64) -> io::Result<Self> {
        Ok(Self {
            parts_v4: parts_v4(tables)?,
            parts_v6: parts_v6(tables, multiply)?,
            multiply,
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
                self.parts_v4 |= parts_of_v4(&key);
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
                for (all, more) in self
                    .parts_v6
                    .iter_mut()
                    .zip(parts_of_v6(&key, self.multiply))
                {
                    *all |= more;
                }
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
                    self.parts_v4 = parts_v4(tables)?;
                    was_there
                }
                Key::V6(key) => {
                    let was_there = tables.allow_v6.remove(&key)?;
                    self.parts_v6 = parts_v6(tables, self.multiply)?;
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

    /// Says in the configuration where anybody is exempt.
    pub(super) fn write(&self, config: &mut Config) {
        config.allow_v4 = self.parts_v4;
        config.allow_v6 = self.parts_v6;
    }
}

/// Returns the parts of the IPv4 space that the table holds exemptions in.
fn parts_v4(tables: &Tables) -> io::Result<u64> {
    let entries = tables.allow_v4.trie_entries::<PrefixV4, AllowEntry>()?;
    let parts = |(key, _): &(PrefixV4, _)| parts_of_v4(key);
    Ok(entries.iter().map(parts).fold(0, |all, it| all | it))
}

/// The same of the IPv6 space.
fn parts_v6(tables: &Tables, multiply: u64) -> io::Result<[u64; 2]> {
    let entries = tables.allow_v6.trie_entries::<PrefixV6, AllowEntry>()?;
    let parts = |(key, _): &(PrefixV6, _)| parts_of_v6(key, multiply);
    let both = |all: [u64; 2], it: [u64; 2]| [all[0] | it[0], all[1] | it[1]];
    Ok(entries.iter().map(parts).fold([0; 2], both))
}

/// Returns the bits that the addresses of a prefix ask for.
fn parts_of_v4(prefix: &PrefixV4) -> u64 {
    let first = maps::allow_v4(u32::from_be_bytes(prefix.octets()));
    parts(first, prefix.prefix_len)
}

/// The same of an IPv6 prefix.
fn parts_of_v6(prefix: &PrefixV6, multiply: u64) -> [u64; 2] {
    let net = (u128::from_be_bytes(prefix.address) >> 64) as u64;
    let [short, long] = maps::allow_v6(net, multiply);
    if prefix.prefix_len < 32 {
        return [parts(short, prefix.prefix_len), 0];
    }
    [0, 1 << long]
}

/// Returns a bit for each number of six bits that addresses of a prefix begin with, of which `first`
/// is the lowest: a prefix has its host bits zero.
fn parts(first: u32, prefix_len: u32) -> u64 {
    let count = 1_u32 << 6_u32.saturating_sub(prefix_len);
    (u64::MAX >> (u64::BITS - count)) << first
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

#[cfg(test)]
mod tests {
    use super::*;

    const MULTIPLY: u64 = 0xd134_2543_de82_ef95;

    #[test]
    fn every_address_of_an_exempt_prefix_asks_for_a_bit_that_is_set() {
        for length in 0..=32 {
            for address in [0, 0x0a4d_0001, 0x7f00_0001, 0xc0a8_0101, u32::MAX] {
                let host = u32::MAX.checked_shr(length).unwrap_or(0);
                let first: u32 = address & !host;
                let parts = parts_of_v4(&PrefixV4::new_v4(length, first.to_be_bytes()));
                for inside in [first, first | host, first | host & 0x5555_5555] {
                    assert_eq!(
                        parts >> maps::allow_v4(inside) & 1,
                        1,
                        "{inside:#x}/{length}"
                    );
                }
                // No more than it takes: a part holds 2^26 addresses.
                let wanted = ((u64::from(host) + 1) >> 26).max(1);
                assert_eq!(u64::from(parts.count_ones()), wanted, "{first:#x}/{length}");
            }
        }
    }

    #[test]
    fn every_address_of_an_exempt_ipv6_prefix_asks_for_a_bit_that_is_set() {
        for prefix_len in 0..=128 {
            for address in [
                0,
                0xfe80 << 112 | 1,
                0x2001_0db8 << 96 | 7,
                0xfd77 << 112 | 1,
                u128::MAX,
            ] {
                let host = u128::MAX.checked_shr(prefix_len).unwrap_or(0);
                let first = address & !host;
                let address = first.to_be_bytes();
                let set = parts_of_v6(
                    &PrefixV6 {
                        prefix_len,
                        address,
                    },
                    MULTIPLY,
                );
                for inside in [first, first | host, first | host & (u128::MAX / 3)] {
                    let asked = maps::allow_v6((inside >> 64) as u64, MULTIPLY);
                    let is_set = (set[0] >> asked[0] | set[1] >> asked[1]) & 1 == 1;
                    assert!(is_set, "{inside:#x}/{prefix_len}");
                }
                let wanted = 1 << 6_u32.saturating_sub(prefix_len);
                assert_eq!(set[0].count_ones() + set[1].count_ones(), wanted);
            }
        }
    }
}
