//! Reports: what a program of this host saw, such as a reader of logs, fail2ban or an agent.
//!
//! A report is the host's own word, as its detectors' findings are: every guard that holds for
//! those holds for it. Who reported is kept, so that a source takes back exactly what it said.

use std::{collections::BTreeMap, fmt, str::FromStr};

use crate::{
    AlertId, BlockDuration, Description, Evidence, Indicator, Severity, ThreatType, Timestamp,
    TokenBucket,
};

/// Reports in one request: an agent's batch, worth some milliseconds of work.
pub const REPORTS_MAX: usize = 1_000;

/// Sources whose word is kept for one indicator; the one that ends first gives way.
const SOURCES_PER_INDICATOR_MAX: usize = 8;

/// Own alerts remembered for one report: each is said when half of the last is over.
const ALERTS_PER_REPORT_MAX: usize = 8;

/// Sources with a rate of their own: more programs than a host has. Others share one.
const SOURCES_MAX: usize = 64;

/// What a source may report at once, and per second after that: an agent that catches up, and more
/// than a busy server's logs give.
const REPORT_BURST: u32 = 10_000;
const REPORT_RATE: u32 = 100;

/// Who on this host reports: 1…64 characters of `A-Za-z0-9_.:@/-`, such as `fail2ban/sshd`.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ReportSource(Box<str>);

/// A text that cannot name a source of reports.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("source must be 1 to 64 letters, digits and '_', '.', ':', '@', '/', '-'")]
pub struct InvalidReportSource;

impl ReportSource {
    /// The longest name in characters.
    pub const CHARS_MAX: usize = 64;

    /// Returns the name under which the kernel's detectors are kept beside others.
    pub fn kernel() -> Self {
        Self("kernel".into())
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ReportSource {
    type Err = InvalidReportSource;

    fn from_str(text: &str) -> Result<Self, InvalidReportSource> {
        let is_allowed = |it: u8| it.is_ascii_alphanumeric() || b"_.:@/-".contains(&it);
        let fits = (1..=Self::CHARS_MAX).contains(&text.len());
        if fits && text.bytes().all(is_allowed) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidReportSource)
        }
    }
}

impl fmt::Display for ReportSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What a program of this host says of an indicator.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Report {
    /// Where the attack came from.
    pub indicator: Indicator,
    /// What kind of attack it was.
    pub threat_type: ThreatType,
    /// How bad that is; the policy knows for `None`.
    pub severity: Option<Severity>,
    /// How long to block; the policy knows for `None`, and makes it longer each time.
    pub block_for: Option<BlockDuration>,
    /// Whether the source address is proven.
    pub evidence: Evidence,
    /// Who reports.
    pub source: ReportSource,
    /// How many events made the report: failed logins, requests.
    pub events: u32,
    /// Words for this host's operator. They never leave it.
    pub reason: Option<Description>,
    /// Whether others may hear of it, where the policy shares detections at all.
    pub share: bool,
    /// Whether it only says again what was reported before, as after the source's own restart:
    /// it is no further violation, and no news for anybody.
    pub is_restored: bool,
}

/// What became of a report that no guard refused.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Reported {
    /// Until when the indicator is blocked on the word of this source.
    pub expires_at: Timestamp,
    /// Whether that is news, and not what the source had said already.
    pub is_new: bool,
}

/// What a source's reports about an indicator come to, for as long as they hold.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeptReport {
    /// About what.
    pub indicator: Indicator,
    /// Who reported.
    pub source: ReportSource,
    /// What the indicator did, as of the last report.
    pub threat_type: ThreatType,
    /// How bad that was.
    pub severity: Severity,
    /// Whether the source address was proven.
    pub evidence: Evidence,
    /// How many events there were in all reports.
    pub events: u32,
    /// Words for this host's operator.
    pub reason: Option<Description>,
    /// When it was reported last.
    pub reported_at: Timestamp,
    /// Until when it holds.
    pub expires_at: Timestamp,
    /// The own alerts that told others, oldest first.
    pub alerts: Vec<AlertId>,
}

/// Reports that hold, by indicator. Each rests on a decision of this node's own, which bounds them.
#[derive(Clone, Debug)]
pub(crate) struct Reports {
    kept: BTreeMap<Indicator, Vec<KeptReport>>,
    rates: BTreeMap<ReportSource, TokenBucket>,
    shared_rate: TokenBucket,
}

impl Default for Reports {
    fn default() -> Self {
        Self {
            kept: BTreeMap::new(),
            rates: BTreeMap::new(),
            shared_rate: TokenBucket::new(REPORT_BURST, REPORT_RATE),
        }
    }
}

impl Reports {
    /// Returns whether `source` may report once more at `now`.
    pub(crate) fn admit(&mut self, now: Timestamp, source: &ReportSource) -> bool {
        if let Some(rate) = self.rates.get_mut(source) {
            return rate.take(now);
        }
        if self.rates.len() >= SOURCES_MAX {
            self.rates.retain(|_, rate| !rate.is_full(now));
        }
        if self.rates.len() >= SOURCES_MAX {
            return self.shared_rate.take(now);
        }
        let mut rate = TokenBucket::new(REPORT_BURST, REPORT_RATE);
        let is_admitted = rate.take(now);
        self.rates.insert(source.clone(), rate);
        is_admitted
    }

    /// Returns what is kept about exactly `indicator`.
    pub(crate) fn of(&self, indicator: &Indicator) -> &[KeptReport] {
        self.kept.get(indicator).map_or(&[], Vec::as_slice)
    }

    /// Returns what `source` said of exactly `indicator`, if that still holds.
    pub(crate) fn of_source(
        &self,
        now: Timestamp,
        indicator: &Indicator,
        source: &ReportSource,
    ) -> Option<&KeptReport> {
        let mut kept = self.of(indicator).iter();
        kept.find(|it| it.source == *source && now < it.expires_at)
    }

    /// Keeps a report in the place of the same source's last; returns the one that gave way.
    pub(crate) fn keep(&mut self, report: KeptReport) -> Option<KeptReport> {
        let kept = self.kept.entry(report.indicator).or_default();
        if let Some(earlier) = kept.iter_mut().find(|it| it.source == report.source) {
            *earlier = report;
            return None;
        }
        let first = (0..kept.len()).min_by_key(|at| kept[*at].expires_at);
        let gone = first.filter(|_| kept.len() >= SOURCES_PER_INDICATOR_MAX);
        let gone = gone.map(|it| kept.remove(it));
        kept.push(report);
        gone
    }

    /// Removes what `source` said of exactly `indicator`.
    pub(crate) fn remove(
        &mut self,
        indicator: &Indicator,
        source: &ReportSource,
    ) -> Option<KeptReport> {
        let kept = self.kept.get_mut(indicator)?;
        let at = kept.iter().position(|it| it.source == *source)?;
        let gone = kept.remove(at);
        if kept.is_empty() {
            self.kept.remove(indicator);
        }
        Some(gone)
    }

    /// Removes everything about exactly `indicator`; returns whether there was anything.
    pub(crate) fn remove_all(&mut self, indicator: &Indicator) -> bool {
        self.kept.remove(indicator).is_some()
    }

    /// Notes that an alert told others what the reports of `threat_type` say; returns those.
    pub(crate) fn add_alert(
        &mut self,
        indicator: &Indicator,
        threat_type: &ThreatType,
        alert: AlertId,
    ) -> Option<KeptReport> {
        let kept = self.kept.get_mut(indicator)?;
        let said = kept.iter_mut().filter(|it| it.threat_type == *threat_type);
        let report = said.max_by_key(|it| it.reported_at)?;
        report.add_alerts([alert]);
        Some(report.clone())
    }
}

impl KeptReport {
    /// Notes alerts, of which the oldest are forgotten where there are too many.
    pub(crate) fn add_alerts(&mut self, alerts: impl IntoIterator<Item = AlertId>) {
        self.alerts.extend(alerts);
        let surplus = self.alerts.len().saturating_sub(ALERTS_PER_REPORT_MAX);
        self.alerts.drain(..surplus);
    }
}

#[cfg(test)]
mod tests;
