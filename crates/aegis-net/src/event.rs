//! What goes into the network service and what comes out of it.

use std::{sync::Arc, time::Duration};

use aegis_core::{
    Alert, Channel, Indicator, KeyRing, MemberRole, NodeId, Opinion, OrganisationId,
    OrganisationWord, PeerClass, Question, Testimony, Timestamp, Topic, sync,
    trust::model::Recommendation,
};

use crate::{
    Address, FileCommand, JoinCommand, JoinEvent, PeerAddress, Surroundings, crowd::Worth,
    gate::Misbehaviour,
};

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
    /// In the global network, as a member of an organisation that is followed.
    Member,
    /// In the global network, as a holder of a file that is wanted.
    Holder,
    /// A peer told of it.
    Exchange,
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
            Self::Member => "member",
            Self::Holder => "holder",
            Self::Exchange => "exchange",
            Self::Dht => "dht",
        }
    }
}

/// The number by which the daemon knows a question of its own again. It never leaves the node.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct QuestionId(pub u64);

/// The number by which the service knows a peer's question again. It never leaves the node.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RequestId(pub u64);

/// Why a peer's answer to a question is not there.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Silence {
    /// It did not answer while the question waited.
    TimedOut,
    /// It is not connected, or left before it answered.
    Gone,
    /// It does not want to answer, or cannot.
    Refused,
    /// It does not speak the protocol.
    Unsupported,
    /// What it answered breaks the protocol.
    Misbehaved,
    /// It was not asked: this node has too many questions under way or has asked this peer too
    /// much, or the question is about nothing, or about too much, or goes to too many.
    NotAsked,
}

impl Silence {
    /// Returns the word that logs and reports use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TimedOut => "timed_out",
            Self::Gone => "gone",
            Self::Refused => "refused",
            Self::Unsupported => "unsupported",
            Self::Misbehaved => "misbehaved",
            Self::NotAsked => "not_asked",
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
        /// Whether it said so; else it was lost, or sent away.
        said_goodbye: bool,
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
    /// A peer answered [`NetCommand::Ask`]. What it says is authentic, fresh and about what was
    /// asked; nothing else about it is known.
    Answered {
        /// Which question.
        id: QuestionId,
        /// Who answered.
        from: NodeId,
        /// What it says and, where the question could be passed on, what others said to it: at
        /// most one of each author about each indicator, none of this node's own.
        testimonies: Vec<Arc<Testimony>>,
    },
    /// A peer answered [`NetCommand::AskAbout`].
    Recommended {
        /// Which question.
        id: QuestionId,
        /// Who answered.
        from: NodeId,
        /// What it knows of the subject; `None` where it says that it knows nothing.
        recommendation: Option<Recommendation>,
    },
    /// A peer that was asked does not answer. Each peer of a question is reported once: so, or as
    /// one that answered.
    Unanswered {
        /// Which question.
        id: QuestionId,
        /// Who does not answer.
        peer: NodeId,
        /// Why.
        why: Silence,
    },
    /// A peer asks what this node thinks. Its question waits for [`NetCommand::Answer`] as long
    /// as it says, and is refused if there is none.
    Asked {
        /// What to answer to.
        request: RequestId,
        /// Who asks; perhaps before it is reported as connected.
        from: NodeId,
        /// What it asks. Its indicators are in order.
        question: Question,
    },
    /// A peer asks what this node thinks of another. Its question waits for
    /// [`NetCommand::Recommend`], and is refused if there is none in time.
    AskedAbout {
        /// What to answer to.
        request: RequestId,
        /// Who asks; perhaps before it is reported as connected.
        from: NodeId,
        /// About whom.
        subject: NodeId,
        /// How long it waits.
        wait: Duration,
    },
    /// A peer showed what organisations signed. The signatures were checked, and what it showed as
    /// its own membership is its own; whether any of it holds now is still to be seen. A peer that shows
    /// nothing asks to be shown what this node has.
    Shown {
        /// Who.
        from: NodeId,
        /// What.
        words: Vec<OrganisationWord>,
    },
    /// A peer reconciles with this node. Its request waits for [`NetCommand::SyncAnswer`] for some
    /// seconds, and is refused if there is none. Every alert in it is authentic.
    SyncAsked {
        /// What to answer to.
        request: RequestId,
        /// Who asks.
        from: NodeId,
        /// What.
        asked: sync::Request<Arc<Alert>>,
    },
    /// A peer answered [`NetCommand::SyncAsk`]. Every alert in the answer is authentic; whether it
    /// is what was asked for is still to be seen.
    SyncAnswered {
        /// Which request.
        id: QuestionId,
        /// Who answered.
        from: NodeId,
        /// What.
        answer: sync::Answer<Arc<Alert>>,
    },
    /// A peer did not answer [`NetCommand::SyncAsk`]: it is gone, does not want to, does not speak
    /// the protocol, or broke it.
    SyncFailed {
        /// Which request.
        id: QuestionId,
        /// Who does not answer.
        peer: NodeId,
    },
    /// Something about joining by tickets.
    Join(JoinEvent),
    /// The node's place in the network changed. Reported once a beat at most.
    Placed(Box<Surroundings>),
    /// A connected peer answered a ping, or did not. Reported every 10 s at most.
    Pinged {
        /// Who.
        peer: NodeId,
        /// How long the ping took, there and back; `None` where no answer came.
        rtt: Option<Duration>,
    },
}

impl NetEvent {
    /// Returns the word that logs use for what happened.
    pub(crate) const fn as_str(&self) -> &'static str {
        match self {
            Self::Listening { .. } => "listening",
            Self::PeerDiscovered { .. } => "peer_discovered",
            Self::PeerConnected { .. } => "peer_connected",
            Self::PeerClassChanged { .. } => "peer_class_changed",
            Self::PeerLeft { .. } => "peer_left",
            Self::AlertReceived { .. } => "alert_received",
            Self::Misbehaved { .. } => "misbehaved",
            Self::PeerBanned { .. } => "peer_banned",
            Self::Answered { .. } => "answered",
            Self::Recommended { .. } => "recommended",
            Self::Unanswered { .. } => "unanswered",
            Self::Asked { .. } => "asked",
            Self::AskedAbout { .. } => "asked_about",
            Self::Shown { .. } => "shown",
            Self::SyncAsked { .. } => "sync_asked",
            Self::SyncAnswered { .. } => "sync_answered",
            Self::SyncFailed { .. } => "sync_failed",
            Self::Join(_) => "join",
            Self::Placed(_) => "placed",
            Self::Pinged { .. } => "pinged",
        }
    }

    /// Returns whom it came from or is about.
    pub(crate) const fn peer(&self) -> Option<NodeId> {
        match self {
            Self::Listening { .. } | Self::Placed(_) => None,
            Self::Join(event) => event.peer(),
            Self::AlertReceived {
                forwarder: peer, ..
            }
            | Self::Answered { from: peer, .. }
            | Self::Recommended { from: peer, .. }
            | Self::Asked { from: peer, .. }
            | Self::Shown { from: peer, .. }
            | Self::AskedAbout { from: peer, .. }
            | Self::SyncAsked { from: peer, .. }
            | Self::SyncAnswered { from: peer, .. }
            | Self::SyncFailed { peer, .. }
            | Self::PeerDiscovered { peer, .. }
            | Self::PeerConnected { peer, .. }
            | Self::PeerClassChanged { peer, .. }
            | Self::PeerLeft { peer, .. }
            | Self::Misbehaved { peer, .. }
            | Self::PeerBanned { peer, .. }
            | Self::Unanswered { peer, .. }
            | Self::Pinged { peer, .. } => Some(*peer),
        }
    }
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
    /// Make all connections anew: this host was cut off, and is connected again.
    Reconnect,
    /// Cut a peer off and do not let it in before `until`.
    Ban {
        /// Whom.
        peer: NodeId,
        /// Until when.
        until: Timestamp,
    },
    /// Let a banned peer in again.
    Unban(NodeId),
    /// Close the connections with a peer, and with them all that is under way; it may come back at
    /// once.
    Part(NodeId),
    /// Give a node, peer or author, the quota of a class.
    SetClass {
        /// Whom.
        peer: NodeId,
        /// Which.
        class: PeerClass,
    },
    /// Ask connected peers what they think of some indicators. Each of them is reported once, as
    /// [`NetEvent::Answered`] or [`NetEvent::Unanswered`], at the question's deadline at the latest.
    Ask {
        /// What the answers are to be known by.
        id: QuestionId,
        /// Whom: at most [`QUESTION_PEERS_MAX`](aegis_core::QUESTION_PEERS_MAX), each once.
        peers: Vec<NodeId>,
        /// What. It waits for [`QUESTION_WAIT_MAX`](crate::QUESTION_WAIT_MAX) at most.
        question: Question,
    },
    /// Ask connected peers what they think of a node. Each of them is reported once, as
    /// [`NetEvent::Recommended`] or [`NetEvent::Unanswered`], at the deadline at the latest.
    AskAbout {
        /// What the answers are to be known by.
        id: QuestionId,
        /// Whom: at most [`QUESTION_PEERS_MAX`](aegis_core::QUESTION_PEERS_MAX), each once.
        peers: Vec<NodeId>,
        /// About whom.
        subject: NodeId,
        /// How long to wait: at most [`QUESTION_WAIT_MAX`](crate::QUESTION_WAIT_MAX).
        wait: Duration,
    },
    /// Answer [`NetEvent::Asked`]. What was not asked about is left out, and so is what is too old.
    Answer {
        /// Which question.
        request: RequestId,
        /// What this node thinks; `None` says that it has no evidence of its own. Within a second
        /// it says one thing of an indicator, the first.
        own: Vec<(Indicator, Topic, Option<Opinion>)>,
        /// What others said, if the question may be passed on.
        passed_on: Vec<Arc<Testimony>>,
    },
    /// Answer [`NetEvent::AskedAbout`].
    Recommend {
        /// Which question.
        request: RequestId,
        /// What this node knows of the subject; `None` says that it knows nothing.
        recommendation: Option<Recommendation>,
    },
    /// Do something about joining by tickets.
    Join(JoinCommand),
    /// Do something about files.
    File(FileCommand),
    /// Show a connected peer what organisations signed; with no words, ask it to show what it has.
    Show {
        /// To whom.
        peer: NodeId,
        /// What; beyond what fits into a frame it is left out.
        words: Vec<OrganisationWord>,
    },
    /// Be found as a member of the organisations joined, and look for members of all of these.
    Follow {
        /// This node is a member of them.
        joined: Vec<OrganisationId>,
        /// Their members are trusted.
        trusted: Vec<OrganisationId>,
    },
    /// Read and write with the keys that this ring holds for the node.
    Unlock(Arc<KeyRing>),
    /// Deal with a node as this member of a trusted organisation, or as with any other.
    Rank {
        /// Whom.
        node: NodeId,
        /// As what.
        role: Option<MemberRole>,
    },
    /// Ask a connected peer for what it has and this node lacks. It is reported once, as
    /// [`NetEvent::SyncAnswered`] or [`NetEvent::SyncFailed`], within 20 s.
    SyncAsk {
        /// What the answer is to be known by.
        id: QuestionId,
        /// Whom.
        peer: NodeId,
        /// What.
        asks: sync::Request<Arc<Alert>>,
    },
    /// Answer [`NetEvent::SyncAsked`].
    SyncAnswer {
        /// Which request.
        request: RequestId,
        /// What this node says.
        answer: sync::Answer<Arc<Alert>>,
    },
    /// What the daemon thinks of connected peers; the least useful leave where there are too many.
    Weigh(Vec<(NodeId, Worth)>),
    /// Charge a peer for what the daemon found that it did.
    Blame {
        /// Whom.
        peer: NodeId,
        /// For what.
        misbehaviour: Misbehaviour,
    },
    /// Say goodbye and stop.
    Shutdown,
}
