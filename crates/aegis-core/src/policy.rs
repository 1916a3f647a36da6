//! Policy: the operator's choices that turn evidence into decisions.

use std::{collections::BTreeMap, num::NonZeroU8, time::Duration};

use crate::{BlockDuration, Confidence, Evidence, OrganisationId, Severity, ThreatType};

/// The longest block on another node's word.
pub const PEER_TTL_MAX: Duration = Duration::from_secs(24 * 3600);

/// The longest block on another node's unproven word: an attacker can forge any source.
pub const SPOOFABLE_TTL_MAX: Duration = Duration::from_secs(300);

/// The longest block of a configured peer's address by this node's own detectors.
pub const CONFIGURED_PEER_TTL_MAX: Duration = Duration::from_secs(60);

/// How bad the known kinds of attack are: what tries to get in is worse than what looks around.
const TYPE_SEVERITIES: [(&str, u8); 19] = [
    ("syn_flood", 7),
    ("udp_flood", 7),
    ("icmp_flood", 6),
    ("http_flood", 6),
    ("ddos", 8),
    ("port_scan", 5),
    ("brute_force", 7),
    ("credential_stuffing", 7),
    ("malware_c2", 8),
    ("web_attack", 7),
    ("spam", 5),
    ("bot", 5),
    ("scraping", 5),
    ("sql_injection", 8),
    ("path_traversal", 7),
    ("cross_site_scripting", 7),
    ("command_injection", 8),
    ("vulnerability_scan", 6),
    ("exploit", 8),
];

/// Events per second from which a severity applies.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SeverityStep {
    /// The lowest rate, in events per second.
    pub rate_min: u32,
    /// The severity from that rate on.
    pub severity: Severity,
}

/// Block time from which severity on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BlockStep {
    /// The lowest severity.
    pub severity_min: Severity,
    /// How long a first violation of that severity is blocked.
    pub block_for: BlockDuration,
}

/// A block this bad needs the word of several publishers of one organisation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Quorum {
    /// Whose publishers.
    pub organisation: OrganisationId,
    /// How many of them; from 1 on.
    pub publishers_min: NonZeroU8,
    /// From which severity on.
    pub severity_min: Severity,
}

/// What the operator decided once for all decisions.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Alerts of peers milder than this do not block, detections milder than this are not shared.
    pub severity_min: Severity,
    /// How sure the trust model must be of a peer's alert for it to block.
    pub confidence_min: Confidence,
    /// Whether detections are shared without being asked.
    pub auto_publish: bool,
    /// Which blocks on other nodes' word several publishers must want; `None` for none.
    pub quorum: Option<Quorum>,
    /// Rate to severity, lowest rate first.
    pub severity_steps: Vec<SeverityStep>,
    /// How bad what sources on this host report is, where they do not say.
    pub type_severities: BTreeMap<ThreatType, Severity>,
    /// Severity to block time, lowest severity first.
    pub block_steps: Vec<BlockStep>,
}

impl Default for Policy {
    fn default() -> Self {
        let severity = |value| Severity::new(value).unwrap_or(Severity::MAX);
        let steps = [
            (0, 5),
            (200, 6),
            (1_000, 7),
            (5_000, 8),
            (20_000, 9),
            (100_000, 10),
        ];
        let blocks = [
            (1, 60),
            (5, 300),
            (6, 600),
            (7, 1_800),
            (8, 3_600),
            (9, 10_800),
            (10, 21_600),
        ];
        Self {
            severity_min: Severity::MEDIUM,
            confidence_min: Confidence::new(0.5).unwrap_or(Confidence::FULL),
            auto_publish: false,
            quorum: None,
            severity_steps: steps
                .map(|(rate_min, value)| SeverityStep {
                    rate_min,
                    severity: severity(value),
                })
                .into(),
            type_severities: TYPE_SEVERITIES
                .iter()
                .filter_map(|(name, value)| Some((name.parse().ok()?, severity(*value))))
                .collect(),
            block_steps: blocks
                .map(|(value, secs)| BlockStep {
                    severity_min: severity(value),
                    block_for: BlockDuration::clamped(Duration::from_secs(secs)),
                })
                .into(),
        }
    }
}

impl Policy {
    /// Returns how bad a detector's finding of `rate` events per second is.
    pub fn severity_of(&self, rate: u32) -> Severity {
        let reached = self.severity_steps.iter().filter(|it| it.rate_min <= rate);
        reached.map(|it| it.severity).max().unwrap_or(Severity::MIN)
    }

    /// Returns how bad a report of this kind is that does not say so itself.
    pub fn severity_of_type(&self, threat_type: &ThreatType) -> Severity {
        let known = self.type_severities.get(threat_type).copied();
        known.unwrap_or(Severity::MEDIUM)
    }

    /// Returns how long the `violation`th violation (1, 2, 3 …) of this severity is blocked.
    ///
    /// Each repetition doubles the time, up to 24 h.
    pub fn block_time(&self, severity: Severity, violation: u32) -> BlockDuration {
        let reached = self
            .block_steps
            .iter()
            .filter(|it| it.severity_min <= severity);
        let first = reached.map(|it| it.block_for.as_secs()).max().unwrap_or(60);
        let doublings = violation.saturating_sub(1).min(17); // 2^17 s is more than a day
        BlockDuration::clamped(Duration::from_secs(first << doublings))
    }

    /// Returns the longest a peer's alert with this evidence may block.
    pub fn peer_ttl_max(evidence: Evidence) -> Duration {
        match evidence {
            Evidence::Spoofable => SPOOFABLE_TTL_MAX,
            Evidence::Verified => PEER_TTL_MAX,
        }
    }
}

#[cfg(test)]
mod tests;
