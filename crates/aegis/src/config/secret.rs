//! The secret of a closed network: from the configuration, or better from a file of its own.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use aegis_net::NetworkSecret;
use serde::{Deserialize, Serialize, Serializer};

use crate::{
    config::{ConfigError, resolve::wrong},
    private_file,
};

/// The longest file that is read: 64 digits and a line's end.
const FILE_BYTES_MAX: u64 = 128;

/// A secret as written. It shows itself to nobody, not even in `aegis config show`.
#[derive(Clone, Deserialize, PartialEq)]
#[serde(transparent)]
pub struct RawSecret(String);

impl fmt::Debug for RawSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RawSecret(…)")
    }
}

impl Serialize for RawSecret {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str("<secret>")
    }
}

/// Returns the secret that is configured, if one is.
pub(super) fn secret(
    written: Option<RawSecret>,
    file: Option<PathBuf>,
) -> Result<Option<NetworkSecret>, ConfigError> {
    match (written, file) {
        (Some(_), Some(_)) => Err(wrong(
            "p2p.secret",
            "must not be there beside p2p.secret_file",
        )),
        (Some(text), None) => parse("p2p.secret", &text.0).map(Some),
        (None, Some(path)) => read(&path).map(Some),
        (None, None) => Ok(None),
    }
}

fn read(path: &Path) -> Result<NetworkSecret, ConfigError> {
    let field = "p2p.secret_file";
    let text = private_file::read(path, FILE_BYTES_MAX).map_err(|it| wrong(field, it))?;
    parse(field, text.trim())
}

fn parse(field: &str, text: &str) -> Result<NetworkSecret, ConfigError> {
    // The text itself is in no message.
    text.parse()
        .map_err(|it: aegis_net::InvalidNetworkSecret| wrong(field, it.to_string()))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    const DIGITS: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn raw(text: &str) -> Option<RawSecret> {
        Some(RawSecret(text.to_owned()))
    }

    #[test]
    fn a_secret_is_written_or_in_a_file_and_shows_nowhere() {
        assert_eq!(secret(None, None).unwrap(), None);
        let written = secret(raw(DIGITS), None).unwrap();
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        fs::write(&path, format!("{DIGITS}\n")).unwrap();
        let open = secret(None, Some(path.clone())).unwrap_err().to_string();
        assert!(open.contains("others must have none"), "{open}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert_eq!(secret(None, Some(path.clone())).unwrap(), written);
        let both = secret(raw(DIGITS), Some(path)).unwrap_err().to_string();
        assert!(both.contains("beside p2p.secret_file"), "{both}");
        let weak = secret(raw("hunter2"), None).unwrap_err().to_string();
        assert!(
            weak.starts_with("p2p.secret: not 64") && !weak.contains("hunter2"),
            "{weak}"
        );
        assert_eq!(format!("{:?}", raw(DIGITS)), "Some(RawSecret(…))");
        let shown = serde_json::to_string(&raw(DIGITS)).unwrap();
        assert_eq!(shown, "\"<secret>\"");
    }
}
