//! Where a request comes from, as far as a browser says so: no other site may speak through it.

use std::net::IpAddr;

use axum::http::{HeaderMap, HeaderName, header};

/// What a browser says of the site that a request comes from.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The host that is always meant, whoever resolves it.
const LOCALHOST: &str = "localhost";

/// Returns the host of a request where it is one that this site may be asked under: an address, this
/// host, or a name that the operator gave. Every other name may be somebody's who had it point here,
/// so that pages of theirs read ours (DNS rebinding).
pub(super) fn host<'a>(headers: &'a HeaderMap, names: &[String]) -> Option<&'a str> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let name = without_port(host);
    let is_address = |it: &str| it.parse::<IpAddr>().is_ok();
    let bare = name.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let is_ours = is_address(bare.unwrap_or(name))
        || name.eq_ignore_ascii_case(LOCALHOST)
        || names.iter().any(|it| it.eq_ignore_ascii_case(name));
    is_ours.then_some(host)
}

/// Returns whether the site itself has a browser ask, as far as that can be told from what the browser
/// says. Who says nothing at all is refused: every browser of the last years says one of the two.
///
/// `Origin: null` says nothing: it is what comes of a page that tells no referrer, as ours.
pub(super) fn is_own(headers: &HeaderMap, scheme: &str, host: &str) -> bool {
    let site = headers.get(FETCH_SITE).map(|it| it.as_bytes());
    let origin = headers.get(header::ORIGIN).map(|it| it.as_bytes());
    let origin = origin.filter(|it| *it != b"null");
    let own = format!("{scheme}://{host}");
    let is_own_site = site.is_none_or(|it| it == b"same-origin");
    let is_own_origin = origin.is_none_or(|it| it.eq_ignore_ascii_case(own.as_bytes()));
    (site.is_some() || origin.is_some()) && is_own_site && is_own_origin
}

/// Returns a cookie's value.
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).into_iter();
    let texts = all.filter_map(|it| it.to_str().ok());
    let mut pairs = texts.flat_map(|it| it.split(';')).map(str::trim);
    pairs.find_map(|it| it.strip_prefix(name)?.strip_prefix('='))
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|it| it.is_ascii_digit()) => name,
        Some(_) | None => host,
    }
}

#[cfg(test)]
mod tests;
