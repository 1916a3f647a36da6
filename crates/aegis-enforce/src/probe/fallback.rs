//! What stands in where XDP and traffic control cannot be had.

use std::path::{Path, PathBuf};

use super::Check;

#[cfg(test)]
mod tests;

/// Where system programs lie, for users whose search path leaves these out.
const SYSTEM_FOLDERS: [&str; 3] = ["/usr/sbin", "/sbin", "/usr/local/sbin"];

/// Looks for the programs.
pub(super) fn checks() -> Vec<Check> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(SYSTEM_FOLDERS.map(PathBuf::from));
    vec![nft(find("nft", folders).as_deref())]
}

fn nft(found: Option<&Path>) -> Check {
    const NAME: &str = "nftables";
    match found {
        Some(path) => Check::ok(NAME, format!("{} is there", path.display())),
        None => Check::note(
            NAME,
            "there is no program nft",
            "nftables is what is left for an interface that allows neither XDP nor tc",
        )
        .with_fix("sudo apt-get install nftables   # or dnf, zypper, pacman, apk"),
    }
}

/// Returns the first file of this name in the folders, which must be absolute.
fn find(name: &str, folders: impl Iterator<Item = PathBuf>) -> Option<PathBuf> {
    let mut files = folders
        .filter(|it| it.is_absolute())
        .map(|it| it.join(name));
    files.find(|it| it.is_file())
}
