//! Events: what happens on the node, told as it happens.

use aegis_core::{
    AlertId, Confidence, Indicator, NodeId, ReportSource, Score, Severity, ThreatType, Timestamp,
    file::{FileId, FileSeverity},
};
use serde::{Deserialize, Serialize};

use crate::{
    encoding::{confidence, number, score, severity, text, text_option, time},
    word::{AttachMode, Origin},
};

/// One thing that happened.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Event {
    /// The number of the event since the daemon started, from 1 without a gap.
    pub seq: u64,
    /// When it happened.
    #[serde(with = "time")]
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// What can happen.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum EventKind {
    /// The node is up.
    ServiceRunning {
        #[serde(with = "text")]
        node_id: NodeId,
        listen: Vec<String>,
    },
    /// The node is going down.
    ServiceStopping,
    /// The kernel program hangs on an interface.
    ProgramAttached {
        interface: String,
        mode: AttachMode,
        reason: String,
    },
    /// The kernel program hangs on an interface no more.
    ProgramDetached { interface: String, reason: String },
    /// The node can be reached at an address, a multiaddr text.
    Listening { address: String },
    /// A peer was found.
    PeerDiscovered {
        #[serde(with = "text")]
        peer: NodeId,
        via: Via,
    },
    /// A peer is connected.
    PeerConnected {
        #[serde(with = "text")]
        peer: NodeId,
    },
    /// A peer said goodbye and is connected no more.
    PeerLeft {
        #[serde(with = "text")]
        peer: NodeId,
    },
    /// A peer is connected no more and did not say goodbye: it is cut off, crashed, or was sent away.
    PeerLost {
        #[serde(with = "text")]
        peer: NodeId,
    },
    /// An alert of another node came in and counts.
    AlertReceived {
        #[serde(with = "text")]
        indicator: Indicator,
        #[serde(with = "text")]
        threat_type: ThreatType,
        #[serde(with = "severity")]
        severity: Severity,
        #[serde(with = "text")]
        author: NodeId,
    },
    /// An alert of another node came in and does not block.
    AlertRefused {
        #[serde(with = "text")]
        indicator: Indicator,
        code: String,
        message: String,
        #[serde(with = "text")]
        author: NodeId,
    },
    /// An indicator is blocked, or for longer than before.
    Blocked {
        #[serde(with = "text")]
        indicator: Indicator,
        ttl_secs: u64,
        origin: Origin,
    },
    /// An indicator is blocked no more.
    Unblocked {
        #[serde(with = "text")]
        indicator: Indicator,
        cause: UnblockCause,
    },
    /// A detector of this node caught a source, at a rate in events per second; or a source on this
    /// host reported it, and the rate is how many events it saw.
    Detected {
        #[serde(with = "text")]
        indicator: Indicator,
        #[serde(with = "text")]
        threat_type: ThreatType,
        rate: u32,
        #[serde(with = "severity")]
        severity: Severity,
        #[serde(with = "text_option", default, skip_serializing_if = "Option::is_none")]
        source: Option<ReportSource>,
    },
    /// An address of this host is under a flood of connection requests from many sources.
    AttackStarted {
        #[serde(with = "text")]
        destination: Indicator,
        rate: u32,
    },
    /// That is over, after so many seconds.
    AttackEnded {
        #[serde(with = "text")]
        destination: Indicator,
        secs: u64,
    },
    /// This node told the others.
    Published {
        #[serde(with = "text")]
        indicator: Indicator,
        #[serde(with = "text")]
        threat_type: ThreatType,
        #[serde(with = "severity")]
        severity: Severity,
        #[serde(with = "text")]
        alert_id: AlertId,
    },
    /// The network thinks badly of a source. For information: it is never shared.
    NetworkOpinion {
        #[serde(with = "text")]
        indicator: Indicator,
        #[serde(with = "score")]
        score: Score,
        #[serde(with = "confidence")]
        confidence: Confidence,
        /// How many independent voices there were.
        #[serde(with = "number")]
        voices: f64,
    },
    /// A peer's word was held against the truth, and its trust is this now, 0…100.
    TrustMoved {
        #[serde(with = "text")]
        peer: NodeId,
        trust_percent: u8,
        #[serde(with = "text")]
        indicator: Indicator,
        was_right: bool,
    },
    /// The operator allowed an indicator.
    Allowed {
        #[serde(with = "text")]
        indicator: Indicator,
    },
    /// An indicator is on the allowlist no more.
    Disallowed {
        #[serde(with = "text")]
        indicator: Indicator,
    },
    /// Somebody offers a file.
    FileAnnounced {
        #[serde(with = "text")]
        file: FileId,
        #[serde(with = "text")]
        author: NodeId,
        name: String,
        size: u64,
        #[serde(with = "text")]
        severity: FileSeverity,
    },
    /// An author takes back that it offers a file.
    FileWithdrawn {
        #[serde(with = "text")]
        file: FileId,
        #[serde(with = "text")]
        author: NodeId,
        name: String,
    },
    /// A file is here, whole.
    FileFetched {
        #[serde(with = "text")]
        file: FileId,
        name: String,
        size: u64,
    },
    /// A file is neither offered nor here any more, because its time is over.
    FileExpired {
        #[serde(with = "text")]
        file: FileId,
        name: String,
    },
    /// What a feed lists is blocked: so many entries, of which so many are new and so many went.
    FeedApplied {
        feed: String,
        blocked: u64,
        added: u64,
        gone: u64,
    },
    /// A feed could not be had.
    FeedFailed { feed: String, message: String },
    /// A feed is to be looked at: `empty`, `shrunk`, `stale`, `failing` or `unauthorised`.
    FeedAlarm {
        feed: String,
        alarm: String,
        message: String,
    },
    /// Something does not work as it should.
    Degraded { message: String },
    /// Something that did not work as it should does again.
    Mended { message: String },
    /// Events were lost because the reader was too slow.
    Lagged { missed: u64 },
}

/// How a peer was found.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Via {
    /// On the local network.
    Mdns,
    /// On this host, without a network.
    Host,
    /// In the configuration.
    Config,
    /// Remembered from earlier.
    Memory,
    /// Another peer told of it.
    Peer,
    /// Through the global network.
    Dht,
    /// It called.
    Inbound,
}

/// Why a block ended.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UnblockCause {
    /// The operator said so.
    Operator,
    /// Its time was over.
    Expired,
    /// Its author took it back.
    Withdrawn,
    /// The operator put it on the allowlist.
    Allowed,
    /// It became an address that is never blocked.
    Protected,
    /// It made room for a stronger one in a full table.
    Displaced,
}
