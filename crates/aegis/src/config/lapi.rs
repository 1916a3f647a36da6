//! The Local API of CrowdSec: what the file says of it, and what that means.

use std::{net::SocketAddr, time::Duration};

use aegis_api::LapiConfig;
use serde::{Deserialize, Serialize};

use super::{
    ConfigError,
    default_file::{Key, key},
    resolve::{within, wrong},
};

/// The keys as the default configuration file shows them.
pub(super) const KEYS: &[Key] = &[
    key(
        "lapi.enabled",
        "Speak the Local API of CrowdSec, so that its bouncers, agents and cscli use this node.\n\
         `aegis key create NAME --for bouncer` or `--for machine` gives them their keys.",
    ),
    key(
        "lapi.listen",
        "Where: an address and a port. It is plain HTTP: what leaves this host belongs into a\n\
         tunnel or behind a proxy that speaks TLS.",
    ),
    key(
        "lapi.block_secs",
        "Seconds that a source is blocked whose agent leaves that to the node, 1…86400; twice as\n\
         long each time it comes again.",
    ),
    key(
        "lapi.decisions_per_hour_max",
        "Blocks that a machine may ask for within an hour, 1…10000000. One with a key of the scope\n\
         admin is the operator and has no such bound.",
    ),
    key(
        "lapi.expand_hosts_max",
        "Prefixes of up to so many addresses are told as these to crowdsec-firewall-bouncer, which\n\
         with nftables blocks one address of a prefix and no other; 0…256, 0 for never.",
    ),
];

/// The Local API of CrowdSec.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawLapi {
    pub enabled: bool,
    pub listen: String,
    pub block_secs: u32,
    pub decisions_per_hour_max: u32,
    pub expand_hosts_max: u32,
}

impl Default for RawLapi {
    fn default() -> Self {
        Self {
            enabled: false,
            listen: "127.0.0.1:8080".to_owned(),
            block_secs: 14_400, // as CrowdSec's own
            decisions_per_hour_max: 1_000,
            expand_hosts_max: 256,
        }
    }
}

/// Returns how it is to be; `None` where there is none.
pub(super) fn lapi(raw: &RawLapi) -> Result<Option<LapiConfig>, ConfigError> {
    let listen: SocketAddr = raw.listen.parse().map_err(|_| {
        let problem = "must be an address and a port, as in 127.0.0.1:8080";
        wrong("lapi.listen", problem)
    })?;
    let block_secs = within("lapi.block_secs", raw.block_secs, 1, 86_400)?;
    let decisions_per_hour_max = within(
        "lapi.decisions_per_hour_max",
        raw.decisions_per_hour_max,
        1,
        10_000_000,
    )?;
    let expand_hosts_max = within("lapi.expand_hosts_max", raw.expand_hosts_max, 0, 256)?;
    Ok(raw.enabled.then(|| LapiConfig {
        listen,
        block_for: Duration::from_secs(block_secs.into()),
        decisions_per_hour_max,
        expand_hosts_max,
    }))
}
