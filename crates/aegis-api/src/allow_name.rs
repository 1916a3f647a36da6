//! The allowlist by name: whose addresses, whatever they are now, are never blocked.

use std::net::IpAddr;

use aegis_core::{Description, HostName, Timestamp};
use serde::{Deserialize, Serialize};

use crate::encoding::{description, text, time, time_option};

/// A name on the allowlist, with what it stands for.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct AllowName {
    /// Which.
    #[serde(with = "text")]
    pub name: HostName,
    /// When it was added.
    #[serde(with = "time")]
    pub added_at: Timestamp,
    /// Why, in the operator's words.
    #[serde(with = "description", default)]
    pub comment: Option<Description>,
    /// The addresses that are never blocked for it.
    pub addresses: Vec<NamedAddress>,
    /// When it was resolved last; absent where it has not been since the node started.
    #[serde(with = "time_option", default)]
    pub resolved_at: Option<Timestamp>,
    /// How many seconds ago that was.
    pub age_secs: Option<u64>,
    /// Why the last look did not change anything.
    pub problem: Option<String>,
}

/// One address of a name.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct NamedAddress {
    /// Which.
    pub address: IpAddr,
    /// How many seconds ago the name resolved to it.
    pub age_secs: u64,
}

/// Puts a name on the allowlist.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AllowNameRequest {
    /// Which.
    #[serde(with = "text")]
    pub name: HostName,
    /// Why.
    #[serde(with = "description", default)]
    pub comment: Option<Description>,
}

/// The names on the allowlist.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct AllowNameList {
    /// In their order.
    pub names: Vec<AllowName>,
}

/// A name was taken off the allowlist, or was not there.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct NameDisallowed {
    /// Which.
    #[serde(with = "text")]
    pub name: HostName,
    /// Whether it was there.
    pub was_allowed: bool,
}
