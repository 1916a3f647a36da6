//! What the Engine wants done, and what it tells.

use std::{sync::Arc, time::Duration};

use crate::{
    Alert, AlertId, Change, Confidence, Evidence, FeedId, Indicator, KeyRing, MemberRole, NodeId,
    Operator, Opinion, OrganisationId, Origin, Question, Record, Refusal, ReportSource, Reported,
    Score, Severity, Statement, Testimony, ThreatType, Topic, Truth,
    engine::{NetworkOpinion, OrganisationReply, OrganisationWord, PeerStanding},
    sync,
    trust::model::{PeerTrust, Recommendation, Verdict},
};

/// One effect to carry out. The order matters: a record comes before what relies on it.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Write to the store before carrying out what follows.
    Persist(Record),
    /// Make the kernel agree.
    Enforce(Change),
    /// Sign with the node's key and hand back as `Input::Signed`.
    Sign {
        statement: Statement,
        /// For whose members alone; `None` for everybody.
        audience: Option<OrganisationId>,
        purpose: Purpose,
    },
    /// Send to everybody.
    Publish(Arc<Alert>),
    /// Hand these live alerts to a peer just met.
    Push {
        peer: NodeId,
        alerts: Vec<Arc<Alert>>,
    },
    /// Ask these peers; each answers as `Input::Answered` or `Input::Unanswered`.
    Ask {
        id: u64,
        peers: Vec<NodeId>,
        question: Question,
    },
    /// Ask these peers about another; each answers as `Input::Recommended` or `Unanswered`.
    AskAbout {
        id: u64,
        peers: Vec<NodeId>,
        subject: NodeId,
        wait: Duration,
    },
    /// Answer a peer's question: sign what is this node's own, pass on what others signed.
    Testify {
        request: u64,
        own: Vec<(Indicator, Topic, Option<Opinion>)>,
        passed_on: Vec<Arc<Testimony>>,
    },
    /// Answer a peer's question about another.
    Recommend {
        request: u64,
        recommendation: Option<Recommendation>,
    },
    /// Show a peer what organisations signed; with nothing to show, ask it to show what it has.
    Show {
        peer: NodeId,
        words: Vec<OrganisationWord>,
    },
    /// Let members of these organisations be found, and be found as a member of those joined.
    Follow {
        joined: Vec<OrganisationId>,
        trusted: Vec<OrganisationId>,
    },
    /// Deal with a node as this member of a trusted organisation, or as with any other.
    Rank {
        node: NodeId,
        role: Option<MemberRole>,
    },
    /// Read and write with the keys that this ring holds for the node.
    Unlock(Arc<KeyRing>),
    /// Close the connections with a peer, which may come back at once.
    Part(NodeId),
    /// Ask a peer for what it has and this node lacks; it answers as `Input::SyncAnswered`, or
    /// the shell says `Input::SyncFailed` within seconds.
    SyncAsk {
        id: u64,
        peer: NodeId,
        asks: sync::Request<Arc<Alert>>,
    },
    /// Answer a peer's `Input::SyncAsked`.
    SyncAnswer {
        request: u64,
        answer: sync::Answer<Arc<Alert>>,
    },
    /// A peer broke the protocol of sync: let its standing feel it.
    SyncMisbehaved {
        peer: NodeId,
        misbehaviour: sync::Misbehaviour,
    },
    /// Answer the order with this ticket.
    Answer {
        ticket: u64,
        reply: Result<Reply, Refusal>,
    },
    /// Tell whoever watches.
    Notify(Notice),
}

/// Why a statement is signed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Purpose {
    /// A detector's finding.
    Detection,
    /// The operator's word; the order with this ticket waits for it.
    Order {
        ticket: u64,
        user: Operator,
        blocks: bool,
    },
    /// Taking an own alert back.
    Withdrawal { user: Operator },
}

/// What became of an order.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// It is blocked; `alert` is what was shared.
    Blocked {
        indicator: Indicator,
        block_for: Duration,
        alert: Option<AlertId>,
    },
    /// It was shared.
    Published(AlertId),
    /// It was blocked by itself and is not any more, and so many own alerts were taken back;
    /// `covered_by` still blocks it, if anything does; the feeds `listed_by` do not bring it back.
    Unblocked {
        covered_by: Option<Indicator>,
        withdrawn: usize,
        listed_by: Vec<FeedId>,
    },
    /// It was not blocked itself; `covered_by` still blocks it, if anything does.
    NotBlocked {
        covered_by: Option<Indicator>,
        withdrawn: usize,
    },
    /// It is on the allowlist, and these blocks inside it ended.
    Allowed { unblocked: Vec<Indicator> },
    /// It is not on the allowlist any more.
    Disallowed,
    /// It was not on the allowlist.
    NotAllowed,
    /// What the network thinks.
    Opinion(Box<NetworkOpinion>),
    /// A peer's trust was set, and is this now.
    Trusted(Box<PeerStanding>),
    /// Nothing is kept of a peer's trust any more.
    Forgotten { was_known: bool },
    /// What became of each report, in order.
    Reported(Vec<Result<Reported, Refusal>>),
    /// A source has nothing to say of the indicator any more: whether it had, whether the indicator
    /// is blocked all the same, and how many own alerts were taken back.
    ReportWithdrawn {
        was_reported: bool,
        is_blocked: bool,
        withdrawn: usize,
    },
    /// So many entries of an import are blocked, and these are not.
    Imported {
        blocked: usize,
        refused: Vec<(Indicator, Refusal)>,
    },
    /// What became of something about organisations.
    Organisation(OrganisationReply),
}

/// Why a block ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Cause {
    /// Its time was over.
    Expired,
    /// The operator ended it.
    Operator,
    /// Its author took it back.
    Withdrawn,
    /// The indicator became protected or allowed.
    Exempted,
    /// It made room for a stronger one.
    Displaced,
}

impl Cause {
    /// Returns the word that reports use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Operator => "operator",
            Self::Withdrawn => "withdrawn",
            Self::Exempted => "exempted",
            Self::Displaced => "displaced",
        }
    }
}

/// Something worth telling a person.
#[derive(Clone, Debug, PartialEq)]
pub enum Notice {
    /// A detector saw an attack, or a source on this host reported one: with so many events then,
    /// at such a rate otherwise.
    Detected {
        indicator: Indicator,
        threat_type: ThreatType,
        rate: u32,
        severity: Severity,
        evidence: Evidence,
        source: Option<ReportSource>,
    },
    /// A peer's alert came in.
    AlertReceived {
        alert: Arc<Alert>,
        forwarder: NodeId,
    },
    /// A peer's alert or a detection does not block.
    Refused {
        indicator: Indicator,
        author: NodeId,
        refusal: Refusal,
    },
    /// An indicator is blocked for this long from now.
    Blocked {
        indicator: Indicator,
        block_for: Duration,
        origin: Origin,
        author: NodeId,
    },
    /// An indicator is blocked no more.
    Unblocked { indicator: Indicator, cause: Cause },
    /// This node shared an alert.
    Published(Arc<Alert>),
    /// A peer said something of an indicator, in an alert or an answer.
    Reported {
        peer: NodeId,
        indicator: Indicator,
        opinion: Opinion,
        weight: Confidence,
    },
    /// A peer's word was held against the truth, and its trust is this now.
    TrustMoved {
        peer: NodeId,
        indicator: Indicator,
        truth: Truth,
        said: Score,
        trust: PeerTrust,
    },
    /// The network thinks badly of a source. For information: it is never shared.
    NetworkOpinion {
        indicator: Indicator,
        verdict: Verdict,
    },
    /// A detection was not shared because this node already shares as fast as it may.
    Withheld { indicator: Indicator },
}
