//! What this process may do, and where it may pin programs and maps.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use super::Check;
use crate::host::files::read_text;

#[cfg(test)]
mod tests;

/// The capabilities that enforcement needs, by their bit. The last one stands for all but the
/// second on any kernel.
const BPF: (u32, &str) = (39, "CAP_BPF");
const NET_ADMIN: (u32, &str) = (12, "CAP_NET_ADMIN");
const PERFMON: (u32, &str) = (38, "CAP_PERFMON");
const SYS_ADMIN: (u32, &str) = (21, "CAP_SYS_ADMIN");

const SETCAP: &str =
    r#"sudo setcap cap_bpf,cap_net_admin,cap_perfmon+ep "$(command -v aegis)"   # or run as root"#;

/// Checks this process and the BPF file system.
pub(super) fn checks(bpffs: &Path) -> Vec<Check> {
    let status = read_text(Path::new("/proc/self/status"));
    let uid_map = read_text(Path::new("/proc/self/uid_map"));
    let mounts = read_text(Path::new("/proc/self/mountinfo"));
    vec![
        capabilities(&status),
        user_namespace(&uid_map),
        mounted(&mounts, bpffs),
    ]
}

fn capabilities(status: &str) -> Check {
    const NAME: &str = "privileges";
    let Some(effective) = field(status, "CapEff").and_then(|it| u64::from_str_radix(it, 16).ok())
    else {
        return Check::fail(NAME, "this process's capabilities cannot be read", SETCAP);
    };
    let has = |(bit, _): (u32, &str)| effective >> bit & 1 == 1;
    let needed = if has(SYS_ADMIN) {
        vec![NET_ADMIN]
    } else {
        vec![BPF, NET_ADMIN, PERFMON]
    };
    let missing: Vec<&str> = needed
        .into_iter()
        .filter(|it| !has(*it))
        .map(|it| it.1)
        .collect();
    let user = field(status, "Uid").and_then(|it| it.split_whitespace().nth(1));
    let user = if user == Some("0") {
        "root"
    } else {
        "not root"
    };
    if missing.is_empty() {
        return Check::ok(
            NAME,
            format!("{user}, with every capability that enforcement needs"),
        );
    }
    let detail = format!(
        "{user}, without {}: only --observe works",
        missing.join(", ")
    );
    Check::fail(NAME, detail, SETCAP)
}

/// Returns the value of a `Key:\tvalue` line.
fn field<'a>(status: &'a str, key: &str) -> Option<&'a str> {
    let mut pairs = status.lines().filter_map(|line| line.split_once(':'));
    pairs
        .find(|(name, _)| *name == key)
        .map(|(_, value)| value.trim())
}

/// Judges whether capabilities count: those held in a user namespace load no programs.
fn user_namespace(uid_map: &str) -> Check {
    const NAME: &str = "user namespace";
    let mut fields = uid_map.split_whitespace();
    let is_first =
        [fields.next(), fields.next()] == [Some("0"); 2] && fields.next() == Some("4294967295");
    if is_first {
        return Check::ok(NAME, "none: capabilities count for the whole host");
    }
    Check::fail(
        NAME,
        "inside a user namespace (a rootless container?): the kernel loads no programs from here",
        "sudo aegis run   # on the host itself, or in a privileged container",
    )
}

fn mounted(mountinfo: &str, bpffs: &Path) -> Check {
    const NAME: &str = "bpffs";
    if file_system(mountinfo, bpffs).as_deref() == Some("bpf") {
        return Check::ok(NAME, format!("mounted at or above {}", bpffs.display()));
    }
    let usual = Path::new("/sys/fs/bpf");
    let fix = if bpffs.starts_with(usual) {
        "sudo mount -t bpf bpf /sys/fs/bpf".to_owned()
    } else {
        format!(
            "sudo mkdir -p '{0}' && sudo mount -t bpf bpf '{0}'",
            bpffs.display()
        )
    };
    let detail = format!(
        "no BPF file system at {}: blocks cannot outlive AEGIS",
        bpffs.display()
    );
    Check::fail(NAME, detail, fix)
}

/// Returns the type of the file system that holds a path, from proc(5)'s mountinfo.
fn file_system(mountinfo: &str, path: &Path) -> Option<String> {
    let mounts = mountinfo.lines().filter_map(|line| {
        let (mount, kind) = line.split_once(" - ")?;
        let point = unescape(mount.split(' ').nth(4)?);
        path.starts_with(&point)
            .then(|| (point.components().count(), kind.split(' ').next()))
    });
    // Of mounts on one point, the last is on top.
    mounts.max_by_key(|(depth, _)| *depth)?.1.map(str::to_owned)
}

/// Reads a path in which mountinfo wrote blanks and backslashes as three octal digits.
fn unescape(field: &str) -> PathBuf {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field.as_bytes();
    while let [first, tail @ ..] = rest {
        let digits = tail
            .first_chunk::<3>()
            .and_then(|it| std::str::from_utf8(it).ok());
        let escaped = digits.and_then(|it| u8::from_str_radix(it, 8).ok());
        match escaped.filter(|_| *first == b'\\') {
            Some(byte) => {
                bytes.push(byte);
                rest = tail.get(3..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    PathBuf::from(OsString::from_vec(bytes))
}
