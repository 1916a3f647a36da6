//! Fetching: one document, wherever its server sends on to, within bounds.

use std::{fmt, io, time::Duration};

use http_body_util::{BodyExt as _, Empty};
use hyper::{
    HeaderMap, Request, Response, StatusCode,
    body::{Body as _, Bytes, Incoming},
    header::{self, HeaderValue},
};
use tokio::time::timeout;

use crate::{
    connect::{Connection, Tls},
    gzip::{self, GzipError},
    reach::Reach,
    target::Target,
};

/// How often a server may send on to another place.
const REDIRECTS_MAX: usize = 5;

/// The longest secret in bytes.
const SECRET_BYTES_MAX: usize = 4096;

/// How large a document may be, and how long it may take.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Limits {
    /// The most bytes of a document, as they come and as they are inflated.
    pub bytes_max: usize,
    /// How long to wait for a connection, with TLS.
    pub connect: Duration,
    /// How long to wait for the head of an answer, and for each piece of its body.
    pub idle: Duration,
    /// How long all of it may take.
    pub total: Duration,
}

/// A key, which shows itself to nobody.
#[derive(Clone, Eq, PartialEq)]
pub struct Secret(HeaderValue); // sensitive, visible ASCII alone

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Where it is.
    pub url: &'a str,
    /// What is said with it.
    pub headers: &'a [(&'static str, String)],
    /// A header that says who asks, and the key that it has: for the server of the address alone.
    pub key: Option<(&'a str, &'a Secret)>,
}

/// What came.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Fetched {
    /// The status.
    pub status: u16,
    /// What the server calls this version.
    pub etag: Option<String>,
    /// When it was changed.
    pub last_modified: Option<String>,
    /// How long the server wants to be left alone.
    pub retry_after: Option<String>,
    /// Until when a TAXII server added what is in it.
    pub added_last: Option<String>,
    /// The document; nothing where the status is not 200.
    pub body: Vec<u8>,
}

/// Why nothing came.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The address cannot be asked.
    #[error("not an address of http:// or https://")]
    Address,
    /// There is no connection.
    #[error("cannot connect to {host}")]
    Unreachable {
        /// To whom.
        host: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// There is no TLS.
    #[error("no TLS with {host}")]
    Tls {
        /// With whom.
        host: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The connection broke, or what came over it is no HTTP.
    #[error("the connection broke")]
    Broken(#[source] hyper::Error),
    /// It took too long.
    #[error("no answer within {} s", .0.as_secs_f32())]
    TooSlow(Duration),
    /// It is larger than allowed.
    #[error("the document has more than {0} bytes")]
    TooLarge(usize),
    /// It is compressed in another way than gzip, or damaged.
    #[error("the document is in an encoding that cannot be read")]
    Encoding,
    /// The server sends on to a place that is not asked.
    #[error("the server sends on to {0}, which is not asked")]
    Astray(String),
}

/// Fetches the documents of one publisher one after the other, over one connection where a server keeps it
/// open.
pub struct Fetcher {
    limits: Limits,
    tls: Tls,
    agent: HeaderValue,
    kept: Option<Connection>,
    /// Who may be asked next: where one answered from out on the internet, whatever it names is there too.
    reach: Reach,
}

/// What a server says.
enum Said {
    Here(Fetched),
    MovedTo(String),
}

impl Secret {
    /// Returns a key; `None` where it cannot be one: empty, of more than 4096 bytes, or not of visible
    /// ASCII and blanks.
    pub fn new(text: &str) -> Option<Self> {
        let is_visible = |it: u8| it == b' ' || it.is_ascii_graphic();
        if text.is_empty() || text.len() > SECRET_BYTES_MAX || !text.bytes().all(is_visible) {
            return None;
        }
        let mut value = HeaderValue::from_str(text).ok()?;
        value.set_sensitive(true);
        Some(Self(value))
    }

    /// Returns it as a header has it, which shows itself to nobody either.
    pub(crate) fn value(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fetcher({:?})", self.limits)
    }
}

impl Fetcher {
    /// Returns one that calls itself `agent`; it speaks to nobody yet.
    pub fn new(limits: Limits, tls: Tls, agent: &'static str) -> Self {
        Self {
            limits,
            tls,
            agent: HeaderValue::from_static(agent),
            kept: None,
            reach: Reach::Anywhere,
        }
    }

    /// Fetches a document.
    pub async fn get(&mut self, wanted: Wanted<'_>) -> Result<Fetched, FetchError> {
        let total = self.limits.total;
        let fetched = timeout(total, self.follow(wanted)).await;
        let fetched = fetched.unwrap_or(Err(FetchError::TooSlow(total)));
        if fetched.is_err() {
            self.kept = None; // who knows what is still on its way
        }
        fetched
    }

    async fn follow(&mut self, wanted: Wanted<'_>) -> Result<Fetched, FetchError> {
        let first = Target::parse(wanted.url).ok_or(FetchError::Address)?;
        let (mut at, mut key) = (first.clone(), wanted.key);
        for _ in 0..=REDIRECTS_MAX {
            let request = self.request(&at, wanted.headers, key)?;
            let location = match self.ask(&at, request).await? {
                Said::Here(fetched) => return Ok(fetched),
                Said::MovedTo(location) => location,
            };
            let next = at.join(&location);
            // What was asked for over TLS is not taken without.
            at = match next.filter(|it| it.is_tls || !first.is_tls) {
                Some(next) => next,
                None => return Err(FetchError::Astray(told(&location))),
            };
            if !at.is_beside(&first) {
                key = None; // for good: it is for the first alone
            }
        }
        Err(FetchError::Astray(told(&at.authority())))
    }

    fn request(
        &self,
        at: &Target,
        headers: &[(&'static str, String)],
        key: Option<(&str, &Secret)>,
    ) -> Result<Request<Empty<Bytes>>, FetchError> {
        let mut request = Request::get(at.path.as_str())
            .header(header::HOST, at.authority())
            .header(header::USER_AGENT, self.agent.clone())
            .header(header::ACCEPT_ENCODING, "gzip");
        for (name, value) in headers {
            request = request.header(*name, value.as_str());
        }
        if let Some((name, secret)) = key {
            request = request.header(name, secret.0.clone());
        }
        request.body(Empty::new()).map_err(|_| FetchError::Address)
    }

    /// Asks over the connection that is there, or over another where that broke meanwhile.
    async fn ask(
        &mut self,
        at: &Target,
        request: Request<Empty<Bytes>>,
    ) -> Result<Said, FetchError> {
        let kept = self.kept.take().filter(|it| it.to.is_beside(at));
        if let Some(connection) = kept
            && !connection.sender.is_closed()
            && let Ok(said) = self.ask_over(connection, request.clone()).await
        {
            return Ok(said);
        }
        let connect = self.limits.connect;
        let opened = timeout(connect, Connection::open(at, &self.tls, self.reach)).await;
        let connection = opened.unwrap_or(Err(FetchError::TooSlow(connect)))?;
        self.ask_over(connection, request).await
    }

    async fn ask_over(
        &mut self,
        mut connection: Connection,
        request: Request<Empty<Bytes>>,
    ) -> Result<Said, FetchError> {
        let idle = self.limits.idle;
        let answer = timeout(idle, connection.sender.send_request(request)).await;
        let answer = answer.map_err(|_| FetchError::TooSlow(idle))?;
        let response = answer.map_err(FetchError::Broken)?;
        if connection.is_public {
            self.reach = Reach::Public;
        }
        let status = response.status();
        let location = response.headers().get(header::LOCATION);
        if let Some(location) = location
            && matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
        {
            let location = String::from_utf8_lossy(location.as_bytes()).into_owned();
            return Ok(Said::MovedTo(location));
        }
        let headers = response.headers();
        let mut fetched = Fetched {
            status: status.as_u16(),
            etag: text(headers, "etag"),
            last_modified: text(headers, "last-modified"),
            retry_after: text(headers, "retry-after"),
            added_last: text(headers, "x-taxii-date-added-last"),
            body: Vec::new(),
        };
        if status == StatusCode::OK {
            fetched.body = self.document(response).await?;
        }
        if matches!(status, StatusCode::OK | StatusCode::NOT_MODIFIED) {
            self.kept = Some(connection); // of anything else there may be a body that nobody reads
        }
        Ok(Said::Here(fetched))
    }

    /// Reads a document, and inflates it where it is compressed.
    async fn document(&self, response: Response<Incoming>) -> Result<Vec<u8>, FetchError> {
        let Limits {
            bytes_max, idle, ..
        } = self.limits;
        let is_plain = match text(response.headers(), "content-encoding").as_deref() {
            None | Some("identity" | "") => true,
            Some("gzip" | "x-gzip") => false,
            Some(_) => return Err(FetchError::Encoding),
        };
        let mut incoming = response.into_body();
        if incoming.size_hint().lower() > bytes_max as u64 {
            return Err(FetchError::TooLarge(bytes_max));
        }
        let mut body = Vec::new();
        loop {
            let frame = timeout(idle, incoming.frame()).await;
            let Some(frame) = frame.map_err(|_| FetchError::TooSlow(idle))? else {
                break;
            };
            let Ok(data) = frame.map_err(FetchError::Broken)?.into_data() else {
                continue; // trailers
            };
            if body.len() + data.len() > bytes_max {
                return Err(FetchError::TooLarge(bytes_max));
            }
            body.extend_from_slice(&data);
        }
        // Some publishers have files that are compressed, whatever they are asked for.
        if is_plain && !body.starts_with(&gzip::MAGIC) {
            return Ok(body);
        }
        gzip::inflate(&body, bytes_max).map_err(|error| match error {
            GzipError::Invalid => FetchError::Encoding,
            GzipError::TooLarge => FetchError::TooLarge(bytes_max),
        })
    }
}

/// Returns the value of a header where it is a short text.
fn text(headers: &HeaderMap, name: &str) -> Option<String> {
    const BYTES_MAX: usize = 1024;
    let value = headers.get(name)?.to_str().ok()?.trim();
    (!value.is_empty() && value.len() <= BYTES_MAX).then(|| value.to_owned())
}

/// Returns what a server said, short and without what follows a question mark, in which keys hide.
fn told(location: &str) -> String {
    let location = location.split('?').next().unwrap_or_default();
    let shown = location.chars().filter(|it| !it.is_control());
    shown.take(100).collect()
}
