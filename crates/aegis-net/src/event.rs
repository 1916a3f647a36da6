//! What goes into the network service and what comes out of it.

use std::sync::Arc;

use aegis_core::{Alert, Channel, NodeId, PeerClass, Timestamp};

use crate::{Address, PeerAddress, gate::Misbehaviour};

/// How a peer was found.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Via {
    /// By its announcement on the local network.
    Mdns,
    /// By its file in this host's runtime directory.
    RuntimeDir,
    /// It is where the configuration says the global network is entered.
    Bootstrap,
    /// It is named in the configuration.
    Configured,
    /// It was met in an earlier run.
    Known,
    /// Through the global network, or because it came to us.
    Dht,
}

impl Via {
    /// Returns the word that logs and reports use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mdns => "mdns",
            Self::RuntimeDir => "runtime_dir",
            Self::Bootstrap => "bootstrap",
            Self::Configured => "configured",
            Self::Known => "known",
            Self::Dht => "dht",
        }
    }
}

/// What the network service reports.
#[derive(Clone, Debug)]
pub enum NetEvent {
    /// The node can be reached here.
    Listening {
        /// Where.
        address: Address,
    },
    /// A node was found; whether it can be reached is still to be seen.
    PeerDiscovered {
        /// Who.
        peer: NodeId,
        /// How.
        via: Via,
    },
    /// A peer is connected and hears what this node publishes from now on.
    ///
    /// What was published earlier it has not heard: [`NetCommand::Push`] hands it over.
    PeerConnected {
        /// Who.
        peer: NodeId,
        /// Where from or to, as its own network sees it.
        address: Address,
        /// What it starts from in being trusted.
        class: PeerClass,
        /// Whether this node dialled, so that the address can be dialled again.
        dialled: bool,
    },
    /// A connected peer turned out to be of another class, such as found by mDNS after it came.
    PeerClassChanged {
        /// Who.
        peer: NodeId,
        /// What it is now.
        class: PeerClass,
    },
    /// A peer is connected no more.
    PeerLeft {
        /// Who.
        peer: NodeId,
    },
    /// A valid, fresh alert came in; it is relayed to whoever may not have heard it.
    AlertReceived {
        /// The alert.
        alert: Arc<Alert>,
        /// Who handed it over; the author only if it is the same node.
        forwarder: NodeId,
        /// By what way.
        channel: Channel,
    },
    /// A peer broke the protocol.
    Misbehaved {
        /// Who.
        peer: NodeId,
        /// How.
        misbehaviour: Misbehaviour,
    },
    /// A peer was cut off and is not let in before `until`.
    PeerBanned {
        /// Who.
        peer: NodeId,
        /// Until when.
        until: Timestamp,
    },
}

/// What the network service is told to do.
#[derive(Clone, Debug)]
pub enum NetCommand {
    /// Send a signed alert to the whole network.
    Publish(Arc<Alert>),
    /// Hand alerts over to one peer.
    Push {
        /// To whom.
        peer: NodeId,
        /// What; beyond [`PUSH_ALERTS_MAX`](crate::PUSH_ALERTS_MAX) they are left out.
        alerts: Vec<Arc<Alert>>,
    },
    /// Connect to a peer now, as if the operator had configured where it is, but not whom to trust.
    Dial(PeerAddress),
    /// Cut a peer off and do not let it in before `until`.
    Ban {
        /// Whom.
        peer: NodeId,
        /// Until when.
        until: Timestamp,
    },
    /// Let a banned peer in again.
    Unban(NodeId),
    /// Give a node, peer or author, the quota of a class.
    SetClass {
        /// Whom.
        peer: NodeId,
        /// Which.
        class: PeerClass,
    },
    /// Say goodbye and stop.
    Shutdown,
}
