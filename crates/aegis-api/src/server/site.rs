//! A site over TCP, for browsers: who asks, from where, how often; and what every answer carries.
//!
//! What is drawn is a [`Site`]'s. Nothing here knows HTML, nothing there knows HTTP.

mod origin;
mod session;

use std::{net::IpAddr, pin::Pin, sync::Arc};

use aegis_core::{KeyName, Timestamp};
use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderValue, Method, Request, StatusCode, header},
};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use tokio::time::timeout;

use self::session::Known;
pub use self::session::{PAGE_LINK_FOR, SESSION_FOR, SESSIONS_MAX, SessionCookie, Sessions};

use super::{
    connection::Answer,
    gate::Gate,
    routes::{ANSWER_TIMEOUT, BODY_TIMEOUT},
};
use crate::{
    Caller, KeyGrant, PROOF_FIELD,
    site::{Fields, Shown, ShownWhat, SignedIn, Site, Visit, VisitMethod},
};

/// The largest form in bytes; ours have some hundreds.
pub const FORM_BYTES_MAX: usize = 16 * 1024;

/// What every answer carries. Nothing of a page comes from elsewhere, nothing in it is a script or a
/// style but the two files that the node serves, and no page of others shows it within theirs.
const HEADERS: [(&str, &str); 8] = [
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
         connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("x-frame-options", "DENY"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    (
        "permissions-policy",
        "camera=(), geolocation=(), microphone=()",
    ),
    ("x-robots-tag", "noindex"),
];

/// What a site is served with.
#[derive(Clone, Debug)]
pub struct SiteSetup<S> {
    /// What draws it.
    pub site: S,
    /// Who is signed in.
    pub sessions: Sessions,
    /// Names beside `localhost` under which it may be asked for.
    pub hosts: Arc<[String]>,
    /// Whether whoever reaches it may see everything without a key.
    pub is_open: bool,
    /// What time it is.
    pub clock: fn() -> Timestamp,
}

/// Has a site answer, whatever it is.
pub(super) type SiteDoor = Arc<
    dyn Fn(Request<Incoming>, IpAddr) -> Pin<Box<dyn Future<Output = Answer> + Send>> + Send + Sync,
>;

/// Whether a path is one of a site's.
pub(super) type SitePaths = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// A site behind a listener.
#[derive(Clone)]
pub(super) struct MountedSite {
    pub(super) door: SiteDoor,
    pub(super) serves: SitePaths,
}

impl std::fmt::Debug for MountedSite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MountedSite(…)")
    }
}

impl MountedSite {
    /// Mounts a site on a listener that speaks TLS or not, at a port.
    pub(super) fn new<S: Site>(setup: &SiteSetup<S>, is_secure: bool, port: u16) -> Self {
        let entrance = Arc::new(Entrance {
            setup: setup.clone(),
            is_secure,
            // Browsers keep cookies by host and not by port: nodes of one host must not mix them up.
            cookie_name: format!("aegis-{port}"),
            gate: Gate::new(),
        });
        let site = setup.site.clone();
        Self {
            door: Arc::new(move |request, peer| {
                let entrance = Arc::clone(&entrance);
                Box::pin(async move { entrance.answer(request, peer).await })
            }),
            serves: Arc::new(move |path| site.serves(path)),
        }
    }
}

/// What every request of a browser goes through.
struct Entrance<S> {
    setup: SiteSetup<S>,
    is_secure: bool,
    cookie_name: String,
    gate: Gate,
}

/// Why a request is not shown to the site.
enum Turned {
    Away(StatusCode, &'static str),
}

impl<S: Site> Entrance<S> {
    async fn answer(&self, request: Request<Incoming>, peer: IpAddr) -> Answer {
        let mut answer = match self.visit(request, peer).await {
            Ok(visit) => self.shown(visit).await,
            Err(Turned::Away(status, why)) => refusal(status, why),
        };
        for (name, value) in HEADERS {
            answer
                .headers_mut()
                .insert(name, HeaderValue::from_static(value));
        }
        answer
    }

    async fn shown(&self, visit: Visit) -> Answer {
        let Some(_permit) = self.gate.begin() else {
            return refusal(StatusCode::SERVICE_UNAVAILABLE, "too many requests at once");
        };
        let shown = timeout(ANSWER_TIMEOUT, self.setup.site.show(visit)).await;
        let Ok(Shown { what, cookie }) = shown else {
            return refusal(
                StatusCode::GATEWAY_TIMEOUT,
                "the node did not answer in time",
            );
        };
        let mut answer = drawn(what);
        let cookie = cookie.map(|it| it.header(&self.cookie_name, self.is_secure));
        if let Some(Ok(cookie)) = cookie.map(|it| HeaderValue::from_str(&it)) {
            answer.headers_mut().insert(header::SET_COOKIE, cookie);
        }
        answer
    }

    /// Finds out who asks for what, or why nobody is answered.
    async fn visit(&self, request: Request<Incoming>, peer: IpAddr) -> Result<Visit, Turned> {
        let headers = request.headers();
        let Some(host) = origin::host(headers, &self.setup.hosts) else {
            let why = "ask for this node by its address, as localhost, or by a name of page.hosts";
            return Err(Turned::Away(StatusCode::MISDIRECTED_REQUEST, why));
        };
        let (caller, signed_in) = self.admit(headers, peer)?;
        let method = match *request.method() {
            Method::GET | Method::HEAD => VisitMethod::Get,
            Method::POST => VisitMethod::Post,
            _ => {
                return Err(Turned::Away(
                    StatusCode::METHOD_NOT_ALLOWED,
                    "GET, HEAD or POST",
                ));
            }
        };
        let scheme = if self.is_secure { "https" } else { "http" };
        if method == VisitMethod::Post && !origin::is_own(headers, scheme, host) {
            let why = "only this node's own page may have something done";
            return Err(Turned::Away(StatusCode::FORBIDDEN, why));
        }
        let (path, query) = (
            request.uri().path().to_owned(),
            Fields::parse(request.uri().query().unwrap_or_default()),
        );
        let form = match method {
            VisitMethod::Get => Fields::default(),
            VisitMethod::Post => form(request).await?,
        };
        if let (VisitMethod::Post, Some(it)) = (method, &signed_in)
            && !is_proof(&form, it)
        {
            let why = "the form is not of this session: go back, load the page anew, try again";
            return Err(Turned::Away(StatusCode::FORBIDDEN, why));
        }
        Ok(Visit {
            method,
            path,
            query,
            form,
            caller,
            signed_in,
            sessions: self.setup.sessions.clone(),
        })
    }

    /// Returns who asks, and as whom they are signed in.
    fn admit(
        &self,
        headers: &HeaderMap,
        peer: IpAddr,
    ) -> Result<(Option<Caller>, Option<SignedIn>), Turned> {
        let too_often = || {
            let why = "you ask too often; wait a second";
            Turned::Away(StatusCode::TOO_MANY_REQUESTS, why)
        };
        let word = origin::cookie(headers, &self.cookie_name);
        match word.map_or(Known::Nobody, |it| self.setup.sessions.known(it)) {
            Known::Somebody(caller, signed_in) => Ok((Some(caller), Some(signed_in))),
            Known::Hasty => Err(too_often()),
            Known::Nobody => {
                if !self.gate.admit_stranger((self.setup.clock)(), peer) {
                    return Err(too_often());
                }
                let anybody = self.setup.is_open.then(anybody).flatten();
                Ok((anybody, None))
            }
        }
    }
}

/// Returns the caller that somebody is who may see without a key.
fn anybody() -> Option<Caller> {
    let name: KeyName = "anybody".parse().ok()?;
    Some(Caller::Key(KeyGrant::without_secret(name)))
}

fn is_proof(form: &Fields, signed_in: &SignedIn) -> bool {
    // Hashes compare in constant time.
    let hash = |it: &str| blake3::hash(it.as_bytes());
    form.value(PROOF_FIELD)
        .is_some_and(|it| hash(it) == hash(&signed_in.proof))
}

async fn form(request: Request<Incoming>) -> Result<Fields, Turned> {
    let kind = request.headers().get(header::CONTENT_TYPE);
    let kind = kind.and_then(|it| it.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        let why = "only forms are taken";
        return Err(Turned::Away(StatusCode::UNSUPPORTED_MEDIA_TYPE, why));
    }
    let body = Limited::new(request.into_body(), FORM_BYTES_MAX).collect();
    let Ok(body) = timeout(BODY_TIMEOUT, body).await else {
        return Err(Turned::Away(
            StatusCode::REQUEST_TIMEOUT,
            "the form did not arrive in time",
        ));
    };
    let too_large = |_| Turned::Away(StatusCode::PAYLOAD_TOO_LARGE, "the form is too large");
    let body: Bytes = body.map_err(too_large)?.to_bytes();
    Ok(Fields::parse(&String::from_utf8_lossy(&body)))
}

fn drawn(what: ShownWhat) -> Answer {
    match what {
        ShownWhat::Html(status, text) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            answer(status, "text/html; charset=utf-8", "no-store", text.into())
        }
        // Its path changes with it.
        ShownWhat::Asset(media_type, text) => answer(
            StatusCode::OK,
            media_type,
            "public, max-age=31536000, immutable",
            text.into(),
        ),
        ShownWhat::Elsewhere(path) => {
            let mut answer = answer(
                StatusCode::SEE_OTHER,
                "text/plain; charset=utf-8",
                "no-store",
                Body::empty(),
            );
            let root = HeaderValue::from_static("/");
            let path = HeaderValue::from_str(&path).unwrap_or(root);
            answer.headers_mut().insert(header::LOCATION, path);
            answer
        }
    }
}

fn refusal(status: StatusCode, why: &'static str) -> Answer {
    let mut refusal = answer(status, "text/plain; charset=utf-8", "no-store", why.into());
    let headers = refusal.headers_mut();
    if matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
    ) {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    if status == StatusCode::METHOD_NOT_ALLOWED {
        headers.insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, POST"));
    }
    refusal
}

fn answer(status: StatusCode, media_type: &'static str, keep: &'static str, body: Body) -> Answer {
    let mut answer = Answer::new(body);
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    answer
}

#[cfg(test)]
mod tests;
