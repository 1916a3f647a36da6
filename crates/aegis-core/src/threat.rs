//! What an alert says of an indicator: the kind of attack, how bad it is, how well it is proven.

use std::{fmt, str::FromStr, sync::Arc, time::Duration};

/// The named kind of attack: 1…64 characters of `[a-z0-9_.-]`, such as `syn_flood`. Clones share the text.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ThreatType(Arc<str>);

/// A text that cannot name a kind of attack.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("threat type must be 1 to 64 characters of a-z, 0-9, '_', '.' and '-'")]
pub struct InvalidThreatType;

impl ThreatType {
    /// The kinds every node knows by name. Others are carried and shown as they are.
    pub const KNOWN: [&str; 19] = [
        "syn_flood",
        "udp_flood",
        "icmp_flood",
        "ddos",
        "port_scan",
        "brute_force",
        "malware_c2",
        "web_attack",
        "spam",
        "bot",
        "scraping",
        "credential_stuffing",
        "sql_injection",
        "path_traversal",
        "cross_site_scripting",
        "command_injection",
        "vulnerability_scan",
        "exploit",
        "http_flood",
    ];

    /// The longest name in characters.
    pub const CHARS_MAX: usize = 64;

    /// Returns the name of a flood of TCP connection requests.
    pub fn syn_flood() -> Self {
        Self("syn_flood".into())
    }

    /// Returns the name of what is on a list that does not say what it did.
    pub fn listed() -> Self {
        Self("listed".into())
    }

    /// Returns the name of a flood of UDP packets.
    pub fn udp_flood() -> Self {
        Self("udp_flood".into())
    }

    /// Returns the name of a flood of ICMP packets.
    pub fn icmp_flood() -> Self {
        Self("icmp_flood".into())
    }

    /// Returns the name of trying many ports.
    pub fn port_scan() -> Self {
        Self("port_scan".into())
    }

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ThreatType {
    type Err = InvalidThreatType;

    fn from_str(text: &str) -> Result<Self, InvalidThreatType> {
        let is_allowed = |it: u8| matches!(it, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'.' | b'-');
        let fits = (1..=Self::CHARS_MAX).contains(&text.len());
        if fits && text.bytes().all(is_allowed) {
            Ok(Self(text.into()))
        } else {
            Err(InvalidThreatType)
        }
    }
}

impl fmt::Display for ThreatType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// How bad the behaviour is, as its reporter rates it: 1…10.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Severity(u8); // always 1..=10

impl Severity {
    /// The mildest severity.
    pub const MIN: Self = Self(1);
    /// The default line below which alerts do not block.
    pub const MEDIUM: Self = Self(5);
    /// The worst severity.
    pub const MAX: Self = Self(10);

    /// Returns the severity, or `None` outside 1…10.
    pub const fn new(value: u8) -> Option<Self> {
        if 1 <= value && value <= 10 {
            Some(Self(value))
        } else {
            None
        }
    }

    /// Returns the number, 1…10.
    pub const fn value(self) -> u8 {
        self.0
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Whether the source address is proven to be the sender's.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Evidence {
    /// The address may be forged: no packet sent to it was ever answered.
    #[default]
    Spoofable,
    /// The return path is proven: a completed handshake or an authenticated log.
    Verified,
}

impl Evidence {
    /// Returns the word the threat message uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Spoofable => "spoofable",
            Self::Verified => "verified",
        }
    }
}

/// How long a reporter asks for an indicator to be blocked: 1 s … 24 h, whole seconds.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct BlockDuration(u32); // always 1..=86_400

impl BlockDuration {
    /// The longest block anybody may ask for: one day.
    pub const MAX: Self = Self(86_400);

    /// Returns the duration of `secs` seconds, or `None` outside 1…86400.
    pub const fn from_secs(secs: u64) -> Option<Self> {
        if 1 <= secs && secs <= 86_400 {
            Some(Self(secs as u32))
        } else {
            None
        }
    }

    /// Returns `duration` in whole seconds, rounded up and brought into 1 s … 24 h.
    pub fn clamped(duration: Duration) -> Self {
        let secs = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
        Self::from_secs(secs.clamp(1, 86_400)).unwrap_or(Self::MAX)
    }

    /// Returns the seconds, 1…86400.
    pub const fn as_secs(self) -> u64 {
        self.0 as u64
    }
}

impl From<BlockDuration> for Duration {
    fn from(duration: BlockDuration) -> Self {
        Self::from_secs(duration.as_secs())
    }
}

#[cfg(test)]
mod tests;
