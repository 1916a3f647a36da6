//! The system call itself, with the argument blocks that the kernel reads.

use std::{
    io,
    os::fd::{FromRawFd as _, OwnedFd},
};

/// Commands of bpf(2), by their fixed numbers.
#[derive(Clone, Copy)]
#[repr(i32)]
pub(super) enum Command {
    MapLookup = 1,
    MapUpdate = 2,
    MapDelete = 3,
    MapNextKey = 4,
    Pin = 6,
    Open = 7,
    TestRun = 10,
    Info = 15,
    Query = 16,
    MapLookupBatch = 24,
    LinkCreate = 28,
    LinkUpdate = 29,
    LinkDetach = 34,
}

/// Argument blocks: `repr(C)`, integers only, as in the kernel's `union bpf_attr`.
pub(super) trait Arguments {}

#[derive(Default)]
#[repr(C)]
pub(super) struct Element {
    pub(super) map: u32,
    pub(super) padding: u32,
    pub(super) key: u64,
    pub(super) value: u64,
    pub(super) flags: u64,
}

#[derive(Default)]
#[repr(C)]
pub(super) struct Batch {
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) keys: u64,
    pub(super) values: u64,
    pub(super) count: u32,
    pub(super) map: u32,
    pub(super) element_flags: u64,
    pub(super) flags: u64,
}

#[derive(Default)]
#[repr(C)]
pub(super) struct Path {
    pub(super) path: u64,
    pub(super) object: u32,
    pub(super) flags: u32,
}

#[derive(Default)]
#[repr(C)]
pub(super) struct Info {
    pub(super) object: u32,
    pub(super) bytes: u32,
    pub(super) into: u64,
}

#[derive(Default)]
#[repr(C)]
pub(super) struct Link {
    pub(super) program_or_link: u32,
    pub(super) target_or_program: u32,
    pub(super) attach_type_or_flags: u32,
    pub(super) flags_or_old_program: u32,
    /// The order among several programs at a tcx hook; zero: at the end.
    pub(super) order: [u64; 4],
}

#[derive(Default)]
#[repr(C)]
pub(super) struct Query {
    pub(super) ifindex: u32,
    pub(super) attach_type: u32,
    pub(super) query_flags: u32,
    pub(super) attach_flags: u32,
    pub(super) ids: u64,
    pub(super) count: u32,
    pub(super) padding: u32,
}

#[derive(Default)]
#[repr(C)]
pub(super) struct TestRun {
    pub(super) program: u32,
    pub(super) action: u32,
    pub(super) bytes_in: u32,
    pub(super) bytes_out: u32,
    pub(super) data_in: u64,
    pub(super) data_out: u64,
    pub(super) repeat: u32,
    pub(super) duration: u32,
    pub(super) context: [u64; 3],
    pub(super) flags: u32,
    pub(super) cpu: u32,
    pub(super) batch: u32,
    pub(super) padding: u32,
}

impl Arguments for Element {}
impl Arguments for Batch {}
impl Arguments for Path {}
impl Arguments for Info {}
impl Arguments for Link {}
impl Arguments for Query {}
impl Arguments for TestRun {}

/// Makes the call; pointers in `arguments` must be good for what the command does with them.
pub(super) fn bpf<A: Arguments>(command: Command, arguments: &mut A) -> io::Result<i64> {
    // SAFETY: the block is as long as we say, and callers vouch for the pointers in it.
    let result = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            command as libc::c_long,
            (&raw mut *arguments).cast::<libc::c_void>(),
            size_of::<A>() as libc::c_long,
        )
    };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(result)
}

/// Makes a call that gives a new file descriptor.
pub(super) fn bpf_fd<A: Arguments>(command: Command, arguments: &mut A) -> io::Result<OwnedFd> {
    let fd = bpf(command, arguments)?;
    let fd = i32::try_from(fd).map_err(|_| io::Error::from(io::ErrorKind::InvalidData))?;
    // SAFETY: the kernel just gave this descriptor to us alone.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}
