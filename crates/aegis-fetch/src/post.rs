//! Posting: one document to one server, within bounds, and what it says to it.

use std::time::Duration;

use http_body_util::Full;
use hyper::{
    Request,
    body::Bytes,
    client::conn::http1,
    header::{self, HeaderName},
};
use hyper_util::rt::TokioIo;
use tokio::{task::JoinSet, time::timeout};

use crate::{
    connect::{Tls, stream},
    fetch::{FetchError, Secret},
    reach::Reach,
    target::Target,
};

/// How long it takes to reach a server, and how long that may take to answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Headers that say what a request is, and that no key may stand in.
const NOT_FOR_KEYS: [&str; 10] = [
    "connection",
    "content-length",
    "content-type",
    "content-encoding",
    "expect",
    "host",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// A document and where it goes.
#[derive(Clone, Debug)]
pub struct Post<'a> {
    /// Where to.
    pub url: &'a str,
    /// What it is.
    pub content_type: &'static str,
    /// The document.
    pub body: String,
    /// A header that says who asks, and the key that it has.
    pub key: Option<(&'a str, &'a Secret)>,
}

/// Returns whether an address can be asked at all.
pub fn is_url(url: &str) -> bool {
    Target::parse(url).is_some()
}

/// Returns whether a header of this name may hold a key.
pub fn may_name_key(name: &str) -> bool {
    let parsed = HeaderName::from_bytes(name.as_bytes());
    parsed.is_ok_and(|it| !NOT_FOR_KEYS.contains(&it.as_str()))
}

/// Posts a document; returns the status. Where a server sends on to another place, nobody goes.
///
/// # Errors
///
/// Fails where there is no answer in time.
pub async fn post(wanted: Post<'_>, tls: &Tls) -> Result<u16, FetchError> {
    let to = Target::parse(wanted.url).ok_or(FetchError::Address)?;
    let mut request = Request::post(to.path.as_str())
        .header(header::HOST, to.authority())
        .header(header::USER_AGENT, "aegis")
        .header(header::CONTENT_TYPE, wanted.content_type);
    if let Some((name, secret)) = wanted.key {
        request = request.header(name, secret.value());
    }
    let request = request.body(Full::new(Bytes::from(wanted.body)));
    let request = request.map_err(|_| FetchError::Address)?;
    let opened = timeout(CONNECT_TIMEOUT, stream(&to, tls, Reach::Anywhere)).await;
    let (stream, _) = opened.unwrap_or(Err(FetchError::TooSlow(CONNECT_TIMEOUT)))?;
    let answered = timeout(ANSWER_TIMEOUT, async {
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let mut driver = JoinSet::new(); // ended with this call
        driver.spawn(connection);
        sender.send_request(request).await.map(|it| it.status())
    });
    let answered = answered.await;
    let status = answered.map_err(|_| FetchError::TooSlow(ANSWER_TIMEOUT))?;
    status.map(|it| it.as_u16()).map_err(FetchError::Broken)
}

#[cfg(test)]
mod tests;
