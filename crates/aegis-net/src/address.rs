//! Addresses of nodes, as multiaddr texts that were checked once.

use std::{fmt, net::IpAddr, str::FromStr};

use aegis_core::NodeId;
use libp2p::{Multiaddr, PeerId, multiaddr::Protocol};

mod scope;

pub(crate) use scope::{Scope, is_relayed, reach_of};

/// The longest address in bytes of text.
const TEXT_BYTES_MAX: usize = 256;

/// Where a node can be reached or listens, such as `/ip4/192.0.2.1/tcp/9001`,
/// `/ip6/::/udp/9001/quic-v1` or `/dnsaddr/boot.example`.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Address(String); // the text of a multiaddr that starts with an address or a name

/// A text that is not the multiaddr of a node.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a multiaddr such as /ip4/192.0.2.1/tcp/9001")]
pub struct InvalidAddress;

impl Address {
    /// Returns the TCP address of `port` on `ip`; port 0 lets the system choose.
    pub fn tcp(ip: IpAddr, port: u16) -> Self {
        Self::of(&Multiaddr::from(ip).with(Protocol::Tcp(port)))
    }

    /// Returns the QUIC address of `port` on `ip`; port 0 lets the system choose.
    pub fn quic(ip: IpAddr, port: u16) -> Self {
        let address = Multiaddr::from(ip).with(Protocol::Udp(port));
        Self::of(&address.with(Protocol::QuicV1))
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the IP address, `None` for a name, and where the way leads over a relay, whose
    /// address says nothing of who is behind it.
    pub fn ip(&self) -> Option<IpAddr> {
        ip_of(&self.to_multiaddr())
    }

    /// Returns the TCP or UDP port, `None` where the address has none.
    pub fn port(&self) -> Option<u16> {
        let address = self.to_multiaddr();
        address.iter().find_map(|it| {
            let (Protocol::Tcp(port) | Protocol::Udp(port)) = it else {
                return None;
            };
            Some(port)
        })
    }

    /// Returns the node that the address ends with, if it does.
    pub fn node_id(&self) -> Option<NodeId> {
        node_at_end(&self.to_multiaddr())
    }

    pub(crate) fn of(address: &Multiaddr) -> Self {
        Self(address.to_string())
    }

    pub(crate) fn to_multiaddr(&self) -> Multiaddr {
        #[expect(
            clippy::expect_used,
            reason = "cannot fail because the text was parsed or printed by the same code before"
        )]
        self.0.parse().expect("an address is a multiaddr")
    }
}

impl FromStr for Address {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, InvalidAddress> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(InvalidAddress);
        }
        let address: Multiaddr = text.parse().map_err(|_| InvalidAddress)?;
        let starts_well = matches!(
            address.iter().next(),
            Some(
                Protocol::Ip4(_)
                    | Protocol::Ip6(_)
                    | Protocol::Dns(_)
                    | Protocol::Dns4(_)
                    | Protocol::Dns6(_)
                    | Protocol::Dnsaddr(_)
            )
        );
        let nodes = address.iter().filter(|it| matches!(it, Protocol::P2p(_)));
        let is_relayed = is_relayed(&address);
        let named = usize::from(node_at_end(&address).is_some()) + usize::from(is_relayed);
        let node_is_last = nodes.count() == named && (!is_relayed || is_circuit(&address));
        let text = address.to_string();
        if starts_well && node_is_last && text.len() <= TEXT_BYTES_MAX {
            Ok(Self(text))
        } else {
            Err(InvalidAddress)
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({})", self.0)
    }
}

/// An address that says which node is there: it ends with `/p2p/<peer ID>`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PeerAddress {
    peer: NodeId,
    address: Address, // without the `/p2p/` part
}

/// A text that is not an address with the peer ID of a node.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("not a multiaddr that ends with /p2p/ and the peer ID of an Ed25519 key")]
pub struct InvalidPeerAddress;

impl PeerAddress {
    /// Returns the address of `peer` at `address`, whose own `/p2p/` part is dropped.
    pub fn new(peer: NodeId, address: &Address) -> Self {
        let mut bare = address.to_multiaddr();
        if matches!(bare.iter().last(), Some(Protocol::P2p(_))) {
            bare.pop();
        }
        Self {
            peer,
            address: Address::of(&bare),
        }
    }

    /// Returns who is there.
    pub fn peer(&self) -> NodeId {
        self.peer
    }

    /// Returns where, without the peer ID.
    pub fn address(&self) -> &Address {
        &self.address
    }
}

impl FromStr for PeerAddress {
    type Err = InvalidPeerAddress;

    fn from_str(text: &str) -> Result<Self, InvalidPeerAddress> {
        let address: Address = text.parse().map_err(|_| InvalidPeerAddress)?;
        let peer = address.node_id().ok_or(InvalidPeerAddress)?;
        Ok(Self::new(peer, &address))
    }
}

impl fmt::Display for PeerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/p2p/{}", self.address, self.peer)
    }
}

/// Returns whether a multiaddr is that of a relay, `/p2p-circuit`, and who is behind it or nothing.
fn is_circuit(address: &Multiaddr) -> bool {
    let mut bare = address.clone();
    if node_at_end(&bare).is_some() {
        bare.pop();
    }
    reach_of(&bare).is_some()
}

/// Returns the IP address that a multiaddr starts with, IPv4 where it is IPv4-mapped; `None` where
/// it leads over a relay.
pub(crate) fn ip_of(address: &Multiaddr) -> Option<IpAddr> {
    if is_relayed(address) {
        return None;
    }
    let first = address.iter().next()?;
    if let Protocol::Ip4(ip) = first {
        return Some(ip.into());
    }
    if let Protocol::Ip6(ip) = first {
        return Some(IpAddr::V6(ip).to_canonical());
    }
    None
}

/// Returns the node that a multiaddr ends with.
pub(crate) fn node_at_end(address: &Multiaddr) -> Option<NodeId> {
    let Protocol::P2p(peer) = address.iter().last()? else {
        return None;
    };
    node_of(&peer)
}

/// Returns the node with this peer ID, `None` where its key is not Ed25519.
pub(crate) fn node_of(peer: &PeerId) -> Option<NodeId> {
    NodeId::from_peer_id_bytes(&peer.to_bytes())
}

/// Returns the peer ID of a node.
pub(crate) fn peer_of(node: NodeId) -> PeerId {
    #[expect(
        clippy::expect_used,
        reason = "cannot fail because a node's name is a well-formed identity multihash"
    )]
    PeerId::from_bytes(&node.to_peer_id_bytes()).expect("a node has a peer ID")
}

#[cfg(test)]
mod tests;
