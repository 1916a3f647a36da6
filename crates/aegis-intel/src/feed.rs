//! Feeds: the formats in which others publish what they hold to be bad, and the order in which they
//! are fetched.
//!
//! Pure like the rest: bytes come in, a [`Listing`] comes out. A line that cannot be read is told with
//! its number and left out; what holds more such lines than others is not the format it was taken for,
//! and nothing of it is used. An entry that its own publisher doubts, has taken back or lets end is no
//! entry. Nothing here decides what is blocked: that is for the guards of `aegis-core`.

mod abuse_ch;
mod abuse_ip_db;
mod course;
mod csv;
mod definition;
mod drop;
mod dshield;
mod gather;
mod json;
mod misp;
mod otx;
mod plain;
mod session;
mod stix;
mod taxii;
mod time;
mod warninglist;

use std::{fmt, str::FromStr};

use aegis_core::{Confidence, FEED_BYTES_MAX, FEED_ENTRIES_MAX, Indicator, ThreatType, Timestamp};

pub use course::{Alarm, Asked, Course, Fault, Outcome};
pub use definition::{BUILT_IN, BuiltIn, Definition, FeedName, InvalidDefinition, Kind};
pub use session::{Events, Request, Response, Session, Step};
pub use warninglist::{InvalidWarninglist, WARNINGLIST_BYTES_MAX, Warninglists};

/// Malformed lines that are told with their numbers; more are only counted.
pub const MALFORMED_TOLD_MAX: usize = 20;

/// The longest line, in bytes, but in documents that are one object.
pub const LINE_BYTES_MAX: usize = 64 * 1024;

/// How one document of a feed is spelled.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Format {
    /// One address or prefix a line, with comments: `FireHOL`'s sets too.
    Plain,
    /// Spamhaus DROP: a JSON object a line.
    Drop,
    /// Feodo Tracker's CSV.
    Feodo,
    /// SSLBL's CSV of addresses.
    SslIp,
    /// `URLhaus`' CSV.
    UrlHaus,
    /// `ThreatFox`' CSV.
    ThreatFox,
    /// `DShield`'s table of networks.
    DShield,
    /// A page of OTX' pulses.
    Otx,
    /// `AbuseIPDB`'s list.
    AbuseIpDb,
    /// Any CSV with an address somewhere in each row.
    Csv,
    /// A STIX 2.1 bundle.
    Stix,
    /// A page of a TAXII 2.1 collection.
    Taxii,
    /// An event of a MISP feed.
    MispEvent,
}

/// A word that is no format's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct UnknownFormat;

/// What a feed says of one indicator.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Of which.
    pub indicator: Indicator,
    /// What it did, where the feed says so.
    pub threat_type: Option<ThreatType>,
    /// How sure the feed is; full where it does not say.
    pub confidence: Confidence,
    /// Until when that holds; `None` for as long as it is listed.
    pub until: Option<Timestamp>,
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listing {
    /// What is listed, in its order.
    pub entries: Vec<Entry>,
    /// The first [`MALFORMED_TOLD_MAX`] lines that could not be read.
    pub malformed: Vec<Malformed>,
    /// How many could not be.
    pub malformed_count: usize,
    /// What was read and is not to be blocked.
    pub left_out: LeftOut,
    /// What the publisher wants said wherever its data is used.
    pub attribution: Option<String>,
    /// When the publisher says to have made it.
    pub made_at: Option<Timestamp>,
}

/// A line that could not be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Malformed {
    /// Which, counted from 1: a line, or an object of a document that is one.
    pub number: usize,
    /// Why not.
    pub why: Why,
}

/// Why a line could not be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Why {
    /// It is longer than [`LINE_BYTES_MAX`].
    TooLong,
    /// It is no UTF-8.
    NotText,
    /// It has no address or prefix where there should be one.
    NoIndicator,
    /// It has too few columns.
    TooFewColumns,
    /// It is no object of the kind.
    NoObject,
    /// Its pattern is none.
    NoPattern,
}

/// What was read and is not to be blocked, by reason.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct LeftOut {
    /// About names, hashes and other things that are no addresses.
    pub not_addresses: usize,
    /// Doubted by the publisher itself: compromised hosts, not for detection, inactive, benign.
    pub doubtful: usize,
    /// Over, or taken back.
    pub over: usize,
    /// True only together with something else.
    pub conditional: usize,
}

/// Why nothing of a document is used.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidListing {
    /// It is longer than any may be.
    #[error("the feed has more than {FEED_BYTES_MAX} bytes")]
    TooLong,
    /// It has too many entries.
    #[error("the feed has more than {FEED_ENTRIES_MAX} entries")]
    TooMany,
    /// It is not spelled as the format is.
    #[error("not the format it should be in: line {line} cannot be read")]
    NotTheFormat {
        /// The first that is not.
        line: usize,
    },
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 13] = [
        Self::Plain,
        Self::Drop,
        Self::Feodo,
        Self::SslIp,
        Self::UrlHaus,
        Self::ThreatFox,
        Self::DShield,
        Self::Otx,
        Self::AbuseIpDb,
        Self::Csv,
        Self::Stix,
        Self::Taxii,
        Self::MispEvent,
    ];

    /// Returns the word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Drop => "drop",
            Self::Feodo => "feodo",
            Self::SslIp => "sslbl",
            Self::UrlHaus => "urlhaus",
            Self::ThreatFox => "threatfox",
            Self::DShield => "dshield",
            Self::Otx => "otx",
            Self::AbuseIpDb => "abuseipdb",
            Self::Csv => "csv",
            Self::Stix => "stix",
            Self::Taxii => "taxii",
            Self::MispEvent => "misp",
        }
    }

    /// Reads a document as it stands at `now`.
    pub fn parse(self, bytes: &[u8], now: Timestamp) -> Result<Listing, InvalidListing> {
        if bytes.len() > FEED_BYTES_MAX {
            return Err(InvalidListing::TooLong);
        }
        let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
        let mut gathered = gather::Gathered::new(now);
        match self {
            Self::Plain => plain::read(bytes, &mut gathered)?,
            Self::Drop => drop::read(bytes, &mut gathered)?,
            Self::Feodo => abuse_ch::read_feodo(bytes, &mut gathered)?,
            Self::SslIp => abuse_ch::read_ssl_ip(bytes, &mut gathered)?,
            Self::UrlHaus => abuse_ch::read_urlhaus(bytes, &mut gathered)?,
            Self::ThreatFox => abuse_ch::read_threatfox(bytes, &mut gathered)?,
            Self::DShield => dshield::read(bytes, &mut gathered)?,
            Self::Otx => otx::read(bytes, &mut gathered).map(drop)?,
            Self::AbuseIpDb => abuse_ip_db::read(bytes, &mut gathered)?,
            Self::Csv => csv::read(bytes, &mut gathered)?,
            Self::Stix => stix::read(bytes, &mut gathered)?,
            Self::Taxii => taxii::read(bytes, &mut gathered).map(drop)?,
            Self::MispEvent => misp::read_event(bytes, &mut gathered)?,
        }
        gathered.finish()
    }
}

impl Entry {
    /// Returns whether there is at least an even chance that it is right, where the feed itself is
    /// right in so many percent of what it is sure of.
    pub fn is_believed(&self, trust_percent: u8) -> bool {
        f64::from(trust_percent) * self.confidence.value() >= 50.0
    }
}

impl LeftOut {
    /// Returns how many there are.
    pub const fn total(&self) -> usize {
        self.not_addresses + self.doubtful + self.over + self.conditional
    }

    fn add(&mut self, other: Self) {
        self.not_addresses += other.not_addresses;
        self.doubtful += other.doubtful;
        self.over += other.over;
        self.conditional += other.conditional;
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        let found = Self::ALL.into_iter().find(|it| it.as_str() == text);
        found.ok_or(UnknownFormat)
    }
}

impl fmt::Display for UnknownFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = Format::ALL.map(Format::as_str);
        write!(f, "no such format; there are {}", words.join(" "))
    }
}

impl std::error::Error for UnknownFormat {}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.number, self.why.as_str())
    }
}

impl Why {
    /// Returns why, in words.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TooLong => "too long",
            Self::NotText => "not UTF-8",
            Self::NoIndicator => "no address or prefix",
            Self::TooFewColumns => "too few columns",
            Self::NoObject => "not an object of its kind",
            Self::NoPattern => "not a pattern",
        }
    }
}

#[cfg(test)]
mod tests;
