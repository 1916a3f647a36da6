//! The kernel: its version and what that brings, type information, and its BPF switches.

use std::io;
use std::path::Path;

use super::Check;
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

/// Before this, memory for maps counted against `ulimit -l`.
const MEMCG: Version = (5, 11);

/// Checks the running kernel.
pub(super) fn checks() -> Vec<Check> {
    let release = read_text(Path::new("/proc/sys/kernel/osrelease"));
    let upgrade = upgrade(&read_text(Path::new("/etc/os-release")));
    let switch = |name: &str| std::fs::read_to_string(Path::new("/proc/sys").join(name));
    let mut checks = by_version(release.trim(), &upgrade);
    checks.push(btf(Path::new("/sys/kernel/btf/vmlinux").exists(), &upgrade));
    checks.push(unprivileged(switch("kernel/unprivileged_bpf_disabled")));
    checks.push(jit(switch("net/core/bpf_jit_enable")));
    checks
}

/// Judges the version, and what later versions would bring.
fn by_version(release: &str, upgrade: &str) -> Vec<Check> {
    let Some(version) = version(release) else {
        let detail = format!("the kernel's version cannot be read from {release:?}");
        return vec![Check::fail(
            "kernel",
            detail,
            "uname -r   # must be 5.15 or newer",
        )];
    };
    let supported = if version >= REQUIRED {
        Check::ok("kernel", format!("Linux {release}"))
    } else {
        Check::fail(
            "kernel",
            format!("Linux {release} is older than 5.15"),
            upgrade,
        )
    };
    let feature = |name, since: Version, with: &str, without: &str| {
        if version >= since {
            return Check::ok(name, with);
        }
        let detail = format!("{without} (needs Linux {}.{})", since.0, since.1);
        Check::warn(name, detail, upgrade)
    };
    let ulimit = "ulimit -l unlimited   # in the shell or unit that starts aegis";
    let memory = if version >= MEMCG {
        Check::ok(
            "bpf memory",
            "maps count against the control group, not against ulimit -l",
        )
    } else {
        Check::warn("bpf memory", "maps count against ulimit -l", ulimit)
    };
    vec![
        supported,
        feature(
            "syn cookies",
            SYN_COOKIES,
            "the program can answer SYN floods with cookies",
            "no SYN-cookie calls for programs: floods are only counted and dropped",
        ),
        feature(
            "tcx",
            TCX,
            "can attach by tcx where XDP is taken",
            "no tcx: an interface whose XDP slot is taken needs the classic tc hook",
        ),
        memory,
    ]
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
    Check::warn("btf", detail, upgrade)
}

fn unprivileged(switch: io::Result<String>) -> Check {
    const NAME: &str = "unprivileged bpf";
    match switch.as_deref().map(str::trim) {
        Ok("0") => Check::warn(
            NAME,
            "any local user may load BPF programs, which has been a way to attack kernels",
            "sudo sysctl -w kernel.unprivileged_bpf_disabled=2",
        ),
        Ok(_) => Check::ok(NAME, "only privileged users may load BPF programs"),
        Err(_) => Check::ok(NAME, "the kernel has no such switch"),
    }
}

fn jit(switch: io::Result<String>) -> Check {
    const NAME: &str = "bpf jit";
    const FIX: &str = "sudo sysctl -w net.core.bpf_jit_enable=1";
    match switch.as_deref().map(str::trim) {
        Ok("0") => Check::warn(NAME, "programs are interpreted, several times slower", FIX),
        Ok("2") => Check::warn(
            NAME,
            "programs are compiled, and dumped to the kernel log",
            FIX,
        ),
        Ok(_) => Check::ok(NAME, "programs are compiled"),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Check::warn(
            NAME,
            "only root may read net.core.bpf_jit_enable",
            "sudo aegis doctor",
        ),
        // The switch belongs to the first network namespace and is not seen from others.
        Err(_) => Check::ok(NAME, "not told in this network namespace"),
    }
}
