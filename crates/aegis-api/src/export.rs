//! What is handed to other programs in formats of their own: lists, TAXII, feeds of MISP.
//!
//! What those formats are is known elsewhere. Here is what is asked for, and what comes back: pieces of a
//! file, with what a client needs to ask again only when something changed.

mod conditional;
mod gzip;

use std::fmt;

use aegis_core::{Severity, Timestamp};
use serde::Deserialize;

use crate::{Origin, Posted};

pub(crate) use self::{conditional::Conditions, gzip::Deflating};

/// What lists are called, and what each is.
pub const EXPORT_FORMATS: [(&str, &str); 15] = [
    ("plain", TEXT),
    ("cidr", TEXT),
    ("csv", CSV),
    ("jsonl", "application/x-ndjson"),
    ("nft", TEXT),
    ("ipset", TEXT),
    ("iprep", CSV),
    ("iprep-categories", CSV),
    ("dataset", TEXT),
    ("zeek", "text/tab-separated-values; charset=utf-8"),
    ("nginx", TEXT),
    ("haproxy", TEXT),
    ("mikrotik", TEXT),
    ("stix", "application/stix+json;version=2.1"),
    ("flowspec", TEXT),
];

const TEXT: &str = "text/plain; charset=utf-8";
const CSV: &str = "text/csv; charset=utf-8";

/// Who may have caused an entry.
const ORIGINS: [Origin; 5] = [
    Origin::Peers,
    Origin::Import,
    Origin::Feed,
    Origin::Detector,
    Origin::Operator,
];

/// Exports that are under way at once; each may hold a list of its own. Who comes next waits.
pub const EXPORTS_MAX: usize = 8;

/// What is asked for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ExportRequest {
    /// A list in one of [`EXPORT_FORMATS`].
    List {
        /// What that is called.
        format: &'static str,
        /// Which entries.
        filter: ExportFilter,
    },
    /// The decisions themselves.
    Decisions,
    /// Something of the TAXII server.
    Taxii(TaxiiRequest),
    /// A file of the MISP feed, by its name.
    Misp(String),
}

/// Which entries of a list are wanted; by default all.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ExportFilter {
    /// Leaves out IPv6.
    pub ipv4_only: bool,
    /// Leaves out IPv4.
    pub ipv6_only: bool,
    /// Leaves out what others caused.
    pub origin: Option<Origin>,
    /// Leaves out what was not this bad.
    pub min_severity: Option<Severity>,
}

/// A request to the TAXII server, as it came.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TaxiiRequest {
    /// Whether it changes nothing.
    pub is_read: bool,
    /// What of the path follows `/taxii2/`.
    pub path: String,
    /// Its query, at most 64 pairs.
    pub pairs: Vec<(String, String)>,
    /// What the client takes; `None` for anything.
    pub accept: Option<String>,
}

/// What is handed over.
#[derive(Debug)]
pub struct Exported {
    /// The HTTP status.
    pub status: u16,
    /// The media type.
    pub media_type: &'static str,
    /// More headers.
    pub headers: Vec<(&'static str, String)>,
    /// What it is a version of; `None` where that is not told.
    pub version: Option<ExportVersion>,
    /// The thing itself.
    pub body: ExportBody,
}

/// What tells a list from the one before.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ExportVersion {
    /// The same for the same list.
    pub tag: u64,
    /// When it was last another.
    pub changed_at: Timestamp,
    /// The present.
    pub now: Timestamp,
}

/// What comes in pieces.
pub enum ExportBody {
    /// Text.
    Text(Box<dyn Iterator<Item = String> + Send>),
    /// Decisions, in the order of their indicators.
    Decisions(Box<dyn Iterator<Item = Vec<Posted>> + Send>),
}

impl ExportFilter {
    /// Returns the words for who may have caused an entry.
    pub(crate) fn origins() -> [&'static str; 5] {
        ORIGINS.map(Origin::as_str)
    }
}

impl fmt::Debug for ExportBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "ExportBody::Text",
            Self::Decisions(_) => "ExportBody::Decisions",
        })
    }
}

/// The query of a list, before it is parsed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RawExportFilter {
    ipv4only: Option<String>,
    ipv6only: Option<String>,
    origin: Option<String>,
    min_severity: Option<String>,
}

impl RawExportFilter {
    /// Parses it; an error names the field, and what it must be.
    pub(crate) fn parse(&self) -> Result<ExportFilter, (&'static str, &'static str)> {
        let is_set = |it: &Option<String>, name| match it.as_deref() {
            None | Some("false") => Ok(false),
            Some("" | "true") => Ok(true),
            Some(_) => Err((name, "must be true or false")),
        };
        let origin = |it: &String| {
            let named = ORIGINS.into_iter().find(|one| one.as_str() == it);
            named.ok_or((
                "origin",
                "must be peers, import, feed, detector or operator",
            ))
        };
        let severity = |it: &String| {
            let number = it.bytes().all(|it| it.is_ascii_digit());
            let severity = it.parse().ok().filter(|_| number).and_then(Severity::new);
            severity.ok_or(("min_severity", "must be 1 to 10"))
        };
        Ok(ExportFilter {
            ipv4_only: is_set(&self.ipv4only, "ipv4only")?,
            ipv6_only: is_set(&self.ipv6only, "ipv6only")?,
            origin: self.origin.as_ref().map(origin).transpose()?,
            min_severity: self.min_severity.as_ref().map(severity).transpose()?,
        })
    }
}

/// Reads the query of `GET /v1/export/{format}`.
///
/// For fuzzing: it is the way that every such query goes.
pub fn read_export_query(query: &str) -> Option<ExportFilter> {
    let uri = format!("/v1/export/plain?{query}").parse().ok()?;
    let axum::extract::Query(raw) =
        axum::extract::Query::<RawExportFilter>::try_from_uri(&uri).ok()?;
    raw.parse().ok()
}

#[cfg(test)]
mod tests;
