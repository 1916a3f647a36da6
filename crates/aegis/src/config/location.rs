//! Places: what the file says of databases and of what is blocked by them, and what that means.

use std::path::PathBuf;

use aegis_core::Region;
use aegis_intel::place::DATABASES_MAX;
use serde::{Deserialize, Serialize};

use super::{ConfigError, policy::RawPolicy, resolve::wrong};
use crate::daemon::REGIONS_MAX;

/// Databases of places.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawPlace {
    pub databases: Vec<PathBuf>,
}

/// Where addresses are looked up, and what is blocked by that.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlaceConfig {
    /// The databases, those asked first first.
    pub databases: Vec<PathBuf>,
    /// What is blocked for as long as this says so.
    pub regions: Vec<Region>,
}

/// Returns where addresses are looked up, and what is blocked by that.
pub(super) fn location(raw: RawPlace, policy: &RawPolicy) -> Result<PlaceConfig, ConfigError> {
    let databases = raw.databases;
    if databases.len() > DATABASES_MAX || databases.iter().any(|it| !it.is_absolute()) {
        let problem = format!("must be at most {DATABASES_MAX} absolute paths");
        return Err(wrong("place.databases", problem));
    }
    let countries = policy.block_countries.iter().map(|it| {
        let country = it.parse().map(Region::Country);
        let problem = || format!("{it:?} is not the two letters of a country");
        country.map_err(|_| wrong("policy.block_countries", problem()))
    });
    let systems = policy.block_asns.iter().map(|it| Ok(Region::Asn(*it)));
    let regions: Vec<Region> = countries.chain(systems).collect::<Result<_, _>>()?;
    if regions.len() > REGIONS_MAX {
        let problem = format!("at most {REGIONS_MAX} countries and systems can be blocked");
        return Err(wrong("policy.block_countries", problem));
    }
    if !regions.is_empty() && databases.is_empty() {
        let problem = "needs a database: place.databases";
        return Err(wrong("policy.block_countries", problem));
    }
    Ok(PlaceConfig { databases, regions })
}
