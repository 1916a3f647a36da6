//! Where addresses are, and blocks of all that is somewhere.

use std::num::NonZeroU32;

use aegis_core::{Region, Timestamp};
use serde::{Deserialize, Serialize};

use crate::encoding::{text, time, time_option};

/// Where an address is, as a database that the operator keeps has it.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Location {
    /// Two letters of the continent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continent: Option<String>,
    /// Two letters of the country.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// The number of the autonomous system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asn: Option<u32>,
    /// What that calls itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asn_name: Option<String>,
}

impl From<aegis_core::Location> for Location {
    fn from(it: aegis_core::Location) -> Self {
        Self {
            continent: it.continent.map(|it| it.to_string()),
            country: it.country.map(|it| it.to_string()),
            asn: it.asn,
            asn_name: it.asn_name,
        }
    }
}

/// Blocks all of a country or autonomous system.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RegionRequest {
    /// Which.
    #[serde(with = "text")]
    pub region: Region,
    /// For how many seconds.
    pub duration_secs: NonZeroU32,
}

/// A country or autonomous system that is blocked.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct RegionBlock {
    /// Which.
    #[serde(with = "text")]
    pub region: Region,
    /// Whether the configuration says so, and not an operator since.
    pub configured: bool,
    /// When it ends; absent where it is configured.
    #[serde(with = "time_option", default)]
    pub expires_at: Option<Timestamp>,
    /// How many prefixes the databases have for it.
    pub prefixes: u64,
    /// How many of them are blocked: not those that a guard forbids.
    pub blocked: u64,
    /// Why it is not as the databases have it.
    pub problem: Option<String>,
}

/// What is blocked by place, and from what it is known.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct RegionList {
    /// In their order.
    pub regions: Vec<RegionBlock>,
    /// The databases.
    pub databases: Vec<String>,
    /// Why the databases are not as their files are.
    pub problem: Option<String>,
}

/// A region is blocked no more, or was not.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct RegionUnblocked {
    /// Which.
    #[serde(with = "text")]
    pub region: Region,
    /// Whether it was blocked.
    pub was_blocked: bool,
    /// When that was.
    #[serde(with = "time")]
    pub at: Timestamp,
}
