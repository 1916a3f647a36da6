//! Reports: what programs on the host saw, and how a program takes its own word back.

use aegis_core::{
    BlockDuration, Description, Indicator, REPORTS_MAX, ReportSource, Severity, ThreatType,
    Timestamp,
};
use serde::{Deserialize, Deserializer, Serialize, de};

use crate::{
    ErrorCode,
    encoding::{
        description, duration_secs_option, severity, severity_option, text, time, time_option,
    },
    word::Evidence,
};

/// The largest body of a request with reports in bytes: some thousand for each.
pub const REPORTS_BYTES_MAX: usize = 1024 * 1024;

/// Says what a program on this host saw of one indicator.
///
/// It is this node's own word, as that of the kernel's detectors: every guard holds for it, and
/// others hear of it where `auto_publish` says so.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ReportRequest {
    /// Where the attack came from.
    #[serde(with = "text")]
    pub indicator: Indicator,
    /// What kind of attack it was.
    #[serde(with = "text")]
    pub threat_type: ThreatType,
    /// How bad that is, 1…10; by the kind of attack where it is absent.
    #[serde(with = "severity_option", default)]
    pub severity: Option<Severity>,
    /// How long to block, 1…86400 seconds; by the policy where it is absent, longer each time.
    #[serde(with = "duration_secs_option", default)]
    pub duration_secs: Option<BlockDuration>,
    /// Whether the source address is proven; what an authenticated log says counts as verified.
    #[serde(default)]
    pub evidence: Option<Evidence>,
    /// Who reports: 1…64 of letters, digits and `_.:@/-`.
    #[serde(with = "text")]
    pub source: ReportSource,
    /// How many events made the report.
    #[serde(default = "one")]
    pub events: u32,
    /// Words for this host's operator; they never leave it.
    #[serde(with = "description", default)]
    pub reason: Option<Description>,
    /// Whether others may hear of it.
    #[serde(default = "yes")]
    pub share: bool,
    /// Whether it only says again what was reported before.
    #[serde(default)]
    pub restored: bool,
}

/// Up to a thousand reports, taken in together.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ReportsRequest {
    /// The reports, in order.
    #[serde(deserialize_with = "bounded")]
    pub reports: Vec<ReportRequest>,
}

/// Takes back what a source reported of exactly this indicator.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ReportWithdrawRequest {
    /// About what.
    #[serde(with = "text")]
    pub indicator: Indicator,
    /// Who reported.
    #[serde(with = "text")]
    pub source: ReportSource,
}

/// What became of a report.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Reported {
    /// About what.
    #[serde(with = "text")]
    pub indicator: Indicator,
    /// Who reported.
    #[serde(with = "text")]
    pub source: ReportSource,
    /// Until when it is blocked on that source's word; absent where a guard refused.
    #[serde(with = "time_option", default)]
    pub expires_at: Option<Timestamp>,
    /// Seconds left, rounded up.
    pub ttl_secs: Option<u64>,
    /// Whether the report changed anything.
    pub is_new: bool,
    /// The guard that refused, and why.
    #[serde(default)]
    pub refused: Option<ReportRefused>,
}

/// Why a report does not block.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ReportRefused {
    /// The guard.
    pub code: ErrorCode,
    /// In words for a person.
    pub message: String,
}

/// What became of several reports, in their order.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ReportOutcomes {
    /// One for each report.
    pub reports: Vec<Reported>,
}

/// A source took its word back.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ReportWithdrawn {
    /// About what.
    #[serde(with = "text")]
    pub indicator: Indicator,
    /// Who had reported.
    #[serde(with = "text")]
    pub source: ReportSource,
    /// Whether it had reported anything that still held.
    pub was_reported: bool,
    /// Whether something else blocks it all the same.
    pub still_blocked: bool,
    /// How many of this node's own alerts were taken back.
    pub withdrawn: u64,
}

/// What a source on this host says of an indicator.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct ReportLine {
    /// Who.
    #[serde(with = "text")]
    pub source: ReportSource,
    /// What the indicator did.
    #[serde(with = "text")]
    pub threat_type: ThreatType,
    /// How bad that was, 1…10.
    #[serde(with = "severity")]
    pub severity: Severity,
    /// Whether the source address was proven.
    pub evidence: Evidence,
    /// How many events there were in all its reports.
    pub events: u32,
    /// Words for this host's operator.
    #[serde(with = "description", default)]
    pub reason: Option<Description>,
    /// When it was reported last.
    #[serde(with = "time")]
    pub reported_at: Timestamp,
    /// Until when it holds.
    #[serde(with = "time")]
    pub expires_at: Timestamp,
}

fn yes() -> bool {
    true
}

fn one() -> u32 {
    1
}

fn bounded<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<ReportRequest>, D::Error> {
    let reports = Vec::deserialize(from)?;
    if (1..=REPORTS_MAX).contains(&reports.len()) {
        Ok(reports)
    } else {
        let problem = format!("must be 1 to {REPORTS_MAX} reports");
        Err(de::Error::custom(problem))
    }
}
