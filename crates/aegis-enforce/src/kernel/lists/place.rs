//! Where an indicator lies: which table, and under which key.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use aegis_abi::{
    maps::PREFIX_V4_CODE,
    table::{PREFIX4_LEN_MIN, PREFIX6_LEN_MIN, StashKey, prefix_code_v4, prefix_code_v6},
};
use aegis_core::Indicator;

/// Where an indicator lies, with its key.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(in crate::kernel) enum Place {
    /// An IPv4 address.
    HostV4(u32),
    /// An IPv6 /64.
    NetV6(u64),
    /// The code of an IPv4 prefix.
    PrefixV4(u64),
    /// The code of an IPv6 prefix shorter than a /64.
    PrefixV6(u64),
    /// An IPv6 address, or a prefix longer than a /64.
    Longer(StashKey),
}

/// A prefix as the gates want it, in host byte order.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::kernel) enum Prefix {
    V4 { address: u32, length: u32 },
    V6 { net: u64, length: u32 },
}

/// A kind of place.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::kernel) enum Kind {
    HostV4,
    NetV6,
    PrefixV4,
    PrefixV6,
    Longer,
}

impl Kind {
    /// Returns the kind of place that an indicator has, without working the place out; `None` for a
    /// prefix wider than the tables hold.
    pub(in crate::kernel) fn of(indicator: Indicator) -> Option<Self> {
        match (indicator.is_ipv4(), u32::from(indicator.prefix_len())) {
            (true, 32) => Some(Self::HostV4),
            (true, PREFIX4_LEN_MIN..) => Some(Self::PrefixV4),
            (true, _) | (false, ..PREFIX6_LEN_MIN) => None,
            (false, 64) => Some(Self::NetV6),
            (false, 65..) => Some(Self::Longer),
            // What begins like a code of IPv4 has no place.
            (false, _) => Place::of(indicator).map(|_| Self::PrefixV6),
        }
    }
}

impl Place {
    /// Returns where an indicator lies; `None` for a prefix wider than the tables hold.
    pub(in crate::kernel) fn of(indicator: Indicator) -> Option<Self> {
        let length = u32::from(indicator.prefix_len());
        match indicator.address() {
            IpAddr::V4(it) if indicator.is_host() => Some(Self::HostV4(it.to_bits())),
            IpAddr::V4(it) if length >= PREFIX4_LEN_MIN => {
                let code = prefix_code_v4(it.to_bits(), 1 << (31 - length));
                Some(Self::PrefixV4(PREFIX_V4_CODE | u64::from(code)))
            }
            IpAddr::V4(_) => None,
            IpAddr::V6(it) => Self::of_v6(it, length),
        }
    }

    fn of_v6(address: Ipv6Addr, length: u32) -> Option<Self> {
        let (net, host) = halves(address);
        match length {
            ..PREFIX6_LEN_MIN => None,
            // Its code would be taken for that of an IPv4 prefix. It is multicast: no source.
            PREFIX6_LEN_MIN..64 if net >> 48 == 0xffff => None,
            PREFIX6_LEN_MIN..64 => Some(Self::PrefixV6(prefix_code_v6(net, 1 << (63 - length)))),
            64 => Some(Self::NetV6(net)),
            _ => Some(Self::Longer(StashKey::longer(
                net,
                host,
                1 << (128 - length),
            ))),
        }
    }

    /// Returns what lies here.
    pub(in crate::kernel) fn indicator(self) -> Option<Indicator> {
        match self {
            Self::HostV4(it) => Some(Indicator::host(Ipv4Addr::from_bits(it).into())),
            Self::NetV6(net) => prefix_v6(net, 0, 64),
            Self::PrefixV4(_) | Self::PrefixV6(_) => match self.prefix()? {
                Prefix::V4 { address, length } => {
                    let address = Ipv4Addr::from_bits(address);
                    Indicator::prefix(address.into(), u8::try_from(length).ok()?)
                }
                Prefix::V6 { net, length } => prefix_v6(net, 0, length),
            },
            Self::Longer(key) => prefix_v6(key.key, key.host, 128 - key.kind.trailing_zeros()),
        }
    }

    /// Returns the prefix that the gates must open for.
    pub(in crate::kernel) fn prefix(self) -> Option<Prefix> {
        match self {
            Self::PrefixV4(code) => {
                let code = code as u32;
                let marker = code & code.wrapping_neg();
                Some(Prefix::V4 {
                    address: code ^ marker,
                    length: 31 - marker.trailing_zeros(),
                })
            }
            Self::PrefixV6(code) => {
                let marker = code & code.wrapping_neg();
                Some(Prefix::V6 {
                    net: code ^ marker,
                    length: 63 - marker.trailing_zeros(),
                })
            }
            Self::HostV4(_) | Self::NetV6(_) | Self::Longer(_) => None,
        }
    }

    /// Returns the place of an entry of the stash.
    pub(in crate::kernel) fn of_stashed(key: StashKey) -> Option<Self> {
        match key.kind {
            StashKey::KIND_HOST_V4 => u32::try_from(key.key).ok().map(Self::HostV4),
            StashKey::KIND_NET_V6 => Some(Self::NetV6(key.key)),
            StashKey::KIND_PREFIX_V4 => Some(Self::PrefixV4(key.key)),
            StashKey::KIND_PREFIX_V6 => Some(Self::PrefixV6(key.key)),
            last if last.is_power_of_two() => Some(Self::Longer(key)),
            _ => None,
        }
    }
}

/// Returns the two halves of an address in host byte order.
pub(in crate::kernel) fn halves(address: Ipv6Addr) -> (u64, u64) {
    let bits = address.to_bits();
    ((bits >> 64) as u64, bits as u64)
}

fn prefix_v6(net: u64, host: u64, length: u32) -> Option<Indicator> {
    let address = Ipv6Addr::from_bits(u128::from(net) << 64 | u128::from(host));
    Indicator::prefix(address.into(), u8::try_from(length).ok()?)
}

/// Returns the place of a key of the table of prefixes.
pub(super) fn place_of_code(code: u64) -> Place {
    if code & PREFIX_V4_CODE == PREFIX_V4_CODE {
        Place::PrefixV4(code)
    } else {
        Place::PrefixV6(code)
    }
}

#[cfg(test)]
mod tests;
