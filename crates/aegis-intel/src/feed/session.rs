//! Sessions: what is asked of a server, one request after another, until a feed is whole.
//!
//! Requests go out, responses come in. A server may say where its next page is, but only on itself:
//! the key would go along.

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc, time::Duration};

use aegis_core::{FEED_BYTES_MAX, Timestamp};

use super::{
    Course, Definition, Fault, Format, InvalidListing, Kind, Listing, definition::origin,
    gather::Gathered, misp, otx, taxii, time::utc,
};

/// Pages of a feed.
const PAGES_MAX: usize = 500;

/// All bytes of a feed that comes in pages.
const BYTES_MAX: usize = 4 * FEED_BYTES_MAX;

/// Objects of a TAXII collection that are asked for at a time; servers give what they give.
const OBJECTS_AT_ONCE: &str = "1000";

/// The longest word that a server may have for its next page.
const NEXT_BYTES_MAX: usize = 2048;

/// A request; the key, where there is one, is for whoever sends it to add.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Request {
    /// Whom.
    pub url: String,
    /// What is said with it.
    pub headers: Vec<(&'static str, String)>,
}

/// A response, as far as it matters.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// What the server calls this version.
    pub etag: Option<String>,
    /// When it was changed; of a TAXII server, until when it added what it sends.
    pub last_modified: Option<String>,
    /// How long the server wants to be left alone.
    pub retry_after: Option<String>,
    /// The document.
    pub body: Vec<u8>,
}

/// What follows of a response.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// This is to be asked too.
    Ask(Request),
    /// Nothing changed.
    Unchanged,
    /// All is here.
    Done {
        /// What it lists.
        listing: Listing,
        /// What to say next time.
        etag: Option<String>,
        /// The same, for servers that go by time.
        last_modified: Option<String>,
    },
}

/// Events of a MISP feed as they were read, so that only those that changed are asked for again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Events(BTreeMap<String, (u64, Arc<Listing>)>); // at most EVENTS_MAX, with when each was changed

/// A feed that is being fetched.
#[derive(Clone, Debug)]
pub struct Session {
    kind: Kind,
    url: String,
    conditions: Vec<(&'static str, String)>,
    gathered: Gathered,
    etag: Option<String>,
    last_modified: Option<String>,
    /// Events that are still to be asked for, the next one last; `None` before the manifest came.
    events: Option<Vec<misp::Named>>,
    /// The one that is being asked for.
    asked: Option<misp::Named>,
    /// Those that were read before.
    known: Events,
    /// Those of them that stand, and those that were read now.
    read: Events,
    /// Whether the first request only asks whether anything is new.
    is_probe: bool,
    pages: usize,
    bytes: usize,
}

impl Session {
    /// Begins; `course` has what is known of the last time.
    pub fn new(definition: &Definition, course: &Course, now: Timestamp) -> Self {
        let mut conditions = Vec::new();
        if let Some(etag) = &course.etag {
            conditions.push(("If-None-Match", etag.clone()));
        }
        if let Some(at) = &course.last_modified {
            conditions.push(("If-Modified-Since", at.clone()));
        }
        let is_paged = matches!(definition.kind, Kind::Otx | Kind::Taxii);
        Self {
            kind: definition.kind,
            url: definition.url.clone(),
            is_probe: is_paged && course.last_modified.is_some(),
            conditions,
            gathered: Gathered::new(now),
            etag: None,
            last_modified: None,
            events: None,
            asked: None,
            known: Events::default(),
            read: Events::default(),
            pages: 0,
            bytes: 0,
        }
    }

    /// Returns the session that knows the events of an earlier one.
    pub fn knowing(self, known: Events) -> Self {
        Self { known, ..self }
    }

    /// Returns the events that were read, for the next session.
    pub fn into_events(self) -> Events {
        self.read
    }

    /// Returns the first request. Of a feed that comes in pages and was had before, it asks for what was
    /// added since: where that is nothing, nothing changed.
    pub fn start(&self) -> Request {
        let mut url = self.first();
        if self.is_probe
            && let Some((_, since)) = self.conditions.last()
        {
            let name = match self.kind {
                Kind::Taxii => "added_after",
                Kind::Otx | Kind::Misp | Kind::Document(_) => "modified_since",
            };
            let mark = if url.contains('?') { '&' } else { '?' };
            url.push_str(&format!("{mark}{name}={}", encoded(since)));
        }
        let mut request = self.request(url);
        // Pages are of a moment, and no server says of all of them together that they are as they were.
        if matches!(self.kind, Kind::Document(_) | Kind::Misp) {
            request.headers.extend(self.conditions.clone());
        }
        request
    }

    fn first(&self) -> String {
        match self.kind {
            Kind::Document(_) | Kind::Otx => self.url.clone(),
            Kind::Taxii => self.taxii_page(None),
            Kind::Misp => self.misp_document("manifest"),
        }
    }

    /// Takes a response.
    pub fn take(&mut self, response: &Response) -> Result<Step, Fault> {
        let is_first = self.pages == 0;
        match response.status {
            200 => {}
            304 if is_first && !self.conditions.is_empty() => return Ok(Step::Unchanged),
            401 | 403 => return Err(Fault::Unauthorised(response.status)),
            429 | 503 => {
                let now = self.gathered.now;
                let said = response.retry_after.as_deref();
                return Err(Fault::Busy {
                    status: response.status,
                    retry_after: said.and_then(|it| retry_after(it, now)),
                });
            }
            other => return Err(Fault::Status(other)),
        }
        self.bytes = self.bytes.saturating_add(response.body.len());
        if std::mem::take(&mut self.is_probe) {
            return self.probed(&response.body);
        }
        self.pages += 1;
        if self.bytes > BYTES_MAX {
            return Err(Fault::NotAFeed(InvalidListing::TooLong.to_string()));
        }
        if is_first {
            self.etag.clone_from(&response.etag);
        }
        match self.kind {
            // What the last page was added by, all of it was.
            Kind::Taxii => {
                let later = response.last_modified.as_ref();
                self.last_modified = later.or(self.last_modified.as_ref()).cloned();
            }
            Kind::Otx => self.last_modified = Some(self.gathered.now.to_string()),
            Kind::Document(_) | Kind::Misp if is_first => {
                self.last_modified.clone_from(&response.last_modified);
            }
            Kind::Document(_) | Kind::Misp => {}
        }
        let next = self.read(&response.body);
        match next.map_err(|error| Fault::NotAFeed(error.to_string()))? {
            Some(url) => self.go_on(url),
            None => self.finish(),
        }
    }

    /// Takes what was added since the last time: where it is anything, all is asked for, for what was
    /// taken back may be anywhere.
    fn probed(&self, body: &[u8]) -> Result<Step, Fault> {
        let is_empty = match self.kind {
            Kind::Taxii => taxii::is_empty(body),
            Kind::Otx | Kind::Misp | Kind::Document(_) => otx::is_empty(body),
        };
        match is_empty.map_err(|error| Fault::NotAFeed(error.to_string()))? {
            true => Ok(Step::Unchanged),
            false => Ok(Step::Ask(self.request(self.first()))),
        }
    }

    /// Reads a document; returns where the next is.
    fn read(&mut self, body: &[u8]) -> Result<Option<String>, InvalidListing> {
        match self.kind {
            Kind::Document(format) => {
                self.gathered.listing = format.parse(body, self.gathered.now)?;
                Ok(None)
            }
            Kind::Otx => otx::read(body, &mut self.gathered),
            Kind::Taxii => {
                let next = taxii::read(body, &mut self.gathered)?;
                Ok(next.map(|it| self.taxii_page(Some(&it))))
            }
            Kind::Misp => self.read_misp(body),
        }
    }

    fn read_misp(&mut self, body: &[u8]) -> Result<Option<String>, InvalidListing> {
        match self.asked.take() {
            None => self.read_manifest(body)?,
            Some((uuid, changed_at)) => {
                let event = Format::MispEvent.parse(body, self.gathered.now)?;
                if let Some(changed_at) = changed_at {
                    let kept = (changed_at, Arc::new(event.clone()));
                    self.read.0.insert(uuid, kept);
                }
                self.gathered.take(event)?;
            }
        }
        self.asked = self.events.as_mut().and_then(Vec::pop);
        let next = self.asked.as_ref();
        Ok(next.map(|(uuid, _)| self.misp_document(uuid)))
    }

    /// Takes what is known of the events that a manifest names; the rest is to be asked for.
    fn read_manifest(&mut self, body: &[u8]) -> Result<(), InvalidListing> {
        let mut unknown = Vec::new();
        for (uuid, changed_at) in misp::read_manifest(body, &mut self.gathered)? {
            match self.known.0.remove(&uuid) {
                Some((known_at, event)) if Some(known_at) == changed_at => {
                    self.gathered.take((*event).clone())?;
                    self.read.0.insert(uuid, (known_at, event));
                }
                Some(_) | None => unknown.push((uuid, changed_at)),
            }
        }
        unknown.reverse();
        self.events = Some(unknown);
        Ok(())
    }

    fn go_on(&self, url: String) -> Result<Step, Fault> {
        let pages_max = match self.kind {
            Kind::Misp => misp::EVENTS_MAX + 1,
            Kind::Document(_) | Kind::Otx | Kind::Taxii => PAGES_MAX,
        };
        if url.len() > NEXT_BYTES_MAX || origin(&url) != origin(&self.url) {
            let shown: String = url
                .chars()
                .take(100)
                .filter(|it| !it.is_control())
                .collect();
            return Err(Fault::Astray(shown));
        }
        if self.pages >= pages_max {
            return Err(Fault::NotAFeed(format!("more than {pages_max} pages")));
        }
        Ok(Step::Ask(self.request(url)))
    }

    fn finish(&mut self) -> Result<Step, Fault> {
        let gathered = std::mem::take(&mut self.gathered);
        let listing = gathered.finish();
        Ok(Step::Done {
            listing: listing.map_err(|error| Fault::NotAFeed(error.to_string()))?,
            etag: self.etag.take(),
            last_modified: self.last_modified.take(),
        })
    }

    fn request(&self, url: String) -> Request {
        let headers = vec![("Accept", self.kind.accepts().to_owned())];
        Request { url, headers }
    }

    fn taxii_page(&self, next: Option<&str>) -> String {
        let base = self.url.split(['?', '#']).next().unwrap_or_default();
        let base = base.trim_end_matches('/').trim_end_matches("/objects");
        let mut url = format!("{base}/objects/?match%5Btype%5D=indicator&limit={OBJECTS_AT_ONCE}");
        if let Some(next) = next {
            url.push_str("&next=");
            url.push_str(&encoded(next));
        }
        url
    }

    fn misp_document(&self, name: &str) -> String {
        let base = self.url.split(['?', '#']).next().unwrap_or_default();
        let base = base.trim_end_matches("manifest.json");
        format!("{}/{name}.json", base.trim_end_matches('/'))
    }
}

/// Spells what is part of an address.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}"); // writing to a text cannot fail
        }
    }
    out
}

/// Reads how long to wait: seconds, or a time as HTTP has it (RFC 9110, 10.2.3 and 5.6.7).
fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if let Ok(secs) = text.parse::<u64>() {
        return Some(Duration::from_secs(secs));
    }
    // `Wed, 21 Oct 2026 07:28:00 GMT`
    let (_, date) = text.split_once(", ")?;
    let mut words = date.split(' ');
    let (day, month, year) = (words.next()?, words.next()?, words.next()?);
    let clock = words.next()?;
    let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let month = months.iter().position(|it| *it == month)? + 1;
    let at = utc(&format!("{year}-{month:02}-{day} {clock}"))?;
    Some(at.since(now))
}

#[cfg(test)]
mod tests;
