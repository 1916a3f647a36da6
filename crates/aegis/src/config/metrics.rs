//! Metrics: where they are scraped, and under which names.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::{ConfigError, resolve::wrong};

/// What is told to who monitors.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawMetrics {
    pub listen: Option<String>,
    pub crowdsec_names: bool,
}

/// What that means.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct MetricsConfig {
    /// Where scrapers come to; `None` for the control socket alone.
    pub listen: Option<SocketAddr>,
    /// Whether CrowdSec's names are told as well.
    pub with_crowdsec_names: bool,
}

/// Returns what is told to who monitors.
pub(super) fn metrics(raw: &RawMetrics) -> Result<MetricsConfig, ConfigError> {
    let problem = "must be an address of this host's loopback with a port, as in 127.0.0.1:9464";
    let is_loopback = |it: &SocketAddr| it.ip().is_loopback();
    let listen = raw.listen.as_ref().map(|it| {
        let address = it.parse().ok().filter(is_loopback);
        address.ok_or_else(|| wrong("metrics.listen", problem))
    });
    Ok(MetricsConfig {
        listen: listen.transpose()?,
        with_crowdsec_names: raw.crowdsec_names,
    })
}
