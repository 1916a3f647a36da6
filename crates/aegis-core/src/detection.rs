//! Detections: what a detector of this host saw.

use crate::{Evidence, Indicator, ThreatType, Timestamp};

/// A detector's finding about one source, before severity and block time are decided.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Detection {
    /// Where the attack came from.
    pub indicator: Indicator,
    /// What kind of attack it was.
    pub threat_type: ThreatType,
    /// Events (packets, failed logins …) per second over the detector's window.
    pub rate: u32,
    /// Whether the source address is proven.
    pub evidence: Evidence,
    /// Until when the kernel blocked the source by itself; `None` where it did not.
    pub blocked_until: Option<Timestamp>,
}
