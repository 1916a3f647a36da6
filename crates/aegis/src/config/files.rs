//! Shared files: what the file says of them, and what that means.

use serde::{Deserialize, Serialize};

use super::{ConfigError, resolve::within};
use crate::daemon::FilesConfig;

const MIB: u64 = 1024 * 1024;

/// Shared files.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct RawFiles {
    pub enabled: bool,
    pub file_mib_max: u32,
    pub files_max: u32,
    pub disk_mib_max: u32,
}

impl Default for RawFiles {
    fn default() -> Self {
        Self {
            enabled: true,
            file_mib_max: 1024,
            files_max: 256,
            disk_mib_max: 4096,
        }
    }
}

/// Returns how much is kept; `None` where nothing is shared.
pub(super) fn files(raw: RawFiles) -> Result<Option<FilesConfig>, ConfigError> {
    let file_most = (aegis_core::file::FILE_BYTES_MAX / MIB) as u32;
    let file = within("files.file_mib_max", raw.file_mib_max, 1, file_most)?;
    let files = within("files.files_max", raw.files_max, 1, 4096)?;
    let disk = within("files.disk_mib_max", raw.disk_mib_max, 1, 16_777_216)?;
    Ok(raw.enabled.then(|| FilesConfig {
        file_bytes_max: u64::from(file) * MIB,
        files_max: files as usize,
        disk_bytes_max: u64::from(disk) * MIB,
    }))
}
