//! The mirror of the blocklist: what the file says of it, and what that means.

use std::fmt;

use aegis_bridge::MirrorConfig;
use aegis_enforce::InstanceName;
use serde::{Deserialize, Serialize, Serializer};

use super::{ConfigError, resolve::wrong};

/// What every name of a set begins with, unless something else is said.
const KEY_PREFIX: &str = "aegis";

/// Where others read what is blocked.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawMirror {
    pub redis: Option<RedisUrl>,
    pub key_prefix: String,
}

impl Default for RawMirror {
    fn default() -> Self {
        Self {
            redis: None,
            key_prefix: KEY_PREFIX.to_owned(),
        }
    }
}

/// The address of a server; what may be a password in it is never shown.
#[derive(Clone, Deserialize, PartialEq)]
#[serde(transparent)]
pub struct RedisUrl(String);

impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.split_once("://") {
            Some((scheme, rest)) => match rest.rsplit_once('@') {
                Some((_, place)) => write!(f, "{scheme}://…@{place}"),
                None => f.write_str(&self.0),
            },
            None => f.write_str("…"),
        }
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for RedisUrl {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

/// Returns the mirror that is asked for, in a set of this instance's own.
pub(super) fn mirror(
    raw: &RawMirror,
    instance: &InstanceName,
) -> Result<Option<MirrorConfig>, ConfigError> {
    let Some(RedisUrl(url)) = &raw.redis else {
        return Ok(None);
    };
    let key = format!("{}:{instance}:blocklist", raw.key_prefix);
    let config = MirrorConfig::new(url, &key).map_err(|error| {
        let field = match error {
            aegis_bridge::InvalidMirror::Address => "mirror.redis",
            aegis_bridge::InvalidMirror::Key => "mirror.key_prefix",
        };
        wrong(field, error.to_string())
    });
    config.map(Some)
}

#[cfg(test)]
mod tests;
