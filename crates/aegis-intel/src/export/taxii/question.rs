//! What a TAXII client asks for: a path and the pairs of a query, parsed.

use aegis_core::Timestamp;

use super::{Collection, OBJECTS_MAX, Problem};
use crate::log::Stamp;

/// Values of one list in a query; nobody needs more.
const VALUES_MAX: usize = 64;

/// The longest text of a name in a path: a type, two dashes and a UUID.
const ID_BYTES_MAX: usize = 128;

/// What is asked for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum What {
    /// What the server has.
    Discovery,
    /// What the API root is.
    Root,
    /// All collections.
    Collections,
    /// One of them.
    Collection(Collection),
    /// Its objects.
    Objects(Collection),
    /// One of its objects.
    Object(Collection, String),
    /// The versions of one of its objects.
    Versions(Collection, String),
    /// What its objects are.
    Manifest(Collection),
}

/// What is asked for, and which of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Question {
    /// What.
    pub what: What,
    /// How many at most, up to [`OBJECTS_MAX`].
    pub(super) limit: usize,
    pub(super) ids: Option<Vec<String>>,
    pub(super) kinds: Option<Vec<String>>,
    pub(super) spec_versions: Option<Vec<String>>,
    pub(super) versions: Option<Vec<String>>, // `None` where the newest is wanted, which is all there is
    added_after: Option<u64>,
    next: Option<u64>,
}

impl Question {
    /// Parses what follows `/taxii2/` in a path, and the pairs of its query. Pairs that the standard does
    /// not know are ignored, as it wants.
    pub fn parse(path: &str, pairs: &[(String, String)]) -> Result<Self, Problem> {
        let find = |name: &str| {
            let mut found = pairs.iter().filter(|(key, _)| key == name);
            found.next().map(|(_, value)| value.as_str())
        };
        let limit = find("limit").map(limit).transpose()?;
        let added_after = find("added_after").map(moment).transpose()?;
        let next = find("next").map(next).transpose()?;
        let list = |name: &str| find(name).map(values).transpose();
        Ok(Self {
            what: what(path)?,
            limit: limit.unwrap_or(OBJECTS_MAX),
            ids: list("match[id]")?,
            kinds: list("match[type]")?,
            spec_versions: list("match[spec_version]")?,
            versions: find("match[version]").map(versions).transpose()?.flatten(),
            added_after,
            next,
        })
    }

    /// Returns after when what is wanted was added.
    pub(super) fn after(&self) -> Option<u64> {
        self.added_after.max(self.next)
    }
}

fn what(path: &str) -> Result<What, Problem> {
    let steps: Vec<&str> = path.split('/').filter(|it| !it.is_empty()).collect();
    match steps.as_slice() {
        [] => Ok(What::Discovery),
        ["aegis"] => Ok(What::Root),
        ["aegis", "collections"] => Ok(What::Collections),
        ["aegis", "collections", it] => Ok(What::Collection(collection(it)?)),
        ["aegis", "collections", it, "objects"] => Ok(What::Objects(collection(it)?)),
        ["aegis", "collections", it, "manifest"] => Ok(What::Manifest(collection(it)?)),
        ["aegis", "collections", it, "objects", id] => {
            Ok(What::Object(collection(it)?, object(id)?))
        }
        ["aegis", "collections", it, "objects", id, "versions"] => {
            Ok(What::Versions(collection(it)?, object(id)?))
        }
        _ => Err(Problem::missing("there is no such endpoint")),
    }
}

fn collection(name: &str) -> Result<Collection, Problem> {
    let mut all = Collection::ALL.into_iter();
    let found = all.find(|it| it.id() == name || it.alias() == name);
    found.ok_or_else(|| Problem::missing("there is no such collection"))
}

fn object(id: &str) -> Result<String, Problem> {
    if id.len() > ID_BYTES_MAX {
        return Err(Problem::missing("the collection has no such object"));
    }
    Ok(id.to_owned())
}

fn limit(text: &str) -> Result<usize, Problem> {
    let invalid = || Problem::invalid("limit: must be a whole number from 1");
    let is_number = text.bytes().all(|it| it.is_ascii_digit()) && !text.is_empty();
    if !is_number {
        return Err(invalid());
    }
    // What does not fit is more than there is.
    match text.parse().unwrap_or(usize::MAX) {
        0 => Err(invalid()),
        limit => Ok(limit.min(OBJECTS_MAX)),
    }
}

fn next(text: &str) -> Result<u64, Problem> {
    let is_number = text.bytes().all(|it| it.is_ascii_digit());
    let next = text.parse().ok().filter(|_| is_number);
    next.ok_or_else(|| Problem::invalid("next: is none that was given out"))
}

/// Reads a time of RFC 3339 in UTC, in microseconds since 1970.
fn moment(text: &str) -> Result<u64, Problem> {
    let invalid = || Problem::invalid("times must be like 2026-11-20T12:00:00.000000Z");
    let (whole, rest) = text.split_at_checked(19).ok_or_else(invalid)?;
    let fraction = rest.strip_suffix('Z').ok_or_else(invalid)?;
    let Some(Stamp::At(at)) = Stamp::rfc3339(&format!("{whole}Z")) else {
        return Err(invalid());
    };
    let digits = match fraction.strip_prefix('.') {
        Some(digits) if !digits.is_empty() => digits,
        None if fraction.is_empty() => "0",
        Some(_) | None => return Err(invalid()),
    };
    if digits.len() > 9 || !digits.bytes().all(|it| it.is_ascii_digit()) {
        return Err(invalid());
    }
    let micros: u64 = format!("{digits:0<6}")[..6].parse().unwrap_or(0); // six digits
    Ok(at.as_secs().saturating_mul(1_000_000) + micros)
}

fn values(text: &str) -> Result<Vec<String>, Problem> {
    let values: Vec<String> = text.split(',').map(|it| it.trim().to_owned()).collect();
    if values.len() > VALUES_MAX {
        let message = format!("{VALUES_MAX} values at most in one list");
        return Err(Problem::invalid(message));
    }
    Ok(values)
}

/// Reads which versions are wanted. There is one of each object, so that the first, the last and all of them
/// are the same.
fn versions(text: &str) -> Result<Option<Vec<String>>, Problem> {
    let mut times = Vec::new();
    for it in values(text)? {
        if matches!(it.as_str(), "first" | "last" | "all") {
            return Ok(None);
        }
        let millis = moment(&it)? / 1000;
        times.push(super::stix::time(Timestamp::from_millis(millis)));
    }
    Ok(Some(times))
}
