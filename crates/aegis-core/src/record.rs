//! Records: what must be on disk before anything is done that relies on it.

use std::{net::IpAddr, sync::Arc};

use crate::{
    AccessKey, AccessRecord, Alert, AlertId, Confidence, Decision, FoundedOrganisation,
    HistoryEntry, Indicator, KeptReport, KeyName, NodeId, Operator, OrganisationRecord, Origin,
    PeerClass, ReportSource, Timestamp, TrustedOrganisation,
    file::{Announcement, FileId},
    trust::model::{Introduction, ModelKind},
};

/// An entry of the operator's allowlist.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AllowEntry {
    /// What is allowed.
    pub indicator: Indicator,
    /// When it was added.
    pub added_at: Timestamp,
    /// When it ends; `None` for never.
    pub expires_at: Option<Timestamp>,
    /// Why, in the operator's words; printable, at most 512 bytes.
    pub comment: Option<crate::Description>,
}

/// The operator's unblock: neither alerts from others nor feeds block the indicator until it ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Unblock {
    /// What was unblocked.
    pub indicator: Indicator,
    /// When.
    pub unblocked_at: Timestamp,
    /// When no alert that was alive then can be alive any more, and no feed that lists it was had for long.
    pub expires_at: Timestamp,
}

/// A peer worth remembering.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KnownPeer {
    /// Who it is.
    pub peer: NodeId,
    /// How it was met.
    pub class: PeerClass,
    /// Where it was reached last, as a multiaddr text of at most 256 bytes.
    pub address: String,
    /// When it was seen first.
    pub first_seen_at: Timestamp,
    /// When it was seen last.
    pub last_seen_at: Timestamp,
}

/// What a trust model keeps of a peer.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptTrust {
    /// Of whom.
    pub peer: NodeId,
    /// Which model wrote the memory; no other can read it.
    pub model: ModelKind,
    /// In the model's own bytes.
    pub memory: Arc<[u8]>,
    /// Verified cases in which it was right: who earned most is forgotten last.
    pub right: u64,
    /// How far it was trusted when, oldest first.
    pub trend: Vec<(Timestamp, Confidence)>,
    /// When this was written.
    pub kept_at: Timestamp,
}

/// Who changed something.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Actor {
    /// A detector of this node.
    Detector,
    /// A person or program on this host, by user id.
    User(u32),
    /// Whoever holds a key that this node gave out, by the key's name.
    Key(KeyName),
    /// Another node, as author of an alert.
    Peer(NodeId),
    /// The node itself: expiry, start, protection.
    Node,
}

impl From<Operator> for Actor {
    fn from(operator: Operator) -> Self {
        match operator {
            Operator::User(uid) => Self::User(uid),
            Operator::Key(name) => Self::Key(name),
        }
    }
}

/// What was done, for the audit log.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Action {
    Block,
    Unblock,
    Expire,
    Withdraw,
    Allow,
    Disallow,
    Publish,
    Trust,
    Forget,
    Share,
    Unshare,
    Organisation,
    Key,
    Mode,
    Start,
    Stop,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 16] = [
        Self::Block,
        Self::Unblock,
        Self::Expire,
        Self::Withdraw,
        Self::Allow,
        Self::Disallow,
        Self::Publish,
        Self::Trust,
        Self::Forget,
        Self::Share,
        Self::Unshare,
        Self::Organisation,
        Self::Key,
        Self::Mode,
        Self::Start,
        Self::Stop,
    ];

    /// Returns the word that the audit log keeps.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Unblock => "unblock",
            Self::Expire => "expire",
            Self::Withdraw => "withdraw",
            Self::Allow => "allow",
            Self::Disallow => "disallow",
            Self::Publish => "publish",
            Self::Trust => "trust",
            Self::Forget => "forget",
            Self::Share => "share",
            Self::Unshare => "unshare",
            Self::Organisation => "organisation",
            Self::Key => "key",
            Self::Mode => "mode",
            Self::Start => "start",
            Self::Stop => "stop",
        }
    }
}

/// One line of the audit log.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AuditEntry {
    /// When it was done.
    pub at: Timestamp,
    /// Who did it.
    pub actor: Actor,
    /// What was done.
    pub action: Action,
    /// To what; `None` where it concerns the node as a whole.
    pub indicator: Option<Indicator>,
    /// What else is worth knowing, such as the end of the block; printable.
    pub detail: String,
}

/// One change of what the node must know after a restart.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// A live alert came in or was made here.
    AlertAdded {
        alert: Arc<Alert>,
        received_at: Timestamp,
    },
    /// An alert expired, was withdrawn or evicted.
    AlertRemoved(AlertId),
    /// A decision was made or prolonged; one per indicator, origin and author.
    DecisionMade(Decision),
    /// A decision ended.
    DecisionEnded {
        indicator: Indicator,
        origin: Origin,
        author: NodeId,
    },
    /// What a source on this host reports of an indicator; one per indicator and source.
    ReportKept(KeptReport),
    /// A source reports it no more.
    ReportGone {
        indicator: Indicator,
        source: ReportSource,
    },
    /// No own detector's decision about it is left, and so no report.
    ReportsEnded(Indicator),
    /// The allowlist gained or replaced an entry.
    Allowed(AllowEntry),
    /// The allowlist lost an entry.
    Disallowed(Indicator),
    /// The operator unblocked an indicator.
    Unblocked(Unblock),
    /// The unblock holds no more.
    UnblockEnded(Indicator),
    /// A peer was met or seen again.
    PeerSeen(KnownPeer),
    /// What the trust model keeps of a peer changed.
    TrustKept(KeptTrust),
    /// What the trust model keeps of all peers together changed.
    SharedTrustKept { model: ModelKind, memory: Arc<[u8]> },
    /// The operator said how far a peer is trusted in advance.
    PretrustSet {
        peer: NodeId,
        introduction: Introduction,
    },
    /// The operator wants nothing to be kept of a peer's trust, nor of what was said of it.
    TrustForgotten(NodeId),
    /// A file was announced or taken back: what counts of its author's words about it.
    FileAnnounced(Arc<Announcement>),
    /// What an author said of a file is over or was pushed out.
    FileAnnouncementGone { file: FileId, author: NodeId },
    /// What is known of an organisation changed.
    Organisation(OrganisationRecord),
    /// Who may use the node by a key changed.
    Access(AccessRecord),
    /// Something was done that the audit log must show.
    Audit(AuditEntry),
    /// Something was seen or done that people may ask for later.
    Happened(HistoryEntry),
}

/// What a store gives back at start: everything alive, alerts as their signed bytes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// Signed bytes of live alerts with their time of arrival; to be verified again.
    pub alerts: Vec<(Arc<[u8]>, Timestamp)>,
    /// Active decisions.
    pub decisions: Vec<Decision>,
    /// What sources on this host reported.
    pub reports: Vec<KeptReport>,
    /// The allowlist.
    pub allowlist: Vec<AllowEntry>,
    /// Unblocks that still hold.
    pub unblocks: Vec<Unblock>,
    /// Peers, those seen last first.
    pub peers: Vec<KnownPeer>,
    /// What was kept of peers' trust, newest first, whichever model wrote it.
    pub trust: Vec<KeptTrust>,
    /// What models kept of all peers together.
    pub shared_trust: Vec<(ModelKind, Arc<[u8]>)>,
    /// How far peers are trusted in advance by the operator's word.
    pub pretrust: Vec<(NodeId, Introduction)>,
    /// Signed bytes of announcements of files; to be verified again.
    pub file_announcements: Vec<Arc<[u8]>>,
    /// What was known of organisations.
    pub organisations: OrganisationSnapshot,
    /// The keys that are given out.
    pub access_keys: Vec<AccessKey>,
}

/// What a store gives back of organisations; what was signed as its bytes, to be verified again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OrganisationSnapshot {
    /// Whom the operator trusts.
    pub trusted: Vec<TrustedOrganisation>,
    /// Whose keys this node holds.
    pub founded: Vec<FoundedOrganisation>,
    /// Memberships that are not over.
    pub memberships: Vec<Arc<[u8]>>,
    /// The newest list of revocations of each organisation.
    pub revocations: Vec<Arc<[u8]>>,
    /// The newest ring of keys of each organisation.
    pub keys: Vec<Arc<[u8]>>,
}

/// What the host is and stands on, as its kernel and files tell.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct HostFacts {
    /// Addresses of this host's interfaces.
    pub own: std::collections::BTreeSet<IpAddr>,
    /// Default gateways.
    pub gateways: std::collections::BTreeSet<IpAddr>,
    /// DNS resolvers.
    pub resolvers: std::collections::BTreeSet<IpAddr>,
    /// Time servers.
    pub time_servers: std::collections::BTreeSet<IpAddr>,
    /// Remote ends of authenticated admin sessions.
    pub sessions: std::collections::BTreeSet<IpAddr>,
}
