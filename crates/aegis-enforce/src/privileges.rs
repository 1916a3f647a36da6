//! What this process may do, and giving up all of it that enforcement does not need.
//!
//! Three capabilities are enough to load, attach, pin, swap and read back. A node that is started
//! with more, as root or from a shell that has some, keeps those three and can never get others.

#![expect(
    unsafe_code,
    reason = "capabilities have no call in the standard library"
)]

use std::{
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use crate::EnforceError;

#[cfg(test)]
mod tests;

/// A capability that matters to this program, by its number in the kernel.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Capability {
    /// To listen on a port below 1024.
    NetBindService = 10,
    /// To attach to interfaces, and to hear of ended connections.
    NetAdmin = 12,
    /// Stands for `Bpf` and `Perfmon` too.
    SysAdmin = 21,
    /// To load programs that compare pointers into a packet.
    Perfmon = 38,
    /// To make maps and load programs.
    Bpf = 39,
}

use Capability::{Bpf, NetAdmin, Perfmon, SysAdmin};

/// To take capabilities out of the bounding set.
const SETPCAP_BIT: u64 = 1 << 8;

/// The kernel numbers capabilities in 64 bits.
const CAPABILITIES_MAX: libc::c_ulong = 64;

impl Capability {
    /// Returns the name that manuals use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NetBindService => "CAP_NET_BIND_SERVICE",
            Self::NetAdmin => "CAP_NET_ADMIN",
            Self::SysAdmin => "CAP_SYS_ADMIN",
            Self::Perfmon => "CAP_PERFMON",
            Self::Bpf => "CAP_BPF",
        }
    }

    const fn bit(self) -> u64 {
        1 << self as u32
    }
}

/// Gives up every capability but the three of enforcement and those of `also`, for good: what was
/// given up cannot come back by running another program either.
///
/// Threads have capabilities of their own, so this comes before the second thread.
///
/// # Errors
///
/// Fails where there are other threads, and where the kernel refuses.
pub fn reduce(also: &[Capability]) -> io::Result<()> {
    if fs::read_dir("/proc/self/task")?.count() != 1 {
        return Err(io::Error::other("other threads run already"));
    }
    let [effective, permitted, _] = sets()?;
    let kept = kept(permitted, also);
    if effective & SETPCAP_BIT != 0 {
        bound(kept)?;
    }
    // Kernels have had both calls since 4.3.
    control(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_CLEAR_ALL as _)?;
    set([kept, kept, 0])?;
    control(libc::PR_SET_NO_NEW_PRIVS, 1)
}

/// Sets the nice value of this process, −20 to 19. Threads have one of their own, so this comes
/// before the second thread.
///
/// # Errors
///
/// Fails where the kernel refuses: less than the process has takes `CAP_SYS_NICE`.
pub fn set_nice(value: i8) -> io::Result<()> {
    // SAFETY: takes numbers only; 0 is the calling thread.
    if unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, value.into()) } == 0 {
        return Ok(());
    }
    Err(io::Error::last_os_error())
}

/// Returns which capabilities of enforcement are missing from an effective set.
pub(crate) fn missing(effective: u64) -> Vec<Capability> {
    let has = |it: Capability| effective & it.bit() != 0;
    let is_missing = |it: &Capability| match it {
        Bpf | Perfmon => !has(*it) && !has(SysAdmin),
        NetAdmin | SysAdmin | Capability::NetBindService => !has(*it),
    };
    [Bpf, NetAdmin, Perfmon]
        .into_iter()
        .filter(is_missing)
        .collect()
}

/// Fails, naming what is missing and what gives it, where this process cannot enforce.
pub(crate) fn require() -> Result<(), EnforceError> {
    let [effective, ..] = sets().map_err(EnforceError::kernel("read the capabilities"))?;
    let missing = missing(effective);
    if missing.is_empty() {
        return Ok(());
    }
    Err(EnforceError::Privileges {
        missing: names(&missing),
        remedy: remedy(&std::env::current_exe().unwrap_or_else(|_| "aegis".into())),
    })
}

/// Says what gives the program the capabilities of enforcement.
pub(crate) fn remedy(program: &Path) -> String {
    format!(
        "run it as root, or `sudo setcap cap_bpf,cap_net_admin,cap_perfmon=ep '{}'`, or put \
         `AmbientCapabilities=CAP_BPF CAP_NET_ADMIN CAP_PERFMON` into its unit",
        program.display()
    )
}

/// Whose rights to files a process has.
#[derive(Clone, Copy, Debug)]
pub(crate) struct User {
    pub(crate) user: u32,
    pub(crate) group: u32,
}

/// Returns whose rights to files this process has.
pub(crate) fn user() -> User {
    // SAFETY: neither call takes anything or can fail.
    let (user, group) = unsafe { (libc::geteuid(), libc::getegid()) };
    User { user, group }
}

/// Returns names in a row.
pub(crate) fn names(capabilities: &[Capability]) -> String {
    let names: Vec<&str> = capabilities.iter().map(|it| it.as_str()).collect();
    names.join(", ")
}

/// Says whose a folder below a BPF file system is where it refuses us, and what makes it ours.
pub(crate) fn explain_denied(folder: &Path, source: io::Error) -> io::Error {
    if source.kind() != io::ErrorKind::PermissionDenied {
        return source;
    }
    let Some((nearest, owner)) = nearest(folder) else {
        return source;
    };
    let place = Denied {
        folder: folder.to_owned(),
        nearest,
        owner,
        me: user().user,
    };
    io::Error::new(source.kind(), format!("{source}: {}", place.sentence()))
}

/// A folder that this process may not enter or write.
struct Denied {
    folder: PathBuf,
    /// The deepest folder on the way there that can be looked at.
    nearest: PathBuf,
    owner: u32,
    me: u32,
}

impl Denied {
    fn sentence(&self) -> String {
        let Self { owner, me, .. } = self;
        let nearest = self.nearest.display();
        if owner == me {
            return format!("{nearest} is this user's own");
        }
        let belongs = format!("{nearest} belongs to user {owner} and this process is user {me}");
        if *me == 0 {
            return format!("{belongs}: run it as that user, or name another BPF file system");
        }
        let mut above = self.folder.ancestors().skip(1);
        let (Some(own), Some(mount)) = (above.next(), above.next()) else {
            return belongs;
        };
        let (own, mount) = (own.display(), mount.display());
        format!("{belongs}: sudo chmod a+x '{mount}' && sudo install -d -o {me} -m 0700 '{own}'")
    }
}

/// Returns the deepest folder on the way to `path` that can be looked at, and its owner.
fn nearest(path: &Path) -> Option<(PathBuf, u32)> {
    path.ancestors().find_map(|it| {
        let metadata = fs::metadata(it).ok()?;
        Some((it.to_owned(), metadata.uid()))
    })
}

/// Returns what is to be kept of a permitted set.
fn kept(permitted: u64, also: &[Capability]) -> u64 {
    let wanted = [Bpf, NetAdmin, Perfmon].iter().chain(also);
    let kept = permitted & wanted.fold(0, |all, it| all | it.bit());
    let is_short = kept & Bpf.bit() == 0 || kept & Perfmon.bit() == 0;
    // Some containers are given only the capability that stood for both before Linux 5.8.
    kept | if is_short {
        permitted & SysAdmin.bit()
    } else {
        0
    }
}

/// Takes everything but `kept` out of the bounding set.
fn bound(kept: u64) -> io::Result<()> {
    for number in 0..CAPABILITIES_MAX {
        if kept >> number & 1 == 1 {
            continue;
        }
        match control(libc::PR_CAPBSET_DROP, number) {
            // This kernel has no capability of that number, nor any above it.
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => break,
            other => other?,
        }
    }
    Ok(())
}

fn control(option: libc::c_int, value: libc::c_ulong) -> io::Result<()> {
    const NONE: libc::c_ulong = 0;
    // SAFETY: the options used here take numbers only.
    match unsafe { libc::prctl(option, value, NONE, NONE, NONE) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// The header of capget(2) and capset(2).
#[repr(C)]
struct Header {
    version: u32,
    pid: libc::c_int,
}

/// The version with 64 bits, which comes as two blocks of 32.
const HEADER: Header = Header {
    version: 0x2008_0522,
    pid: 0, // this thread
};

/// Effective, permitted and inheritable capabilities, 32 of each.
type Block = [u32; 3];

/// Returns the effective, permitted and inheritable set of this thread.
fn sets() -> io::Result<[u64; 3]> {
    let mut header = HEADER;
    let mut blocks: [Block; 2] = [[0; 3]; 2];
    // SAFETY: a live header of version 3 and the two blocks that the kernel fills for it.
    let result = unsafe {
        libc::syscall(
            libc::SYS_capget,
            &raw mut header,
            blocks.as_mut_ptr().cast::<u32>(),
        )
    };
    if result != 0 {
        return Err(io::Error::last_os_error());
    }
    let [low, high] = blocks;
    Ok(std::array::from_fn(|at| {
        u64::from(high[at]) << 32 | u64::from(low[at])
    }))
}

/// Sets the effective, permitted and inheritable set of this thread.
fn set(sets: [u64; 3]) -> io::Result<()> {
    let mut header = HEADER;
    let blocks: [Block; 2] = [
        sets.map(|it| it as u32), // the lower half
        sets.map(|it| (it >> 32) as u32),
    ];
    // SAFETY: a live header of version 3 and the two blocks that the kernel reads for it.
    let result = unsafe {
        libc::syscall(
            libc::SYS_capset,
            &raw mut header,
            blocks.as_ptr().cast::<u32>(),
        )
    };
    match result {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
