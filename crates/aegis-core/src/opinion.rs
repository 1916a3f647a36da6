//! Opinions: what somebody thinks of an indicator, on the scale everybody here uses.

use std::time::Duration;

use crate::{Confidence, ThreatType};

/// How bad an indicator is: -1 surely benign, 0 unknown, +1 surely malicious.
///
/// Fides counts the other way round; it is converted where its numbers come in.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Score(f64); // never NaN, always within -1..=1

impl Score {
    /// Surely benign.
    pub const BENIGN: Self = Self(-1.0);
    /// Neither is known.
    pub const UNKNOWN: Self = Self(0.0);
    /// Surely malicious.
    pub const MALICIOUS: Self = Self(1.0);

    /// Returns the score, or `None` outside -1…+1.
    pub fn new(value: f64) -> Option<Self> {
        (-1.0..=1.0).contains(&value).then_some(Self(value))
    }

    /// Returns `value` brought into -1…+1; what is not a number is unknown.
    pub fn clamped(value: f64) -> Self {
        if value.is_nan() {
            return Self::UNKNOWN;
        }
        Self(value.clamp(-1.0, 1.0))
    }

    /// Returns the number, -1…+1.
    pub const fn value(self) -> f64 {
        self.0
    }
}

/// What an indicator really is, once somebody knows.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Truth {
    /// It does no harm.
    Benign,
    /// It attacks.
    Malicious,
}

/// What somebody thinks of one indicator, from evidence of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Opinion {
    /// How bad it is.
    pub score: Score,
    /// How sure the speaker is of the score.
    pub confidence: Confidence,
    /// How many separate observations stand behind it; 0 where the speaker does not say.
    pub sightings: u32,
    /// How long ago the newest of them was made.
    pub age: Duration,
}

/// A kind of behaviour about which a peer may know more or less than about others.
///
/// Threat types are free text; trust is kept for these few, so that nobody gets a fresh start by
/// inventing a name.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Topic {
    /// Floods of any protocol.
    Flood,
    /// Looking for open ports.
    Scan,
    /// Breaking into accounts and applications.
    Access,
    /// Malware and those who command it.
    Malware,
    /// Unwanted mail.
    Spam,
    /// Everything else, and questions that name no behaviour.
    Other,
}

impl Topic {
    /// Every topic, in the order of `index`.
    pub const ALL: [Self; 6] = [
        Self::Flood,
        Self::Scan,
        Self::Access,
        Self::Malware,
        Self::Spam,
        Self::Other,
    ];

    /// Returns the topic that a threat type belongs to.
    pub fn of(threat_type: &ThreatType) -> Self {
        match threat_type.as_str() {
            "syn_flood" | "udp_flood" | "icmp_flood" | "ddos" => Self::Flood,
            "port_scan" => Self::Scan,
            "brute_force" | "web_attack" => Self::Access,
            "malware_c2" => Self::Malware,
            "spam" => Self::Spam,
            _ => Self::Other,
        }
    }

    /// Returns the place of this topic in `ALL`.
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Returns the word that reports use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Flood => "flood",
            Self::Scan => "scan",
            Self::Access => "access",
            Self::Malware => "malware",
            Self::Spam => "spam",
            Self::Other => "other",
        }
    }
}

#[cfg(test)]
mod tests;
