//! The tree of a fresh Debian 12: made once by debootstrap, never changed by a test.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::shell;

/// The release, and where it comes from unless apt says otherwise.
const RELEASE: &str = "bookworm";
const MIRROR: &str = "http://deb.debian.org/debian";

/// What a server has that debootstrap's smallest variant has not.
const PACKAGES: &str = "systemd,systemd-sysv,udev,kmod,iproute2,nftables,procps,dbus,bash-completion,\
                        ca-certificates,man-db,linux-image-amd64,initramfs-tools,zstd";

const UNITS: &str = "etc/systemd/system";
const UNIT: &str = "package-test.service";

/// Returns the tree, and makes it where it is not there.
pub(super) fn make(folder: &Path) -> Result<PathBuf> {
    let root = folder.join("root");
    if !root.exists() {
        fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
        let unfinished = folder.join("unfinished");
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished).context("remove an unfinished tree")?;
        }
        // What debootstrap mounts goes with a mount namespace of its own.
        let mut command = shell::program("unshare");
        command.args(["--mount", "debootstrap", "--variant=minbase"]);
        command.arg(format!("--include={PACKAGES}")).arg(RELEASE);
        shell::run(command.arg(&unfinished).arg(mirror()))?;
        fs::rename(&unfinished, &root).context("name the finished tree")?;
    }
    let unit = shell::root().join("packaging/test").join(UNIT);
    fs::copy(unit, root.join(UNITS).join(UNIT)).context("put the test's unit in")?;
    fs::create_dir_all(root.join("opt/test")).context("make the folder of the test")?;
    let wants = root.join(UNITS).join("multi-user.target.wants");
    fs::create_dir_all(&wants).context("make the folder of wanted units")?;
    let wanted = wants.join(UNIT);
    if !wanted.is_symlink() {
        symlink(format!("/{UNITS}/{UNIT}"), wanted).context("have the test start")?;
    }
    Ok(root)
}

/// Returns the mirror that apt of this machine uses for the release.
fn mirror() -> String {
    let format = "$(REPO_URI) $(RELEASE) $(COMPONENT)";
    let said = shell::capture(shell::program("apt-get").args(["indextargets", "--format", format]));
    let said = said.unwrap_or_default();
    let wanted = format!(" {RELEASE} main");
    let found = said.lines().find_map(|it| it.strip_suffix(&wanted));
    found.unwrap_or(MIRROR).to_owned()
}
