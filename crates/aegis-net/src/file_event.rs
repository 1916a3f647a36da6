//! What goes into and comes out of the network service about files, on a queue of its own.

use aegis_core::{
    NodeId,
    file::{Audience, FileId},
};

use crate::file::{FileQuery, FileReply};

/// The number by which the owner of the files knows a query of its own again.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct FileAskId(pub u64);

/// The number by which the service knows a peer's query again.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct FileRequestId(pub u64);

/// What the service reports about files.
#[derive(Clone, Debug)]
pub enum FileEvent {
    /// A peer is connected and may be asked.
    PeerConnected {
        /// Who.
        peer: NodeId,
    },
    /// A peer is connected no more.
    PeerLeft {
        /// Who.
        peer: NodeId,
    },
    /// A peer asks or tells something. It waits for [`FileCommand::Reply`] for half a minute.
    Asked {
        /// What to reply to.
        request: FileRequestId,
        /// Who asks.
        from: NodeId,
        /// What.
        query: FileQuery,
    },
    /// A peer replied to [`FileCommand::Ask`] with what fits it. A manifest is that of the file; the
    /// bytes of a chunk are not checked.
    Replied {
        /// Which query.
        id: FileAskId,
        /// Who replied.
        from: NodeId,
        /// What.
        reply: FileReply,
    },
    /// A peer did not reply, or with what breaks the protocol. Each query is reported once: so, or as
    /// replied to.
    Failed {
        /// Which query.
        id: FileAskId,
        /// Who was asked.
        peer: NodeId,
    },
}

/// What the service is told to do about files.
#[derive(Clone, Debug)]
pub enum FileCommand {
    /// Ask a connected peer.
    Ask {
        /// What the reply is to be known by.
        id: FileAskId,
        /// Whom.
        peer: NodeId,
        /// What.
        query: FileQuery,
    },
    /// Reply to [`FileEvent::Asked`].
    Reply {
        /// Which query.
        request: FileRequestId,
        /// What.
        reply: FileReply,
    },
    /// These files are here wholly, each for whom it says: let them find this node. At most 1024 are.
    Hold(Vec<(FileId, Audience)>),
    /// Look for holders of a file in the global network and connect to them: whoever is found is reported as
    /// [`FileEvent::PeerConnected`] like any other.
    Seek {
        /// Which.
        file: FileId,
        /// For whom it is.
        audience: Audience,
    },
    /// A peer served bytes that are not those of the chunk: that costs it its standing.
    Blame {
        /// Who.
        peer: NodeId,
    },
}
