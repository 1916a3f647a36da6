//! How far an address reaches.

use std::net::IpAddr;

use libp2p::{Multiaddr, multiaddr::Protocol};

use super::ip_of;

/// How far an address reaches, the nearest first.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Scope {
    /// This host, or nobody at all.
    Host,
    /// A private network, or one behind a provider's translation.
    Private,
    /// Everywhere.
    Public,
}

impl Scope {
    /// Returns how far `ip` reaches. What cannot be one host's address reaches nobody.
    pub(crate) fn of(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            IpAddr::V4(v4) => {
                let [first, second, ..] = v4.octets();
                if first == 0 || first >= 224 || v4.is_loopback() {
                    Self::Host
                } else if v4.is_private()
                    || v4.is_link_local()
                    || (first == 100 && second & 0xc0 == 64)
                {
                    Self::Private
                } else {
                    Self::Public
                }
            }
            IpAddr::V6(v6) => {
                if v6.is_loopback() || v6.is_unspecified() || v6.is_multicast() {
                    Self::Host
                } else if v6.is_unique_local() || v6.is_unicast_link_local() {
                    Self::Private
                } else {
                    Self::Public
                }
            }
        }
    }
}

/// Returns whether an address leads over another node.
pub(crate) fn is_relayed(address: &Multiaddr) -> bool {
    address.iter().any(|it| it == Protocol::P2pCircuit)
}

/// Returns how far an address that somebody else named reaches: a bare TCP or QUIC address of an
/// IP address, or one over a relay at such an address. `None` for every other: nobody has us ask
/// the resolver, and nothing else is dialled.
pub(crate) fn reach_of(address: &Multiaddr) -> Option<Scope> {
    let mut parts = address.iter();
    let ip = ip_of(&Multiaddr::empty().with(parts.next()?))?;
    let second = parts.next()?;
    let port = if let Protocol::Tcp(port) = second {
        port
    } else if let Protocol::Udp(port) = second
        && parts.next()? == Protocol::QuicV1
    {
        port
    } else {
        return None;
    };
    let rest: Vec<Protocol<'_>> = parts.collect();
    let is_bare = matches!(
        rest.as_slice(),
        [] | [Protocol::P2p(_), Protocol::P2pCircuit]
    );
    (is_bare && port != 0).then(|| Scope::of(ip))
}

#[cfg(test)]
mod tests;
