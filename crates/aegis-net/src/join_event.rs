//! What goes into and comes out of the network service about joining by tickets.

use aegis_core::NodeId;

use crate::{
    NetworkSecret, PeerAddress, RequestId,
    join::{JoinQuery, JoinReply},
};

/// What the service reports about it.
#[derive(Clone, Debug)]
pub enum JoinEvent {
    /// A peer asks. It waits for [`JoinCommand::Reply`] for some seconds.
    Asked {
        /// What to reply to.
        request: RequestId,
        /// Who asks; perhaps before it is reported as connected.
        from: NodeId,
        /// What.
        query: JoinQuery,
    },
    /// A peer replied to [`JoinCommand::Ask`].
    Replied {
        /// Who.
        from: NodeId,
        /// What.
        reply: JoinReply,
    },
    /// The service began anew, in the closed network that it was told to enter. It knows nobody's
    /// class or rank, nor which organisations to follow.
    Entered,
    /// A peer did not reply: it is gone, does not want to, does not speak the protocol, or breaks it.
    Failed {
        /// Who was asked.
        peer: NodeId,
    },
}

impl JoinEvent {
    /// Returns whom it came from or is about.
    pub const fn peer(&self) -> Option<NodeId> {
        match self {
            Self::Entered => None,
            Self::Asked { from: peer, .. }
            | Self::Replied { from: peer, .. }
            | Self::Failed { peer } => Some(*peer),
        }
    }
}

/// What the service is told to do about it.
#[derive(Clone, Debug)]
pub enum JoinCommand {
    /// Ask a connected peer. It is reported once, as replied or failed.
    Ask {
        /// Whom.
        peer: NodeId,
        /// What.
        query: JoinQuery,
    },
    /// Reply to [`JoinEvent::Asked`]; `None` refuses to.
    Reply {
        /// Which query.
        request: RequestId,
        /// What.
        reply: Option<JoinReply>,
    },
    /// Deal with a peer as one that the configuration names from now on, and connect to it now.
    Adopt(Vec<PeerAddress>),
    /// Deal with a peer that was adopted as with any other again.
    Disown(NodeId),
    /// Belong to the closed network with this secret from now on: all connections are made anew.
    Enter(NetworkSecret),
}
