//! What other programs read: the blocklist in their formats, one function each, from one record.
//!
//! A format says only what its reader understands; what it cannot say is left out and counted, never
//! bent. All of it is text that is safe to load: every word from outside is of a type whose characters
//! no format gives a meaning, or is escaped.

mod firewall;
pub mod misp;
mod monitor;
mod publication;
mod stix;
mod table;
pub mod taxii;
mod uuid;
mod writing;

#[cfg(test)]
mod tests;

use std::fmt;

use aegis_core::{Indicator, Severity, ThreatType, Timestamp};

pub use self::{
    publication::{InvalidKept, KEPT_LINE_BYTES_MAX, Publication, Recall, Shown, WITHDRAWN_MAX},
    uuid::Uuid,
    writing::{Listed, PIECE_ENTRIES, Wants, Writing},
};

/// The most flow rules that are announced: routers hold few, and one too many ends the session.
pub const FLOW_RULES_MAX: usize = 1_000;

/// The name of sets, lists and tables in formats that have one.
pub(crate) const NAME: &str = "aegis";

/// One entry of the blocklist.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    /// What is blocked.
    pub indicator: Indicator,
    /// What it did.
    pub threat_type: ThreatType,
    /// How bad that was.
    pub severity: Severity,
    /// Who caused it, in one word.
    pub origin: &'static str,
    /// When that was.
    pub decided_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// A format that is written.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Format {
    /// One address or prefix a line.
    Plain,
    /// One prefix a line, single addresses with their length, too.
    Cidr,
    /// Comma-separated values (RFC 4180) with a header.
    Csv,
    /// One JSON object a line.
    Jsonl,
    /// A script for `nft -f` that makes and fills sets in a table of its own.
    Nft,
    /// Input for `ipset restore` that swaps two sets in.
    Ipset,
    /// Suricata's IP reputation file.
    Iprep,
    /// The categories that the IP reputation file refers to.
    IprepCategories,
    /// Suricata's dataset of type `ip`: single addresses.
    Dataset,
    /// Zeek's intelligence file.
    Zeek,
    /// nginx's `deny` directives.
    Nginx,
    /// HAProxy's map from prefix to what it did.
    Haproxy,
    /// A script for `MikroTik`'s RouterOS.
    Mikrotik,
    /// A STIX 2.1 bundle of indicators.
    Stix,
    /// ExaBGP's announcements of flow rules (RFC 8955, 8956).
    Flowspec,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Plain,
        Self::Cidr,
        Self::Csv,
        Self::Jsonl,
        Self::Nft,
        Self::Ipset,
        Self::Iprep,
        Self::IprepCategories,
        Self::Dataset,
        Self::Zeek,
        Self::Nginx,
        Self::Haproxy,
        Self::Mikrotik,
        Self::Stix,
        Self::Flowspec,
    ];

    /// Returns its name on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Cidr => "cidr",
            Self::Csv => "csv",
            Self::Jsonl => "jsonl",
            Self::Nft => "nft",
            Self::Ipset => "ipset",
            Self::Iprep => "iprep",
            Self::IprepCategories => "iprep-categories",
            Self::Dataset => "dataset",
            Self::Zeek => "zeek",
            Self::Nginx => "nginx",
            Self::Haproxy => "haproxy",
            Self::Mikrotik => "mikrotik",
            Self::Stix => "stix",
            Self::Flowspec => "flowspec",
        }
    }

    /// Returns what it is for, in a few words.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Plain => "one address or prefix a line",
            Self::Cidr => "one prefix a line, addresses as /32 and /128",
            Self::Csv => "comma-separated values with a header",
            Self::Jsonl => "one JSON object a line",
            Self::Nft => "script for `nft -f`: sets in a table `aegis_export`, filled anew",
            Self::Ipset => "input for `ipset restore`: sets aegis-v4 and aegis-v6, swapped in",
            Self::Iprep => "Suricata's IP reputation file",
            Self::IprepCategories => "the categories that Suricata needs for it",
            Self::Dataset => "Suricata's dataset of type ip; prefixes are left out",
            Self::Zeek => "Zeek's intelligence file",
            Self::Nginx => "nginx's deny directives, to include",
            Self::Haproxy => "HAProxy's map_ip from prefix to what it did",
            Self::Mikrotik => "script for RouterOS: address list aegis, filled anew",
            Self::Stix => "STIX 2.1 bundle of indicators, TLP:GREEN",
            Self::Flowspec => "ExaBGP's flow rules, the 1,000 worst",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What was written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Export {
    /// The file.
    pub text: String,
    /// How many entries it has, and has not.
    pub counts: Counts,
}

/// How many entries a file has, and has not.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Counts {
    /// Entries in it.
    pub written: usize,
    /// Entries that lie in a wider one, which says it all.
    pub covered: usize,
    /// Entries that the format cannot say.
    pub left_out: usize,
}

/// Writes `entries`, each of which holds at `now`, as `format`.
pub fn export(format: Format, now: Timestamp, entries: &[Entry]) -> Export {
    let mut writing = Writing::new(format, now, entries, &Wants::default());
    let text = writing.by_ref().collect();
    Export {
        text,
        counts: writing.counts(),
    }
}

/// Returns an indicator with its prefix length, whatever that is.
fn with_length(indicator: &Indicator) -> String {
    format!("{}/{}", indicator.address(), indicator.prefix_len())
}

/// Returns for how many seconds an entry holds from `now` on, at least 1.
fn secs_left(now: Timestamp, entry: &Entry) -> u64 {
    let left = entry.expires_at.as_secs().saturating_sub(now.as_secs());
    left.max(1)
}
