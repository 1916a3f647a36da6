//! What readers remember over a restart: how far they read, and who was logged in.

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    net::IpAddr,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{logins::Login, tail::Mark};

/// The largest such file that is read.
const BYTES_MAX: u64 = 4 * 1024 * 1024;

/// What is remembered.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub(super) struct Kept {
    /// How far files were read.
    pub(super) files: BTreeMap<PathBuf, Mark>,
    /// Up to when journals were read, in microseconds since 1970.
    pub(super) journals: BTreeMap<PathBuf, u64>,
    /// Who was logged in.
    pub(super) logins: BTreeMap<IpAddr, Login>,
}

impl Kept {
    /// Reads what was kept; nothing, where that cannot be read.
    pub(super) fn load(path: &Path) -> Self {
        let is_small = fs::metadata(path).is_ok_and(|it| it.len() <= BYTES_MAX);
        let text = is_small.then(|| fs::read(path).ok()).flatten();
        let kept = text.and_then(|it| serde_json::from_slice(&it).ok());
        kept.unwrap_or_default()
    }

    /// Writes it in the place of what was kept before, whole or not at all.
    pub(super) fn save(&self, path: &Path) -> std::io::Result<()> {
        let unfinished = path.with_extension("new");
        let mut file = fs::File::create(&unfinished)?;
        file.write_all(&serde_json::to_vec(self)?)?;
        fs::rename(unfinished, path)
    }
}
