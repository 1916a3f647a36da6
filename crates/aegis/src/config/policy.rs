//! Policy: what the file says of which blocks need more than one word, and what that means.

use aegis_core::Quorum;
use serde::{Deserialize, Serialize};

use super::{
    ConfigError,
    resolve::{severity, within, wrong},
};

/// Publishers that may be asked for at most: as many as one organisation could have.
const PUBLISHERS_MAX: u32 = 100;

/// Which blocks on other nodes' word are made.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawPolicy {
    pub quorum: Option<RawQuorum>,
    pub block_countries: Vec<String>,
    pub block_asns: Vec<u32>,
}

/// Critical blocks need several publishers of one organisation.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RawQuorum {
    pub organisation: String,
    pub publishers: u32,
    #[serde(default = "critical")]
    pub min_severity: u8,
}

const fn critical() -> u8 {
    9
}

/// Returns which blocks need several publishers.
pub(super) fn quorum(raw: &RawPolicy) -> Result<Option<Quorum>, ConfigError> {
    let Some(raw) = &raw.quorum else {
        return Ok(None);
    };
    let organisation = raw.organisation.parse();
    let organisation = organisation.map_err(|_| {
        wrong(
            "policy.quorum.organisation",
            "must be the ID of an organisation",
        )
    })?;
    let publishers = within(
        "policy.quorum.publishers",
        raw.publishers,
        1,
        PUBLISHERS_MAX,
    )?;
    let publishers_min = u8::try_from(publishers)
        .ok()
        .and_then(|it| it.try_into().ok());
    let publishers_min =
        publishers_min.ok_or_else(|| wrong("policy.quorum.publishers", "must be 1 to 100"))?;
    Ok(Some(Quorum {
        organisation,
        publishers_min,
        severity_min: severity("policy.quorum.min_severity", raw.min_severity)?,
    }))
}
