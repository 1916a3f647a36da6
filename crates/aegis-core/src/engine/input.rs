//! What comes into the Engine.

use std::{collections::BTreeSet, net::IpAddr, sync::Arc, time::Duration};

use crate::{
    Alert, BlockDuration, Channel, Description, Detection, Evidence, HostFacts, Indicator, NodeId,
    Operator, OrganisationId, PeerClass, Question, Report, ReportSource, Severity, Testimony,
    ThreatType,
    engine::{FeedInput, Import, OrganisationCommand, OrganisationWord, Purpose},
    sync,
    trust::model::{Introduction, Recommendation},
};

/// One thing that happened.
#[derive(Clone, Debug)]
pub enum Input {
    /// A detector of this host saw an attack.
    Detected(Detection),
    /// Programs of this host saw attacks, and nobody waits for what becomes of that.
    Reported(Vec<Report>),
    /// An alert came in whose signature was checked.
    AlertReceived {
        alert: Arc<Alert>,
        forwarder: NodeId,
        channel: Channel,
    },
    /// The shell signed what `Output::Sign` asked for.
    Signed { alert: Arc<Alert>, purpose: Purpose },
    /// A person or program on this host wants something.
    Ordered(Order),
    /// The host's addresses, gateways, resolvers or sessions are now these.
    HostChanged(HostFacts),
    /// The names on the operator's allowlist stand for these addresses now, and for no others.
    NamesResolved(BTreeSet<IpAddr>),
    /// Addresses held an accepted TCP connection here that carried data both ways, or completed
    /// a handshake by SYN cookie: they are somebody's, who talks to this host.
    Established(Vec<IpAddr>),
    /// A peer is connected.
    PeerConnected {
        peer: NodeId,
        class: PeerClass,
        address: PeerAddress,
    },
    /// The last connection to a peer is gone.
    PeerLeft(NodeId),
    /// A peer answered `Output::Ask`.
    Answered {
        id: u64,
        from: NodeId,
        testimonies: Vec<Arc<Testimony>>,
    },
    /// A peer that was asked does not answer.
    Unanswered { id: u64, peer: NodeId },
    /// A peer answered `Output::AskAbout`.
    Recommended {
        id: u64,
        from: NodeId,
        recommendation: Option<Recommendation>,
    },
    /// A peer asks; `Output::Testify` answers.
    Asked {
        request: u64,
        from: NodeId,
        question: Question,
    },
    /// A peer asks about another; `Output::Recommend` answers.
    AskedAbout {
        request: u64,
        from: NodeId,
        subject: NodeId,
    },
    /// A peer showed what organisations signed; the signatures were checked. With nothing to show it
    /// asks to be shown.
    Shown {
        from: NodeId,
        words: Vec<OrganisationWord>,
    },
    /// A peer reconciles with this node; `Output::SyncAnswer` answers. Every alert in it has been
    /// verified.
    SyncAsked {
        request: u64,
        from: NodeId,
        asked: sync::Request<Arc<Alert>>,
    },
    /// A peer answered `Output::SyncAsk`. Every alert in it has been verified.
    SyncAnswered {
        id: u64,
        from: NodeId,
        answer: sync::Answer<Arc<Alert>>,
    },
    /// A peer does not answer `Output::SyncAsk`, or not with what can be read.
    SyncFailed { id: u64, peer: NodeId },
    /// A connected peer answered a ping, or did not.
    Pinged { peer: NodeId, is_good: bool },
    /// A peer broke the protocol, beyond doubt.
    Misbehaved(NodeId),
    /// Something about a feed.
    Feed(FeedInput),
    /// The node stops: what was gathered to be written is written.
    Stopping,
    /// The node stops for good: every block ends.
    Cleared,
}

/// Where a peer is: its multiaddr as text and, where that has one, the IP address in it.
pub type PeerAddress = (String, Option<IpAddr>);

/// A command and who gave it; `ticket` names the `Output::Answer` to it.
#[derive(Clone, Debug)]
pub struct Order {
    /// Chosen by the shell, returned with the answer.
    pub ticket: u64,
    /// Who asks.
    pub user: Operator,
    /// What is wanted.
    pub command: Command,
}

/// What an operator can want.
#[derive(Clone, Debug)]
pub enum Command {
    /// Block here, and share that where `publish` says so.
    Block {
        subject: Subject,
        publish: bool,
        force: bool,
    },
    /// Share without blocking here.
    Publish { subject: Subject, force: bool },
    /// End the block of exactly this indicator; with `withdraw`, take own alerts back too.
    Unblock {
        indicator: Indicator,
        withdraw: bool,
    },
    /// Put an indicator on the allowlist, for ever where `allow_for` is `None`.
    Allow {
        indicator: Indicator,
        allow_for: Option<Duration>,
        comment: Option<Description>,
    },
    /// Take an indicator off the allowlist.
    Disallow(Indicator),
    /// Ask connected peers what they think of an indicator.
    Ask(Indicator),
    /// Say how far a peer is trusted in advance.
    Trust {
        peer: NodeId,
        introduction: Introduction,
    },
    /// Forget what a peer did, and what was said of its trust.
    Forget(NodeId),
    /// Take in what programs of this host saw.
    Report(Vec<Report>),
    /// Take back what a source reported of exactly this indicator.
    WithdrawReport {
        indicator: Indicator,
        source: ReportSource,
    },
    /// Block what another program blocked.
    Import(Import),
    /// Something about organisations.
    Organisation(OrganisationCommand),
}

/// What an operator says of an indicator.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Subject {
    /// What it is about.
    pub indicator: Indicator,
    /// For how long.
    pub block_for: BlockDuration,
    /// What it did.
    pub threat_type: ThreatType,
    /// How bad that is.
    pub severity: Severity,
    /// Whether the source is proven: an operator's word counts as proven unless said otherwise.
    pub evidence: Evidence,
    /// In the operator's words.
    pub description: Option<Description>,
    /// For whose members alone it is shared; `None` for everybody.
    pub audience: Option<OrganisationId>,
}
