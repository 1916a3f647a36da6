//! Summary: what was blocked in some time, or would have been, and who of them is one of ours.

use std::collections::BTreeMap;

use aegis_core::{Indicator, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    Location, Moment, Traffic,
    encoding::{text, time, time_option},
    word::NodeMode,
};

/// The most sources that a [`Summary`] names: more than anybody reads.
pub const SUMMARY_LINES_MAX: usize = 1_000;

/// What a summary is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct SummaryQuery {
    /// Not older than this.
    pub since: Moment,
    /// Only what was blocked while the node observed: what enforcing would have dropped.
    pub would_have_blocked: bool,
}

impl Default for SummaryQuery {
    fn default() -> Self {
        Self {
            since: Moment::Ago(86_400),
            would_have_blocked: false,
        }
    }
}

/// What was blocked in some time. While the node observes nothing is dropped, and this is what
/// would have been.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Summary {
    /// From when on.
    #[serde(with = "time")]
    pub since: Timestamp,
    /// Until when.
    #[serde(with = "time")]
    pub until: Timestamp,
    /// What the node does now.
    pub mode: NodeMode,
    /// From when on it has observed, as far as that is known; absent where it enforces.
    #[serde(with = "time_option", default)]
    pub observing_since: Option<Timestamp>,
    /// How many sources were blocked, feeds included.
    pub sources: u64,
    /// How many sources each origin had blocked: `operator`, `detector`, `peers`, `feed`.
    pub by_origin: BTreeMap<String, u64>,
    /// How many sources were blocked for each threat type.
    pub by_reason: BTreeMap<String, u64>,
    /// How many sources were blocked of each country, as far as a database knows.
    pub by_country: BTreeMap<String, u64>,
    /// How many of each autonomous system.
    pub by_asn: BTreeMap<String, u64>,
    /// Packets and bytes of sources that are still blocked, by origin; absent where there are too many
    /// of them to count in passing. What sources sent whose block has ended is not kept.
    pub traffic_by_origin: Option<BTreeMap<String, Traffic>>,
    /// How many of the sources logged in here, or held a working connection with this host.
    pub contacts: u64,
    /// From when on logins and connections were seen.
    #[serde(with = "time")]
    pub contacts_since: Timestamp,
    /// Whether there is more in that time than was looked at.
    pub truncated: bool,
    /// The sources: those of `contacts` first, then who sent most.
    pub lines: Vec<SummaryLine>,
}

/// One source that was blocked.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct SummaryLine {
    /// Which.
    #[serde(with = "text")]
    pub indicator: Indicator,
    /// Who caused the last block.
    pub origin: String,
    /// What for.
    pub reason: String,
    /// How often it was blocked in that time.
    pub blocks: u64,
    /// The first time.
    #[serde(with = "time")]
    pub first_at: Timestamp,
    /// The last time.
    #[serde(with = "time")]
    pub last_at: Timestamp,
    /// Whether it is blocked still.
    pub active: bool,
    /// Where it is, as far as a database knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// What it sent meanwhile; absent where that is not known.
    pub traffic: Option<Traffic>,
    /// What speaks for its being one of ours; absent where nothing does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<Contact>,
}

/// What a host knows of an address that is somebody's.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Contact {
    /// The address.
    pub address: std::net::IpAddr,
    /// How it is known.
    pub kind: ContactKind,
    /// When it was seen last.
    #[serde(with = "time")]
    pub at: Timestamp,
}

/// How an address is known, the weaker first.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactKind {
    /// A TCP connection carried data both ways.
    Connection,
    /// Somebody logged in from there.
    Login,
}
