//! What the `nft` program gets from us beside its script: CAP_NET_ADMIN, and our death.
//!
//! A process that got its capabilities from its own file (`setcap`) starts other programs without
//! them. Those of root, and ambient ones as systemd gives them, are handed on anyway. And a program that
//! outlived a killed owner could still carry out its script after the next owner has begun.

#![expect(unsafe_code, reason = "capabilities are set by system calls")]

use std::{io, os::unix::process::CommandExt as _, process::Command};

const CAP_NET_ADMIN: u32 = 12;

/// The version of the structures below: 64 capabilities in two halves.
const VERSION_3: u32 = 0x2008_0522;

#[repr(C)]
struct Header {
    version: u32,
    pid: i32,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Half {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// Lets `command` run with CAP_NET_ADMIN where this process has it, and not longer than the thread
/// that starts it, which must wait for it.
pub(super) fn prepare(command: &mut Command) {
    // SAFETY: the closure makes system calls on its own stack only, which is allowed between
    // fork and exec.
    unsafe {
        command.pre_exec(|| {
            raise_net_admin();
            let signal = libc::SIGKILL as libc::c_ulong;
            check(libc::prctl(libc::PR_SET_PDEATHSIG, signal).into())
        });
    }
}

/// Makes CAP_NET_ADMIN ambient in this process. Where it may not, nft says itself what it lacks.
fn raise_net_admin() -> Option<()> {
    let mut header = Header {
        version: VERSION_3,
        pid: 0,
    };
    let mut halves = [Half::default(); 2];
    // SAFETY: both structures are as large as this version says.
    let read = unsafe { libc::syscall(libc::SYS_capget, &raw mut header, halves.as_mut_ptr()) };
    check(read).ok()?;
    halves[0].inheritable |= halves[0].permitted & (1 << CAP_NET_ADMIN);
    // SAFETY: as above; it reads both.
    let written = unsafe { libc::syscall(libc::SYS_capset, &raw mut header, halves.as_ptr()) };
    check(written).ok()?;
    // SAFETY: plain numbers.
    let raised = unsafe {
        libc::prctl(
            libc::PR_CAP_AMBIENT,
            libc::PR_CAP_AMBIENT_RAISE,
            libc::c_ulong::from(CAP_NET_ADMIN),
            0 as libc::c_ulong,
            0 as libc::c_ulong,
        )
    };
    check(raised.into()).ok()
}

fn check(result: libc::c_long) -> io::Result<()> {
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
