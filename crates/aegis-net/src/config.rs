//! What the network service is told at start.

use std::{net::Ipv4Addr, path::PathBuf, sync::Arc};

use aegis_core::Timestamp;

use crate::{Address, NetworkSecret, PeerAddress, gate::Limits};

/// The port a node listens on unless told otherwise, TCP and UDP.
pub const PORT_DEFAULT: u16 = 9001;

/// Tells the time. The service asks it; it never looks at a clock itself.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// How the network service is set up.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct P2pConfig {
    /// Where to listen.
    pub listen: Vec<Address>,
    /// Where to enter the global network; names (`/dnsaddr/…`) and addresses without a peer ID
    /// too.
    pub bootstrap: Vec<Address>,
    /// Peers named by the operator: dialled for ever, full trust to start from.
    pub peers: Vec<PeerAddress>,
    /// Peers met in earlier runs: dialled again a few times.
    pub known_peers: Vec<PeerAddress>,
    /// Whether to find and be found by nodes of the local network.
    pub mdns: bool,
    /// Whether to take part in the global network's DHT.
    pub kad: bool,
    /// What the nodes of a closed network share; `None` for the open one.
    pub secret: Option<NetworkSecret>,
    /// Where nodes of this host find each other; `None` for not at all.
    pub runtime_dir: Option<PathBuf>,
    /// The most connections at a time, both directions together.
    pub connections_max: u32,
    /// The most memory the process may have for a new connection to be let in.
    pub memory_bytes_max: usize,
    /// What peers and authors may send.
    pub limits: Limits,
}

impl P2pConfig {
    /// Returns the addresses that stand for `port` on every IPv4 interface, by TCP and QUIC.
    pub fn listen_on(port: u16) -> Vec<Address> {
        let any = Ipv4Addr::UNSPECIFIED.into();
        vec![Address::tcp(any, port), Address::quic(any, port)]
    }
}

impl Default for P2pConfig {
    fn default() -> Self {
        Self {
            listen: Self::listen_on(PORT_DEFAULT),
            bootstrap: Vec::new(),
            peers: Vec::new(),
            known_peers: Vec::new(),
            mdns: true,
            kad: true,
            secret: None,
            runtime_dir: None,
            connections_max: 100,
            memory_bytes_max: 512 * 1024 * 1024,
            limits: Limits::default(),
        }
    }
}
