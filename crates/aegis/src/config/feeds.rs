//! Feeds: what the file says of how they are fetched, and what that means.

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use super::{
    ConfigError,
    resolve::{within, wrong},
};
use crate::daemon::FeedsConfig;

/// Warninglists at most: MISP has 143.
const WARNINGLISTS_MAX: usize = 256;

/// How feeds are fetched. Which are subscribed to is said to the running node.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawFeeds {
    pub warninglists: Vec<PathBuf>,
    pub ca_file: Option<PathBuf>,
    pub timeout_secs: u32,
}

impl Default for RawFeeds {
    fn default() -> Self {
        Self {
            warninglists: Vec::new(),
            ca_file: None,
            timeout_secs: 30,
        }
    }
}

/// Returns how feeds are fetched.
pub(super) fn feeds(raw: RawFeeds) -> Result<FeedsConfig, ConfigError> {
    let lists = &raw.warninglists;
    if lists.len() > WARNINGLISTS_MAX || lists.iter().any(|it| !it.is_absolute()) {
        let problem = format!("must be at most {WARNINGLISTS_MAX} absolute paths");
        return Err(wrong("feeds.warninglists", problem));
    }
    if raw.ca_file.as_ref().is_some_and(|it| !it.is_absolute()) {
        return Err(wrong("feeds.ca_file", "must be an absolute path"));
    }
    let secs = within("feeds.timeout_secs", raw.timeout_secs, 1, 600)?;
    Ok(FeedsConfig {
        warninglists: raw.warninglists,
        ca_file: raw.ca_file,
        timeout: Duration::from_secs(secs.into()),
    })
}
