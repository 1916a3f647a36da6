//! The BPF file system: whether it is mounted, how, and whether this user may pin there.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::{Check, mend, shell};
use crate::host::files::read_text;
use crate::privileges::{User, user};

#[cfg(test)]
mod tests;

/// Where distributions mount it.
const USUAL: &str = "/sys/fs/bpf";

/// A mounted file system, from proc(5)'s mountinfo.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Mount {
    kind: String,
    /// Those of the mount and of the file system, in a row.
    options: String,
}

/// A folder on the way to the pins.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Folder {
    path: PathBuf,
    owner: u32,
    group: u32,
    mode: u32,
}

/// Checks the BPF file system at `bpffs`.
pub(super) fn checks(bpffs: &Path) -> Vec<Check> {
    let mount = mount_of(&read_text(Path::new("/proc/self/mountinfo")), bpffs);
    let mounted = mounted(mount.as_ref(), bpffs);
    if mounted.state == super::State::Fail {
        return vec![mounted];
    }
    let own = bpffs.join("aegis");
    let folders: Vec<Folder> = [bpffs, &own].into_iter().filter_map(folder).collect();
    vec![mounted, pins(&folders, user(), bpffs)]
}

fn folder(path: &Path) -> Option<Folder> {
    let metadata = fs::metadata(path).ok()?;
    Some(Folder {
        path: path.to_owned(),
        owner: metadata.uid(),
        group: metadata.gid(),
        mode: metadata.mode(),
    })
}

fn mounted(mount: Option<&Mount>, bpffs: &Path) -> Check {
    const NAME: &str = "bpffs";
    let (place, word) = (bpffs.display(), shell(&bpffs.to_string_lossy()));
    let Some(mount) = mount.filter(|it| it.kind == "bpf") else {
        let fix = if bpffs.starts_with(USUAL) {
            format!("sudo mount -t bpf bpf {USUAL}")
        } else {
            format!("sudo mkdir -p {word} && sudo mount -t bpf bpf {word}")
        };
        let why = "without it blocks cannot outlive AEGIS, so it does not start";
        return Check::fail(
            NAME,
            format!("no BPF file system at {place}"),
            mend(why, fix),
        );
    };
    if mount.options.split(',').any(|it| it == "ro") {
        let why = "nothing can be pinned there";
        let fix = format!("sudo mount -o remount,rw {word}");
        return Check::fail(NAME, format!("read-only at {place}"), mend(why, fix));
    }
    let detail = format!("mounted at or above {place} ({})", mount.options);
    Check::ok(NAME, detail)
}

/// Judges whether a node of this user may make its pins. It gives up root's right to pass every
/// door, so that right is not counted; nor are groups beyond the first.
fn pins(folders: &[Folder], me: User, bpffs: &Path) -> Check {
    const NAME: &str = "pin folder";
    const ENTER: u32 = 1;
    const WRITE: u32 = 2;
    let last = folders.len().saturating_sub(1);
    let closed = folders.iter().enumerate().find(|(at, it)| {
        let wanted = if *at == last { ENTER | WRITE } else { ENTER };
        allowed(it, me) & wanted != wanted
    });
    let user = me.user;
    let Some((_, closed)) = closed else {
        let at = folders.last().map_or(bpffs, |it| it.path.as_path());
        return Check::ok(NAME, format!("user {user} may pin below {}", at.display()));
    };
    let detail = format!(
        "{} belongs to user {} with mode {:03o}, this is user {user}",
        closed.path.display(),
        closed.owner,
        closed.mode & 0o7777
    );
    let own = shell(&bpffs.join("aegis").to_string_lossy());
    let fix = if user == 0 {
        format!(
            "sudo -u '#{}' aegis run   # or another BPF file system for this node",
            closed.owner
        )
    } else {
        let mount = shell(&bpffs.to_string_lossy());
        format!("sudo chmod a+x {mount} && sudo install -d -o {user} -m 0700 {own}")
    };
    Check::fail(
        NAME,
        detail,
        mend("a node of this user cannot pin there", fix),
    )
}

/// Returns the three permission bits that hold for a user.
fn allowed(folder: &Folder, me: User) -> u32 {
    let shift = if folder.owner == me.user {
        6
    } else if folder.group == me.group {
        3
    } else {
        0
    };
    folder.mode >> shift & 7
}

/// Returns the file system that holds a path.
fn mount_of(mountinfo: &str, path: &Path) -> Option<Mount> {
    let mounts = mountinfo.lines().filter_map(|line| {
        let (mount, system) = line.split_once(" - ")?;
        let mut mount = mount.split(' ');
        let point = unescape(mount.nth(4)?);
        let (of_mount, mut system) = (mount.next().unwrap_or_default(), system.split(' '));
        let kind = system.next()?.to_owned();
        let of_system = system.nth(1).unwrap_or_default();
        let options = format!("{of_mount},{of_system}");
        path.starts_with(&point)
            .then(|| (point.components().count(), Mount { kind, options }))
    });
    // Of mounts on one point, the last is on top.
    Some(mounts.max_by_key(|(depth, _)| *depth)?.1)
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
