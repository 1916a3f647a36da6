//! What the network service is told at start.

use std::{net::Ipv4Addr, path::PathBuf, sync::Arc, time::Duration};

use aegis_core::Timestamp;

use crate::{Address, NetworkSecret, PeerAddress, crowd::Marks, gate::Limits};

/// The port a node listens on unless told otherwise, TCP and UDP.
pub const PORT_DEFAULT: u16 = 9001;

/// Tells the time. The service asks it; it never looks at a clock itself.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Who is told of other peers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PeerExchange {
    /// Nobody, and nobody is asked.
    Off,
    /// Configured peers, peers of the local network and members of trusted organisations.
    Known,
    /// Everybody.
    All,
}

/// How peers are reached behind routers that translate addresses.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RelayConfig {
    /// Whether this node is reached over others where it must be, and makes connections direct.
    pub enabled: bool,
    /// Whether it relays for others where it can be reached itself.
    pub serve: bool,
    /// Nodes that may be reached over this one.
    pub reservations_max: u32,
    /// Connections that this node relays at a time.
    pub circuits_max: u32,
    /// The most bytes of a relayed connection, both ways together.
    pub circuit_bytes_max: u64,
    /// How long a relayed connection may last.
    pub circuit_for_max: Duration,
}

impl Default for RelayConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            serve: true,
            reservations_max: 32,
            circuits_max: 16,
            circuit_bytes_max: 2 * 1024 * 1024,
            circuit_for_max: Duration::from_secs(600),
        }
    }
}

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
    /// How many peers the node wants.
    pub marks: Marks,
    /// Who is told of other peers.
    pub peer_exchange: PeerExchange,
    /// How peers behind routers are reached.
    pub relay: RelayConfig,
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
            marks: Marks::within(100),
            peer_exchange: PeerExchange::All,
            relay: RelayConfig::default(),
            memory_bytes_max: 512 * 1024 * 1024,
            limits: Limits::default(),
        }
    }
}
