//! Decisions: what this node does about an indicator, because of whom, and until when.

use std::fmt;

use crate::{AlertId, Evidence, Indicator, NodeId, Severity, ThreatType, Timestamp};

/// Who caused a decision, weakest first: `Operator` overrules the rest.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Origin {
    /// Other nodes' alerts.
    Peers,
    /// What another program blocked, brought along by the operator.
    Import,
    /// A list that somebody else keeps, applied by the operator.
    Feed,
    /// This host's own detectors.
    Detector,
    /// The operator's command.
    Operator,
}

impl Origin {
    /// Returns the word that reports and the store use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Peers => "peers",
            Self::Import => "import",
            Self::Feed => "feed",
            Self::Detector => "detector",
            Self::Operator => "operator",
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What this node does about one indicator for a bounded time, on one author's word.
///
/// Several decisions may hold for one indicator; it is blocked until the last one ends.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Decision {
    /// What is blocked.
    pub indicator: Indicator,
    /// Who caused it.
    pub origin: Origin,
    /// Whose word it rests on: this node's for `Detector` and `Operator`. For `Feed` it is no node, but what
    /// [`FeedId::as_author`](crate::FeedId::as_author) says.
    pub author: NodeId,
    /// The alert it rests on; `None` where nothing was published.
    pub alert: Option<AlertId>,
    /// What the indicator did.
    pub threat_type: ThreatType,
    /// How bad that was.
    pub severity: Severity,
    /// Whether the source was proven.
    pub evidence: Evidence,
    /// When it was made.
    pub decided_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl Decision {
    /// Returns whether the decision still holds at `now`.
    pub fn is_active(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }
}
