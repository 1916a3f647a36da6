//! The page that browsers see: what the file says of it, and what that means.

use std::net::{Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};

use super::{ConfigError, resolve::wrong};

/// The port that the page is at where nothing else is said and it is free.
const PORT: u16 = 9004;

/// Names under which the page may be asked for, at most.
const HOSTS_MAX: usize = 32;

/// The page.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawPage {
    pub enabled: bool,
    pub listen: Option<String>,
    pub hosts: Vec<String>,
    pub read_without_key: bool,
}

impl Default for RawPage {
    fn default() -> Self {
        Self {
            // Whoever is new sees it without having read anything. Like the metrics it is on the
            // loopback, where whoever is on the host may read it; to have something done takes a key,
            // or a link from the control socket.
            enabled: true,
            listen: None,
            hosts: Vec::new(),
            read_without_key: true,
        }
    }
}

/// Where the page is, and who sees it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PageConfig {
    /// Where it listens first.
    pub listen: SocketAddr,
    /// Whether another port is taken where that one is not free.
    pub may_move: bool,
    /// Names beside `localhost` under which it may be asked for.
    pub hosts: Vec<String>,
    /// Whether who reaches its own listener sees everything without a key.
    pub read_without_key: bool,
}

/// Returns what is asked for, if anything.
pub(super) fn page(raw: RawPage) -> Result<Option<PageConfig>, ConfigError> {
    let problem = "must be an address of this host's loopback with a port, as in 127.0.0.1:9004; \
                   over the network the page is seen where the HTTP API is: set [api] with TLS";
    let is_loopback = |it: &SocketAddr| it.ip().to_canonical().is_loopback();
    let listen = raw.listen.as_ref().map(|it| {
        let address = it.parse().ok().filter(is_loopback);
        address.ok_or_else(|| wrong("page.listen", problem))
    });
    let listen = listen.transpose()?;
    if raw.hosts.len() > HOSTS_MAX {
        return Err(wrong("page.hosts", format!("must be at most {HOSTS_MAX}")));
    }
    let is_name = |it: &String| it.parse::<aegis_core::HostName>().is_ok();
    if let Some(host) = raw.hosts.iter().find(|it| !is_name(it)) {
        return Err(wrong(
            "page.hosts",
            format!("{host:?} is no name of a host"),
        ));
    }
    Ok(raw.enabled.then(|| PageConfig {
        listen: listen.unwrap_or_else(|| SocketAddr::from((Ipv4Addr::LOCALHOST, PORT))),
        may_move: listen.is_none(),
        hosts: raw.hosts,
        read_without_key: raw.read_without_key,
    }))
}

#[cfg(test)]
mod tests;
