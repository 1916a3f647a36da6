//! Why an indicator is blocked, or is not.

use aegis_core::{AlertId, Description, Indicator, NodeId, Severity, ThreatType, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    Affiliation,
    block::Block,
    encoding::{description, severity, text, text_option, time, time_option},
    location::Location,
    opinion::NetworkOpinion,
    report::ReportLine,
    word::Evidence,
};

/// The most lines of each list in a [`Why`]: enough for a person, whatever peers send.
pub const WHY_LINES_MAX: usize = 100;

/// Everything that speaks for and against a block.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Why {
    /// What was asked for.
    #[serde(with = "text")]
    pub indicator: Indicator,
    /// Whether it is blocked.
    pub blocked: bool,
    /// When the last block ends.
    #[serde(with = "time_option", default)]
    pub expires_at: Option<Timestamp>,
    /// Seconds left, rounded up.
    pub ttl_secs: Option<u64>,
    /// The decisions that hold, wider prefixes included.
    pub decisions: Vec<Block>,
    /// What sources on this host reported of exactly this.
    #[serde(default)]
    pub reports: Vec<ReportLine>,
    /// What keeps it from being blocked at all.
    pub exempt: Option<Exempt>,
    /// Blocks that were asked for and refused, newest first.
    pub refusals: Vec<RefusalLine>,
    /// The statements heard of it, newest first.
    pub evidence: Vec<EvidenceLine>,
    /// What all peers' words come to; absent where nobody said anything.
    pub opinion: Option<NetworkOpinion>,
    /// What the kernel says.
    pub kernel: Option<KernelEntry>,
    /// Where it is, as far as a database knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// What nearby is never blocked, for those who wonder why this is not spared.
    #[serde(default)]
    pub near: Vec<NearMiss>,
    /// What the history has about it; absent where that cannot be searched now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub past: Option<WhyPast>,
    /// The command that undoes the block.
    pub undo: Option<String>,
    /// What can be done about it, as commands.
    #[serde(default)]
    pub commands: Vec<String>,
}

/// Something that is never blocked, beside what was asked for or within it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct NearMiss {
    /// Which.
    #[serde(with = "text")]
    pub indicator: Indicator,
    /// Why, in words for a person.
    pub reason: String,
}

/// How often what happened, as far as the history goes back.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct WhyPast {
    /// How often a detector of this host saw it.
    pub detections: u64,
    /// How many alerts of peers there were about it.
    pub alerts: u64,
    /// How often it was blocked.
    pub blocks: u64,
}

/// What keeps an indicator from being blocked.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Exempt {
    /// A short stable name: `protected`, `configured_peer`, `allowlisted`, `unblocked`.
    pub kind: String,
    /// In words for a person.
    pub reason: String,
}

/// A block that was refused.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct RefusalLine {
    /// When.
    #[serde(with = "time")]
    pub at: Timestamp,
    /// A short stable name of the reason.
    pub code: String,
    /// The reason in words for a person.
    pub message: String,
    /// Who asked; absent for the operator and own detectors.
    #[serde(with = "text_option", default)]
    pub author: Option<NodeId>,
}

/// One statement about the indicator.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct EvidenceLine {
    /// The alert.
    #[serde(with = "text")]
    pub alert_id: AlertId,
    /// Who stated it.
    #[serde(with = "text")]
    pub author: NodeId,
    /// Whether that is this node.
    pub own: bool,
    /// What the author is to the organisations that are followed here.
    #[serde(default)]
    pub organisations: Vec<Affiliation>,
    /// What the indicator did.
    #[serde(with = "text")]
    pub threat_type: ThreatType,
    /// How bad that is, 1…10.
    #[serde(with = "severity")]
    pub severity: Severity,
    /// Whether the source was proven.
    pub evidence: Evidence,
    /// The author's words.
    #[serde(with = "description", default)]
    pub description: Option<Description>,
    /// When it was stated.
    #[serde(with = "time")]
    pub stated_at: Timestamp,
    /// How many seconds ago that was.
    pub age_secs: u64,
    /// When it ends.
    #[serde(with = "time")]
    pub expires_at: Timestamp,
    /// How much the author's word weighs, 0…100.
    pub weight_percent: u8,
    /// What became of it: `blocked`, or the code of the refusal.
    pub outcome: String,
}

/// What the kernel holds and counted for the indicator.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct KernelEntry {
    /// Whether an entry is there.
    pub in_kernel: bool,
    /// Whether the node only observes: nothing is dropped for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub observing: bool,
    /// Packets dropped.
    pub packets: u64,
    /// Bytes dropped.
    pub bytes: u64,
    /// How often a detector caught the source.
    pub violations: u64,
}
