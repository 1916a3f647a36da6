//! Peers: how this node came to know another, which is what it starts from in trusting it.

/// How a peer was met, weakest first.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum PeerClass {
    /// A stranger met through the global network.
    Dht,
    /// Found on the local network or on this host.
    Lan,
    /// Named in this node's configuration.
    Configured,
}

impl PeerClass {
    /// Returns the word that configuration, reports and the store use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dht => "dht",
            Self::Lan => "lan",
            Self::Configured => "configured",
        }
    }
}
