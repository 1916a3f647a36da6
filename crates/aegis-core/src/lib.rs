//! The pure domain of AEGIS: types that cannot be wrong, guards, policy, blocklist, and the Engine.
//!
//! Nothing here knows a socket, a kernel, a database, a file or a clock. Time comes in as
//! [`Timestamp`], effects go out as values.

mod alert;
mod ask;
mod blocklist;
mod bucket;
mod budget;
mod casebook;
mod decision;
mod detection;
mod dice;
mod engine;
mod feed;
mod few;
pub mod file;
pub mod gossip;
mod guard;
mod history;
mod host_name;
mod indicator;
mod ledger;
mod location;
mod node_id;
mod operator;
mod opinion;
mod organisation;
mod peer;
mod policy;
mod prefix_map;
mod record;
mod refusal;
pub mod replay;
mod report;
mod ruleset;
pub mod sync;
mod testimony;
mod threat;
mod time;
pub mod trust;
mod violation;

pub use alert::{
    ALERT_BYTES_MAX, Alert, AlertId, Channel, Description, Freshness, InvalidAlertId,
    InvalidDescription, LATE_MAX, SKEW_MAX, Statement,
};
pub use ask::{AskPolicy, Audience, Disclosure};
pub use bucket::TokenBucket;
pub use budget::Allowance;
pub use decision::{Decision, Origin};
pub use detection::Detection;
pub use engine::{
    BLOCKS_MAX, Cause, Checked, Command, Counters, Engine, EngineConfig, FeedInput, FeedPart,
    FeedWeight, IMPORT_TTL_MAX, Import, ImportEntry, Input, JudgedWord, NetworkOpinion, Notice,
    Order, OrganisationCommand, OrganisationReply, OrganisationRestore, OrganisationWord, Output,
    PEERS_MAX, Peer, PeerAddress, PeerStanding, Purpose, Reply, Restore, Subject, SyncCounters,
    Why, WhyEvidence,
};
pub use feed::{FEED_BYTES_MAX, FEED_ENTRIES_MAX, Feed, FeedId, InvalidFeed};
pub use history::{HistoryEntry, HistoryId, HistoryKind, InvalidHistoryId, InvalidHistoryKind};
pub use host_name::{HostName, InvalidHostName};
pub use indicator::{Indicator, InvalidIndicator};
pub use ledger::Outcome;
pub use location::{CountryCode, InvalidRegion, Location, Region};
pub use node_id::{InvalidNodeId, NodeId};
pub use operator::{
    ACCESS_KEYS_MAX, AccessKey, AccessRecord, AccessScope, InvalidKeyName, KeyName, Operator,
};
pub use opinion::{Opinion, Score, Topic, Truth};
pub use organisation::{
    Affiliation, FoundedOrganisation, Grant, ISSUED_MAX, InvalidGrant, InvalidOrganisationName,
    InvalidRevocations, KeyRing, MemberRole, Membership, ORGANISATIONS_MAX, OWN_MEMBERSHIPS_MAX,
    OrganisationId, OrganisationName, OrganisationRecord, Organisations, PROVEN_MAX,
    REVOCATIONS_MAX, Revocation, RevocationList, Revocations, SERIAL_MAX, TrustedOrganisation,
    VALIDITY_MAX,
};
pub use peer::PeerClass;
pub use policy::{
    BlockStep, CONFIGURED_PEER_TTL_MAX, PEER_TTL_MAX, Policy, Quorum, SPOOFABLE_TTL_MAX,
    SeverityStep,
};
pub use record::{
    Action, Actor, AllowEntry, AuditEntry, HostFacts, KeptTrust, KnownPeer, OrganisationSnapshot,
    Record, Snapshot, Unblock,
};
pub use refusal::{OrganisationRefusal, Protection, Refusal};
pub use report::{InvalidReportSource, KeptReport, REPORTS_MAX, Report, ReportSource, Reported};
pub use ruleset::{Change, Exemption, Ruleset};
pub use testimony::{
    ANSWER_TESTIMONIES_MAX, QUESTION_DEADLINE, QUESTION_HOPS_MAX, QUESTION_INDICATORS_MAX,
    QUESTION_PEERS_MAX, Question, TESTIMONY_AGE_MAX, Testimony,
};
pub use threat::{BlockDuration, Evidence, InvalidThreatType, Severity, ThreatType};
pub use time::Timestamp;
pub use trust::{Confidence, Preset};
