//! Rules: which events are counted together, and how many are an attack.

use std::time::Duration;

use aegis_core::ThreatType;

/// What is counted.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Rule {
    /// Failed logins over SSH.
    SshBruteForce,
    /// Connections to the SSH port that never try to log in.
    SshProbe,
    /// Failed logins to web applications.
    WebBruteForce,
    /// Paths that climb out of where they belong.
    PathTraversal,
    /// Database commands where there should be values.
    SqlInjection,
    /// Commands of a shell where there should be values.
    CommandInjection,
    /// Files that nobody but a scanner asks for.
    KnownBadPath,
    /// Programs that say themselves that they scan.
    BadUserAgent,
    /// Errors of whatever kind, one after another.
    ErrorStorm,
    /// Suricata's alerts of its worst severity.
    Suricata1,
    /// Suricata's alerts of the next severity.
    Suricata2,
    /// Suricata's alerts of the mildest severity that counts.
    Suricata3,
    /// Zeek's notices.
    ZeekNotice,
}

/// So many events within so long are an attack.
///
/// Counted by a leaky bucket: it loses one event for each `within / events`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Threshold {
    /// How many; 0 turns the rule off.
    pub events: u32,
    /// Within how long.
    pub within: Duration,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Self; 13] = [
        Self::SshBruteForce,
        Self::SshProbe,
        Self::WebBruteForce,
        Self::PathTraversal,
        Self::SqlInjection,
        Self::CommandInjection,
        Self::KnownBadPath,
        Self::BadUserAgent,
        Self::ErrorStorm,
        Self::Suricata1,
        Self::Suricata2,
        Self::Suricata3,
        Self::ZeekNotice,
    ];

    /// Returns the word that the configuration and `explain` use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SshBruteForce => "ssh_brute_force",
            Self::SshProbe => "ssh_probe",
            Self::WebBruteForce => "web_brute_force",
            Self::PathTraversal => "path_traversal",
            Self::SqlInjection => "sql_injection",
            Self::CommandInjection => "command_injection",
            Self::KnownBadPath => "known_bad_path",
            Self::BadUserAgent => "bad_user_agent",
            Self::ErrorStorm => "error_storm",
            Self::Suricata1 => "suricata_severity_1",
            Self::Suricata2 => "suricata_severity_2",
            Self::Suricata3 => "suricata_severity_3",
            Self::ZeekNotice => "zeek_notice",
        }
    }

    /// Returns the kind of attack that it is a sign of; of another detector's alerts, where the alert
    /// itself did not say.
    #[expect(
        clippy::missing_panics_doc,
        clippy::expect_used,
        reason = "cannot fail because the words are fixed and tested"
    )]
    pub fn threat_type(self) -> ThreatType {
        let word = match self {
            Self::SshBruteForce | Self::WebBruteForce => "brute_force",
            Self::SshProbe => "bot",
            Self::PathTraversal => "path_traversal",
            Self::SqlInjection => "sql_injection",
            Self::CommandInjection => "command_injection",
            Self::Suricata1 | Self::Suricata2 | Self::Suricata3 | Self::ZeekNotice => "exploit",
            Self::KnownBadPath | Self::BadUserAgent | Self::ErrorStorm => "vulnerability_scan",
        };
        word.parse()
            .expect("cannot fail because the words are fixed")
    }

    /// Returns the threshold that holds unless another is configured.
    pub const fn default_threshold(self) -> Threshold {
        const MINUTE: u64 = 60;
        let (events, secs) = match self {
            Self::SshBruteForce => (5, 10 * MINUTE), // as fail2ban's
            Self::SshProbe => (15, 10 * MINUTE),
            Self::WebBruteForce => (10, 5 * MINUTE),
            Self::PathTraversal | Self::SqlInjection | Self::CommandInjection => (2, 10 * MINUTE),
            Self::KnownBadPath => (4, 10 * MINUTE),
            Self::BadUserAgent => (2, 10 * MINUTE),
            Self::ErrorStorm => (40, MINUTE),
            Self::Suricata1 | Self::ZeekNotice => (1, 10 * MINUTE), // they have counted already
            Self::Suricata2 => (3, 10 * MINUTE),
            Self::Suricata3 => (10, 10 * MINUTE),
        };
        Threshold {
            events,
            within: Duration::from_secs(secs),
        }
    }

    /// Returns the program whose log tells of it: the source of its reports.
    pub const fn program(self) -> &'static str {
        match self {
            Self::SshBruteForce | Self::SshProbe => "sshd",
            Self::WebBruteForce
            | Self::PathTraversal
            | Self::SqlInjection
            | Self::CommandInjection
            | Self::KnownBadPath
            | Self::BadUserAgent
            | Self::ErrorStorm => "web",
            Self::Suricata1 | Self::Suricata2 | Self::Suricata3 => "suricata",
            Self::ZeekNotice => "zeek",
        }
    }
}
