//! The files that tell about this host, and how they are read without trusting them.

use std::fs::{DirEntry, OpenOptions};
use std::io::Read;
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Far more than any of these files holds; what lies beyond is not read.
const FILE_BYTES_MAX: u64 = 1024 * 1024;

/// Files of one directory that are looked at.
const ENTRIES_MAX: usize = 4096;

/// Where the facts lie; tests put them elsewhere.
#[derive(Clone, Debug)]
pub(crate) struct Sources {
    pub(crate) resolv_conf: PathBuf,
    /// The real resolvers behind a stub on a loopback address (systemd-resolved, NetworkManager).
    pub(crate) stub_upstreams: Vec<PathBuf>,
    /// What tells where the time comes from.
    pub(crate) time_files: Vec<PathBuf>,
    pub(crate) utmp: PathBuf,
    pub(crate) logind_sessions: PathBuf,
    pub(crate) proc: PathBuf,
}

impl Sources {
    /// Returns the places under `root`, which is `/` outside tests.
    pub(crate) fn under(root: &Path) -> Self {
        Self {
            resolv_conf: root.join("etc/resolv.conf"),
            stub_upstreams: vec![
                root.join("run/systemd/resolve/resolv.conf"),
                root.join("run/NetworkManager/no-stub-resolv.conf"),
            ],
            time_files: [
                "etc/systemd/timesyncd.conf",
                "etc/chrony/chrony.conf",
                "etc/chrony.conf",
                "etc/ntp.conf",
                "etc/ntpsec/ntp.conf",
            ]
            .map(|it| root.join(it))
            .into(),
            utmp: root.join("run/utmp"),
            logind_sessions: root.join("run/systemd/sessions"),
            proc: root.join("proc"),
        }
    }
}

/// Reads an address as files spell it: a scope (`fe80::1%eth0`) is cut off, `::ffff:a.b.c.d` is
/// IPv4, and the unspecified address is none.
pub(crate) fn parse_address(text: &str) -> Option<IpAddr> {
    let (address, _scope) = text.split_once('%').unwrap_or((text, ""));
    let address = address.parse::<IpAddr>().ok()?.to_canonical();
    (!address.is_unspecified()).then_some(address)
}

/// Reads a text file up to a bound; a missing or unreadable one is empty.
pub(crate) fn read_text(path: &Path) -> String {
    String::from_utf8_lossy(&read_bytes(path)).into_owned()
}

/// Reads a file up to a bound; a missing or unreadable one is empty.
pub(crate) fn read_bytes(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Never waits: a pipe in the file's place must not stop the daemon.
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(path);
    let read = file.and_then(|file| file.take(FILE_BYTES_MAX).read_to_end(&mut bytes));
    if let Err(error) = read
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::debug!(path = %path.display(), %error, "File not readable");
    }
    bytes
}

/// Returns the regular files of a directory, in bounded number; pipes and links are left out.
pub(crate) fn regular_files(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return Vec::new();
    };
    let files = entries.flatten().take(ENTRIES_MAX).filter(is_regular);
    files.map(|entry| entry.path()).collect()
}

fn is_regular(entry: &DirEntry) -> bool {
    entry.file_type().is_ok_and(|it| it.is_file())
}
