//! What a node reads and who asks it, as `status` tells: the host's logs, and CrowdSec's programs.

use std::{net::IpAddr, path::PathBuf};

use aegis_core::Timestamp;
use serde::{Deserialize, Serialize};

use crate::encoding::{time, time_option};

/// A log that the node reads.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct LogSource {
    /// Where it is.
    pub path: PathBuf,
    /// What it holds.
    pub kind: LogKind,
    /// Lines, or entries of a journal, that were read since the node started.
    pub lines: u64,
    /// When the last of them was read; `None` where nothing was written yet.
    #[serde(with = "time_option")]
    pub last_at: Option<Timestamp>,
    /// Why it cannot be read.
    pub problem: Option<String>,
}

/// What a log holds.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LogKind {
    /// A file of systemd's journal.
    Journal,
    /// Lines of syslog's in which the SSH server speaks.
    Auth,
    /// Requests to a web server.
    Access,
    /// Alerts of Suricata's.
    Suricata,
    /// Notices of Zeek's.
    Zeek,
}

impl LogKind {
    /// Returns the word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Journal => "journal",
            Self::Auth => "auth",
            Self::Access => "access",
            Self::Suricata => "suricata",
            Self::Zeek => "zeek",
        }
    }
}

/// Where CrowdSec's programs ask, and which bouncers did.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct LapiState {
    /// Where the Local API is, as the beginning of a URL.
    pub url: String,
    /// The bouncers that polled since the node started, by the names of their keys.
    pub bouncers: Vec<Bouncer>,
}

/// A bouncer that polled.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Bouncer {
    /// The name of its key.
    pub name: String,
    /// Where it polls from.
    pub address: IpAddr,
    /// What it says it is: its program and version.
    pub program: String,
    /// When it polled last.
    #[serde(with = "time")]
    pub last_at: Timestamp,
    /// Whether it is known to cut the length off prefixes, so that it blocks one address of each.
    pub cuts_prefixes: bool,
}
