//! The HTTP API over TCP: what the file says of it, and what that means.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{ConfigError, resolve::wrong};

/// Where it listens unless something else is said.
const LISTEN: &str = "127.0.0.1:9002";

/// The HTTP API over TCP.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawApi {
    pub enabled: bool,
    pub listen: String,
    pub tls_cert: Option<PathBuf>,
    pub tls_key: Option<PathBuf>,
    pub allow_plain: bool,
}

impl Default for RawApi {
    fn default() -> Self {
        Self {
            // Every program of this host could reach it, and every node of this host would want its
            // port: nothing listens that nobody asked for.
            enabled: false,
            listen: LISTEN.to_owned(),
            tls_cert: None,
            tls_key: None,
            allow_plain: false,
        }
    }
}

/// Where the HTTP API listens, and with which certificate.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ApiConfig {
    /// Where.
    pub listen: SocketAddr,
    /// The files with the chain of certificates and with the key, for TLS.
    pub tls: Option<(PathBuf, PathBuf)>,
}

/// Returns what is asked for, if anything.
pub(super) fn api(raw: RawApi) -> Result<Option<ApiConfig>, ConfigError> {
    let problem = |it| {
        format!(
            "{:?} is not an address such as \"{LISTEN}\": {it}",
            raw.listen
        )
    };
    let listen: SocketAddr = raw
        .listen
        .parse()
        .map_err(|it: std::net::AddrParseError| wrong("api.listen", problem(it)))?;
    let tls = match (raw.tls_cert, raw.tls_key) {
        (Some(cert), Some(key)) => Some((cert, key)),
        (None, None) => None,
        (Some(_), None) => return Err(wrong("api.tls_key", "must be set beside tls_cert")),
        (None, Some(_)) => return Err(wrong("api.tls_cert", "must be set beside tls_key")),
    };
    let is_plain = tls.is_none() && !listen.ip().to_canonical().is_loopback();
    if is_plain && !raw.allow_plain {
        let problem = "keys would cross the network in the clear: set tls_cert and tls_key, listen \
                       on a loopback address, or set api.allow_plain = true where something else \
                       encrypts";
        return Err(wrong("api.listen", problem));
    }
    Ok(raw.enabled.then_some(ApiConfig { listen, tls }))
}

impl ApiConfig {
    /// Returns the two files of TLS, to be read.
    pub fn tls_files(&self) -> Option<(&Path, &Path)> {
        self.tls
            .as_ref()
            .map(|(cert, key)| (cert.as_path(), key.as_path()))
    }
}

#[cfg(test)]
mod tests;
