//! Definitions: which feed, where it is, how it is spelled, how often it may be asked for, and how far
//! it is trusted. Those that are built in need no more than their name, and a key where they ask for one.

use std::{fmt, str::FromStr, time::Duration};

use super::{Format, UnknownFormat, taxii::MEDIA_TYPE};

const HOUR: Duration = Duration::from_secs(3_600);

/// The longest time between two fetches: what is fetched less often is stale all the time.
const INTERVAL_MAX: Duration = Duration::from_secs(7 * 86_400);

/// The longest address of a feed in bytes.
const URL_BYTES_MAX: usize = 1024;

/// What a feed is called: 1 to 16 of `a-z`, `0-9` and `-`.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct FeedName(String); // within CHARS_MAX, of those characters alone

/// How a feed is asked for and read.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    /// One document of this format.
    Document(Format),
    /// OTX: pages, each of which says where the next is.
    Otx,
    /// A TAXII collection: pages, each of which has a word for the next.
    Taxii,
    /// MISP: a manifest and a document for each event.
    Misp,
}

/// A feed that a node subscribes to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Definition {
    /// What it is called.
    pub name: FeedName,
    /// How it is read.
    pub kind: Kind,
    /// Where it is: `http://` or `https://`.
    pub url: String,
    /// How often it is fetched.
    pub interval: Duration,
    /// How far it is believed, in percent.
    pub trust: u8,
    /// The header that carries the key, where it needs one.
    pub key_header: Option<String>,
    /// The file that has the key.
    pub key_file: Option<String>,
}

/// A feed that everybody knows.
#[derive(Clone, Copy, Debug)]
pub struct BuiltIn {
    /// What it is called.
    pub name: &'static str,
    /// How it is read.
    pub kind: Kind,
    /// Where it is.
    pub url: &'static str,
    /// How often it is fetched unless said otherwise.
    pub interval: Duration,
    /// How far it is believed unless said otherwise, in percent.
    pub trust: u8,
    /// The header that carries the key, where it needs one.
    pub key_header: Option<&'static str>,
    /// What its publisher asks of those who use it.
    pub terms: &'static str,
}

/// Why there cannot be such a feed.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum InvalidDefinition {
    /// Its name is none.
    #[error("a feed's name has 1 to {chars_max} of a-z, 0-9 and '-'", chars_max = FeedName::CHARS_MAX)]
    Name,
    /// Its format is not known.
    #[error(transparent)]
    Kind(UnknownFormat),
    /// Its address cannot be asked.
    #[error("a feed's address begins with http:// or https://, names a host, and holds no user")]
    Url,
    /// Its collection is not named.
    #[error("the address of a TAXII feed is that of a collection: …/collections/<id>/")]
    Collection,
    /// It would be asked too often or hardly ever.
    #[error("this feed is fetched every {} to {} minutes", .min.as_secs() / 60, INTERVAL_MAX.as_secs() / 60)]
    Interval {
        /// The shortest interval.
        min: Duration,
    },
    /// It would be believed more than wholly.
    #[error("trust is 1 to 100 percent")]
    Trust,
    /// It needs a key, or may not have one.
    #[error("this feed needs a key: say --key-file")]
    NoKey,
    /// The key's header is none.
    #[error("a header's name has letters, digits and '-'")]
    KeyHeader,
}

/// The feeds that are built in. None is subscribed to unless the operator says so.
pub const BUILT_IN: [BuiltIn; 10] = [
    BuiltIn {
        name: "spamhaus-drop",
        kind: Kind::Document(Format::Drop),
        url: "https://www.spamhaus.org/drop/drop_v4.json",
        interval: Duration::from_secs(12 * 3_600),
        trust: 100,
        key_header: None,
        terms: "(c) The Spamhaus Project; free of charge, its name and the date are kept",
    },
    BuiltIn {
        name: "spamhaus-drop6",
        kind: Kind::Document(Format::Drop),
        url: "https://www.spamhaus.org/drop/drop_v6.json",
        interval: Duration::from_secs(12 * 3_600),
        trust: 100,
        key_header: None,
        terms: "(c) The Spamhaus Project; free of charge, its name and the date are kept",
    },
    BuiltIn {
        name: "feodo",
        kind: Kind::Document(Format::Feodo),
        url: "https://feodotracker.abuse.ch/downloads/ipblocklist.csv",
        interval: HOUR,
        trust: 90,
        key_header: None,
        terms: "abuse.ch Feodo Tracker; fair use",
    },
    BuiltIn {
        name: "threatfox",
        kind: Kind::Document(Format::ThreatFox),
        url: "https://threatfox.abuse.ch/export/csv/ip-port/recent/",
        interval: HOUR,
        trust: 75,
        key_header: Some("Auth-Key"),
        terms: "abuse.ch ThreatFox; fair use, with a free key of auth.abuse.ch",
    },
    BuiltIn {
        name: "urlhaus",
        kind: Kind::Document(Format::UrlHaus),
        url: "https://urlhaus.abuse.ch/downloads/csv_online/",
        interval: HOUR,
        trust: 60,
        key_header: Some("Auth-Key"),
        terms: "abuse.ch URLhaus; fair use, with a free key of auth.abuse.ch",
    },
    BuiltIn {
        name: "dshield",
        kind: Kind::Document(Format::DShield),
        url: "https://feeds.dshield.org/block.txt",
        interval: Duration::from_secs(2 * 3_600),
        trust: 70,
        key_header: None,
        terms: "SANS Internet Storm Center; CC BY-NC-SA, its name is kept",
    },
    BuiltIn {
        name: "firehol-level1",
        kind: Kind::Document(Format::Plain),
        url: "https://iplists.firehol.org/files/firehol_level1.netset",
        interval: Duration::from_secs(6 * 3_600),
        trust: 90,
        key_header: None,
        terms: "FireHOL IP lists; each list's own terms; holds private ranges, which are never blocked",
    },
    BuiltIn {
        name: "firehol-level2",
        kind: Kind::Document(Format::Plain),
        url: "https://iplists.firehol.org/files/firehol_level2.netset",
        interval: Duration::from_secs(6 * 3_600),
        trust: 70,
        key_header: None,
        terms: "FireHOL IP lists; each list's own terms",
    },
    BuiltIn {
        name: "otx",
        kind: Kind::Otx,
        url: "https://otx.alienvault.com/api/v1/pulses/subscribed?limit=50",
        interval: Duration::from_secs(6 * 3_600),
        trust: 50,
        key_header: Some("X-OTX-API-KEY"),
        terms: "LevelBlue OTX; with a free key, the pulses that its account subscribed to",
    },
    BuiltIn {
        name: "abuseipdb",
        kind: Kind::Document(Format::AbuseIpDb),
        url: "https://api.abuseipdb.com/api/v2/blacklist",
        interval: Duration::from_secs(24 * 3_600),
        trust: 90,
        key_header: Some("Key"),
        terms: "AbuseIPDB; with a key, at most 5 times a day free of charge",
    },
];

impl BuiltIn {
    /// Returns the one of that name.
    pub fn named(name: &str) -> Option<&'static Self> {
        BUILT_IN.iter().find(|it| it.name == name)
    }
}

impl Kind {
    /// Returns how a feed of this format is asked for.
    pub const fn of(format: Format) -> Self {
        match format {
            Format::Otx => Self::Otx,
            Format::Taxii => Self::Taxii,
            Format::MispEvent => Self::Misp,
            Format::Plain
            | Format::Drop
            | Format::Feodo
            | Format::SslIp
            | Format::UrlHaus
            | Format::ThreatFox
            | Format::DShield
            | Format::AbuseIpDb
            | Format::Csv
            | Format::Stix => Self::Document(format),
        }
    }

    /// Returns its word, which is that of its format.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Document(format) => format.as_str(),
            Self::Otx => Format::Otx.as_str(),
            Self::Taxii => Format::Taxii.as_str(),
            Self::Misp => Format::MispEvent.as_str(),
        }
    }

    /// Returns what is said to be wanted.
    pub(super) const fn accepts(self) -> &'static str {
        match self {
            Self::Taxii => MEDIA_TYPE,
            Self::Otx | Self::Misp => "application/json",
            Self::Document(_) => "*/*",
        }
    }

    /// Returns the header in which a key goes unless another is said.
    pub const fn key_header(self) -> &'static str {
        match self {
            Self::Otx => "X-OTX-API-KEY",
            Self::Document(Format::Feodo | Format::SslIp | Format::UrlHaus | Format::ThreatFox) => {
                "Auth-Key"
            }
            Self::Document(Format::AbuseIpDb) => "Key",
            Self::Taxii | Self::Misp | Self::Document(_) => "Authorization",
        }
    }

    /// Returns how long to wait at least between two fetches, whoever asks for one.
    ///
    /// Some publishers shut out whoever asks more often.
    pub const fn interval_min(self) -> Duration {
        match self {
            Self::Document(Format::Drop | Format::DShield) => HOUR,
            Self::Document(Format::AbuseIpDb) => Duration::from_secs(5 * 3_600),
            Self::Document(Format::Feodo | Format::SslIp | Format::UrlHaus | Format::ThreatFox) => {
                Duration::from_secs(300)
            }
            Self::Otx => Duration::from_secs(900),
            Self::Taxii | Self::Misp | Self::Document(_) => Duration::from_secs(60),
        }
    }
}

impl Definition {
    /// Returns the definition of a built-in feed.
    pub fn of(built_in: &BuiltIn, key_file: Option<String>) -> Result<Self, InvalidDefinition> {
        Self {
            name: built_in.name.parse()?,
            kind: built_in.kind,
            url: built_in.url.to_owned(),
            interval: built_in.interval,
            trust: built_in.trust,
            key_header: built_in.key_header.map(str::to_owned),
            key_file,
        }
        .checked()
    }

    /// Returns it if there can be such a feed.
    pub fn checked(self) -> Result<Self, InvalidDefinition> {
        if !is_url(&self.url) {
            return Err(InvalidDefinition::Url);
        }
        if self.kind == Kind::Taxii && !self.url.contains("/collections/") {
            return Err(InvalidDefinition::Collection);
        }
        let min = self.kind.interval_min();
        if !(min..=INTERVAL_MAX).contains(&self.interval) {
            return Err(InvalidDefinition::Interval { min });
        }
        if !(1..=100).contains(&self.trust) {
            return Err(InvalidDefinition::Trust);
        }
        let is_header = |it: &String| {
            !it.is_empty()
                && it
                    .bytes()
                    .all(|it| it.is_ascii_alphanumeric() || it == b'-')
        };
        if !self.key_header.iter().all(is_header) {
            return Err(InvalidDefinition::KeyHeader);
        }
        if self.key_header.is_some() && self.key_file.is_none() {
            return Err(InvalidDefinition::NoKey);
        }
        Ok(self)
    }

    /// Returns what its publisher asks for, where it is built in.
    pub fn terms(&self) -> Option<&'static str> {
        let built_in = BUILT_IN.iter().find(|it| it.url == self.url);
        built_in.map(|it| it.terms)
    }
}

/// Returns scheme and authority of an address: where two are equal, the same server is asked in the
/// same way.
pub(super) fn origin(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    Some(&url[..scheme.len() + 3 + end])
}

fn is_url(url: &str) -> bool {
    let has_scheme = url.starts_with("https://") || url.starts_with("http://");
    let host = origin(url).and_then(|it| it.split_once("://"));
    let has_host = host.is_some_and(|(_, it)| !it.is_empty() && !it.contains('@'));
    let is_plain = url.bytes().all(|it| it.is_ascii_graphic());
    has_scheme && has_host && is_plain && url.len() <= URL_BYTES_MAX
}

impl FeedName {
    /// The longest name in characters.
    pub const CHARS_MAX: usize = 16;

    /// Returns the name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for FeedName {
    type Err = InvalidDefinition;

    fn from_str(text: &str) -> Result<Self, InvalidDefinition> {
        let is_of_name = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-';
        let is_name = (1..=Self::CHARS_MAX).contains(&text.len()) && text.bytes().all(is_of_name);
        if !is_name {
            return Err(InvalidDefinition::Name);
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for FeedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Kind {
    type Err = InvalidDefinition;

    fn from_str(text: &str) -> Result<Self, InvalidDefinition> {
        let format: Format = text.parse().map_err(InvalidDefinition::Kind)?;
        Ok(Self::of(format))
    }
}
