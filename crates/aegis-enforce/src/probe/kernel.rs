//! The kernel: its version, what that brings, and its type information.

use std::path::Path;

use super::{Check, mend};
use crate::host::files::read_text;

#[cfg(test)]
mod tests;

/// A kernel version, as far as it decides anything here.
type Version = (u32, u32);

/// The oldest kernel that AEGIS supports.
const REQUIRED: Version = (5, 15);

/// Brings the raw SYN-cookie calls that a program needs to answer floods itself.
const SYN_COOKIES: Version = (6, 0);

/// Brings tcx: several programs on one interface beside XDP.
const TCX: Version = (6, 6);

/// Brings XDP programs that know packets in several buffers.
const FRAGMENTS: Version = (5, 18);

/// The version that Red Hat Enterprise Linux 9 calls its kernel.
const BACKPORTED: Version = (5, 14);

/// Before this, memory for maps counted against `ulimit -l`.
const MEMCG: Version = (5, 11);

/// Checks the running kernel.
pub(super) fn checks() -> Vec<Check> {
    let release = read_text(Path::new("/proc/sys/kernel/osrelease"));
    let upgrade = upgrade(&read_text(Path::new("/etc/os-release")));
    let mut checks = by_version(release.trim(), &upgrade);
    checks.push(btf(Path::new("/sys/kernel/btf/vmlinux").exists(), &upgrade));
    checks
}

/// What a version of the kernel brings.
struct Step {
    name: &'static str,
    since: Version,
    with: &'static str,
    without: &'static str,
    why: &'static str,
}

/// The ladder above what is required.
const LADDER: [Step; 3] = [
    Step {
        name: "xdp fragments",
        since: FRAGMENTS,
        with: "programs can know packets that lie in several buffers",
        without: "no programs for packets in several buffers",
        why: "native XDP is then refused where the MTU is above about 3,500 bytes",
    },
    Step {
        name: "syn cookies",
        since: SYN_COOKIES,
        with: "the program can answer SYN floods with cookies",
        without: "no SYN-cookie calls for programs",
        why: "a flood from forged sources can then only be counted and dropped",
    },
    Step {
        name: "tcx",
        since: TCX,
        with: "can attach by tcx where XDP is taken",
        without: "no tcx",
        why: "an interface whose XDP slot is taken then needs the classic tc hook",
    },
];

/// Judges the version, and what later versions would bring.
fn by_version(release: &str, upgrade: &str) -> Vec<Check> {
    let Some(version) = version(release) else {
        let detail = format!("the kernel's version cannot be read from {release:?}");
        let why = "what the kernel can do is unknown";
        return vec![Check::fail(
            "kernel",
            detail,
            mend(why, "uname -r   # must be 5.15 or newer"),
        )];
    };
    let mut checks = vec![supported(release, version, upgrade)];
    checks.extend(LADDER.iter().map(|it| climb(it, release, version, upgrade)));
    checks.push(memory(version));
    checks
}

fn supported(release: &str, version: Version, upgrade: &str) -> Check {
    const NAME: &str = "kernel";
    if version >= REQUIRED {
        return Check::ok(NAME, format!("Linux {release}"));
    }
    if is_backported(release) && version >= BACKPORTED {
        let why = "Red Hat's kernels have newer BPF code than their number says; what is missing \
                   shows when AEGIS attaches";
        return Check::note(NAME, format!("Linux {release}"), why);
    }
    let why = "AEGIS relies on BPF calls that it does not have";
    let detail = format!("Linux {release} is older than 5.15");
    Check::fail(NAME, detail, mend(why, upgrade))
}

fn climb(step: &Step, release: &str, version: Version, upgrade: &str) -> Check {
    if version >= step.since {
        return Check::ok(step.name, step.with);
    }
    let (major, minor) = step.since;
    if is_backported(release) {
        let detail = format!("comes with Linux {major}.{minor}, or was brought to {release}");
        return Check::note(step.name, detail, "tried when attaching");
    }
    let detail = format!("{} (needs Linux {major}.{minor})", step.without);
    Check::warn(step.name, detail, mend(step.why, upgrade))
}

/// Returns whether the release is of a distribution that brings new BPF code to old versions.
fn is_backported(release: &str) -> bool {
    release.contains(".el8") || release.contains(".el9")
}

fn memory(version: Version) -> Check {
    const NAME: &str = "bpf memory";
    if version >= MEMCG {
        let detail = "maps count against the control group, not against ulimit -l";
        return Check::ok(NAME, detail);
    }
    let ulimit = "ulimit -l unlimited   # in the shell or unit that starts aegis";
    let why = "making the tables fails where the limit is small";
    Check::warn(NAME, "maps count against ulimit -l", mend(why, ulimit))
}

/// Reads major and minor from a release such as `6.1.0-18-amd64` or `6.18-rc3`.
fn version(release: &str) -> Option<Version> {
    let mut numbers = release.split(|it: char| !it.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// Returns the command that brings a newer kernel on this distribution.
fn upgrade(os_release: &str) -> String {
    let value = |key: &str| {
        let mut pairs = os_release.lines().filter_map(|line| line.split_once('='));
        pairs
            .find(|(name, _)| *name == key)
            .map_or("", |(_, value)| value.trim_matches(['"', '\'']))
    };
    let install = [value("ID"), value("ID_LIKE")]
        .into_iter()
        .flat_map(str::split_whitespace);
    let install = install.filter_map(|id| match id {
        "ubuntu" => Some("apt install linux-generic"),
        "debian" => Some("apt install linux-image-$(dpkg --print-architecture)"),
        "fedora" | "rhel" | "centos" => Some("dnf upgrade kernel"),
        "suse" | "opensuse" => Some("zypper update kernel-default"),
        "arch" => Some("pacman -Syu linux"),
        "alpine" => Some("apk add --upgrade linux-lts"),
        _ => None,
    });
    match install.into_iter().next() {
        Some(command) => format!("sudo {command} && sudo reboot"),
        None => "uname -r   # install a newer kernel from your distribution, then reboot".into(),
    }
}

fn btf(is_there: bool, upgrade: &str) -> Check {
    if is_there {
        return Check::ok("btf", "the kernel carries its own type information");
    }
    let detail = "no /sys/kernel/btf/vmlinux: the kernel was built without CONFIG_DEBUG_INFO_BTF";
    let why = "bpftool and the verifier then cannot name lines and fields";
    Check::warn("btf", detail, mend(why, upgrade))
}
