//! What operators ordered blocked by place, over a restart.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use aegis_core::{Region, Timestamp};
use serde::{Deserialize, Serialize};

use super::REGIONS_MAX;
use crate::daemon::replaced::{self, replace};

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    region: String,
    expires_ms: u64,
}

pub(super) fn file(dir: &Path) -> PathBuf {
    replaced::path(dir, "regions")
}

pub(super) fn read(dir: &Path) -> io::Result<Vec<(Region, Timestamp)>> {
    let text = match fs::read_to_string(file(dir)) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let kept: Vec<Kept> = serde_json::from_str(&text)?;
    let held = |it: Kept| {
        let region = it.region.parse().map_err(io::Error::other)?;
        Ok((region, Timestamp::from_millis(it.expires_ms)))
    };
    kept.into_iter().take(REGIONS_MAX).map(held).collect()
}

/// Writes the file so that after a crash it is the old or the new one.
pub(super) fn write(
    dir: &Path,
    regions: impl Iterator<Item = (Region, Timestamp)>,
) -> io::Result<()> {
    let kept = regions.map(|(region, end)| Kept {
        region: region.to_string(),
        expires_ms: end.as_millis(),
    });
    let text = serde_json::to_vec(&kept.collect::<Vec<_>>())?;
    replace(dir, "regions", &text)
}
