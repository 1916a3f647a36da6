//! Blocks, and what an operator says to make, share or end one.

use aegis_core::{
    AlertId, BlockDuration, Description, Indicator, NodeId, OrganisationId, Region, Severity,
    ThreatType, Timestamp, file::FileId,
};
use serde::{Deserialize, Serialize};

use crate::{
    encoding::{description, duration_secs, severity, text, text_option, time, time_option},
    location::Location,
    word::{Evidence, Origin},
};

/// A block decision with what the kernel counted for it.
///
/// In a list it stands for its indicator: where several decisions hold, the one that ends last.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Block {
    /// What is blocked.
    #[serde(with = "text")]
    pub indicator: Indicator,
    /// Who caused it.
    pub origin: Origin,
    /// Whose word it rests on. Where there is a file it is no node's.
    #[serde(with = "text")]
    pub author: NodeId,
    /// The file that lists it, where the origin is `feed`.
    #[serde(with = "text_option", default, skip_serializing_if = "Option::is_none")]
    pub file: Option<FileId>,
    /// The region that it lies in, where it is blocked by that.
    #[serde(with = "text_option", default, skip_serializing_if = "Option::is_none")]
    pub region: Option<Region>,
    /// The feed that lists it, by the name that it is subscribed to under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feed: Option<String>,
    /// The alert it rests on, if any.
    #[serde(with = "text_option", default)]
    pub alert_id: Option<AlertId>,
    /// Whether that alert is for an organisation's members alone: nobody else may read of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub members_only: bool,
    /// What the indicator did.
    #[serde(with = "text")]
    pub threat_type: ThreatType,
    /// How bad that was, 1…10.
    #[serde(with = "severity")]
    pub severity: Severity,
    /// Whether the source was proven.
    pub evidence: Evidence,
    /// When it was made.
    #[serde(with = "time")]
    pub decided_at: Timestamp,
    /// When it ends.
    #[serde(with = "time")]
    pub expires_at: Timestamp,
    /// Seconds left, rounded up.
    pub ttl_secs: u64,
    /// Packets dropped.
    pub packets: u64,
    /// Bytes dropped.
    pub bytes: u64,
    /// How often a detector caught the source.
    pub violations: u64,
    /// Where it is, as far as a database knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
}

/// Asks for a block on this node and, unless told otherwise, an alert to the others.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct BlockRequest {
    /// What to block.
    #[serde(with = "text")]
    pub indicator: Indicator,
    /// For how long, 1…86400 seconds.
    #[serde(with = "duration_secs")]
    pub duration_secs: BlockDuration,
    /// What the indicator did.
    #[serde(with = "text")]
    pub threat_type: ThreatType,
    /// How bad that is, 1…10.
    #[serde(with = "severity")]
    pub severity: Severity,
    /// Whether the source is proven; an operator's word counts as verified unless it says
    /// otherwise.
    #[serde(default)]
    pub evidence: Option<Evidence>,
    /// Words for others to read.
    #[serde(with = "description", default)]
    pub description: Option<Description>,
    /// For whose members alone it is; for everybody where it is absent.
    #[serde(with = "text_option", default)]
    pub to: Option<OrganisationId>,
    /// Whether to tell the other nodes.
    #[serde(default = "yes")]
    pub publish: bool,
    /// Whether to block a configured peer all the same.
    #[serde(default)]
    pub force: bool,
}

/// Asks for an alert to the others without a block on this node.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PublishRequest {
    /// What the alert is about.
    #[serde(with = "text")]
    pub indicator: Indicator,
    /// For how long others should block it, 1…86400 seconds.
    #[serde(with = "duration_secs")]
    pub duration_secs: BlockDuration,
    /// What the indicator did.
    #[serde(with = "text")]
    pub threat_type: ThreatType,
    /// How bad that is, 1…10.
    #[serde(with = "severity")]
    pub severity: Severity,
    /// As in [`BlockRequest::evidence`].
    #[serde(default)]
    pub evidence: Option<Evidence>,
    /// Words for others to read.
    #[serde(with = "description", default)]
    pub description: Option<Description>,
    /// For whose members alone it is; for everybody where it is absent.
    #[serde(with = "text_option", default)]
    pub to: Option<OrganisationId>,
    /// Whether to speak of a configured peer all the same.
    #[serde(default)]
    pub force: bool,
}

/// Asks for the end of a block on this node.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct UnblockRequest {
    /// What to unblock.
    #[serde(with = "text")]
    pub indicator: Indicator,
    /// Whether to take back this node's own alerts as well.
    #[serde(default)]
    pub withdraw: bool,
}

/// A block was made.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Blocked {
    /// What is blocked.
    #[serde(with = "text")]
    pub indicator: Indicator,
    /// When the block ends.
    #[serde(with = "time")]
    pub expires_at: Timestamp,
    /// Seconds left, rounded up.
    pub ttl_secs: u64,
    /// The alert that tells the others; absent where nothing was published.
    #[serde(with = "text_option", default)]
    pub alert_id: Option<AlertId>,
}

/// An alert was published.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Published {
    /// What the alert is about.
    #[serde(with = "text")]
    pub indicator: Indicator,
    /// The alert.
    #[serde(with = "text")]
    pub alert_id: AlertId,
    /// When it ends.
    #[serde(with = "time")]
    pub expires_at: Timestamp,
}

/// A block was ended, or there was none. What was ended is brought back neither by others' alerts nor by
/// the feeds that list it; a detector of this host that sees the source blocks it again.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Unblocked {
    /// What was unblocked.
    #[serde(with = "text")]
    pub indicator: Indicator,
    /// Whether it was blocked until now.
    pub was_blocked: bool,
    /// A wider block that still covers it, if there is one.
    #[serde(with = "text_option", default)]
    pub covered_by: Option<Indicator>,
    /// How many of this node's own alerts were taken back.
    pub withdrawn: u64,
    /// The feeds that blocked it, by the names that they are subscribed to under: it stays free for as
    /// long as they list it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub feeds: Vec<String>,
}

/// Whether an indicator is blocked.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Check {
    /// What was asked for.
    #[serde(with = "text")]
    pub indicator: Indicator,
    /// Whether it is blocked.
    pub blocked: bool,
    /// The block it lies in, which may be a wider prefix.
    #[serde(with = "text_option", default)]
    pub covered_by: Option<Indicator>,
    /// When that block ends.
    #[serde(with = "time_option", default)]
    pub expires_at: Option<Timestamp>,
    /// Seconds left, rounded up.
    pub ttl_secs: Option<u64>,
}

fn yes() -> bool {
    true
}
