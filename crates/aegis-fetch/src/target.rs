//! Targets: addresses that can be asked, and where they send on to.

use hyper::Uri;

/// A server and what is asked of it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Target {
    pub(crate) is_tls: bool,
    /// A name or an address; one of IPv6 without its brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// What follows the server, beginning with `/`, without a fragment.
    pub(crate) path: String,
}

impl Target {
    /// Reads an address; `None` where it is not one of `http://` or `https://` with a host and without a
    /// user.
    pub(crate) fn parse(url: &str) -> Option<Self> {
        let url = url.split('#').next().unwrap_or_default();
        let uri: Uri = url.parse().ok()?;
        let is_tls = match uri.scheme_str()? {
            "http" => false,
            "https" => true,
            _ => return None,
        };
        let authority = uri.authority()?;
        let host = authority.host();
        let behind = authority.as_str().strip_prefix(host)?; // a user stands before it
        let port = match behind.strip_prefix(':') {
            Some(digits) => digits.parse().ok()?,
            None if behind.is_empty() && is_tls => 443,
            None if behind.is_empty() => 80,
            None => return None,
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let path = uri.path_and_query().map_or("/", |it| it.as_str());
        let path = if path.starts_with('/') {
            path.to_owned()
        } else {
            format!("/{path}")
        };
        (!host.is_empty()).then(|| Self {
            is_tls,
            host: host.to_ascii_lowercase(),
            port,
            path,
        })
    }

    /// Returns where a server sends on to, as RFC 3986 (5.2) resolves it but for dots in paths; `None`
    /// where that cannot be asked.
    pub(crate) fn join(&self, location: &str) -> Option<Self> {
        let location = location.trim();
        let head = location.split(['/', '?', '#']).next().unwrap_or_default();
        if head.contains(':') {
            return Self::parse(location);
        }
        let scheme = if self.is_tls { "https" } else { "http" };
        if let Some(rest) = location.strip_prefix("//") {
            return Self::parse(&format!("{scheme}://{rest}"));
        }
        let path = self.path.split('?').next().unwrap_or_default();
        let path = match location.chars().next() {
            Some('/') => location.to_owned(),
            Some('?') => format!("{path}{location}"),
            Some('#') | None => self.path.clone(),
            Some(_) => {
                let folder = path.rsplit_once('/').map_or("", |it| it.0);
                format!("{folder}/{location}")
            }
        };
        Self::parse(&format!("{scheme}://{}{path}", self.authority()))
    }

    /// Returns whether the same server is asked in the same way.
    pub(crate) fn is_beside(&self, other: &Self) -> bool {
        (self.is_tls, &self.host, self.port) == (other.is_tls, &other.host, other.port)
    }

    /// Returns how the server is called in a request: its port where that is not the usual one.
    pub(crate) fn authority(&self) -> String {
        let Self { host, port, .. } = self;
        let host = if host.contains(':') {
            format!("[{host}]")
        } else {
            host.clone()
        };
        match (self.is_tls, port) {
            (true, 443) | (false, 80) => host,
            _ => format!("{host}:{port}"),
        }
    }
}

#[cfg(test)]
mod tests;
