//! Reach: whom a server may send on to.
//!
//! Who publishes a list could otherwise have this host ask servers that answer only to it and its
//! neighbours: its own, those of its network, its cloud's metadata.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Which servers are asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Reach {
    /// Whichever the operator names, and whichever a server inside his network sends on to.
    Anywhere,
    /// Those that are out on the internet.
    Public,
}

impl Reach {
    /// Returns whether a server at this address is asked.
    pub(crate) fn has(self, address: IpAddr) -> bool {
        match self {
            Self::Anywhere => true,
            Self::Public => is_public(address),
        }
    }
}

/// Returns whether an address is out on the internet, as far as IANA's registries of special ones say.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(it) => is_public_v4(it),
        IpAddr::V6(it) => is_public_v6(it),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, ..] = address.octets();
    let is_shared = a == 100 && b & 0xc0 == 64; // RFC 6598
    let is_special = address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_multicast();
    a != 0 && a < 240 && !is_shared && !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, .., high, low] = address.segments();
    // What translators have an address of IPv4 in (RFC 6052, RFC 3056).
    let v4 = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match first {
        0x64 if second == 0xff9b => is_public_v4(v4(high, low)),
        0x2002 => is_public_v4(v4(second, address.segments()[2])),
        _ => first & 0xe000 == 0x2000, // all that is assigned to anybody
    }
}

#[cfg(test)]
mod tests;
