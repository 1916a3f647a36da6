//! Programs of somebody else on an interface, gone when dropped.

#![expect(unsafe_code, reason = "bpf(2) has no safe wrapper here")]

use std::os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd};

/// Where a program goes.
#[derive(Clone, Copy)]
pub(crate) enum Hook {
    Xdp,
    Tcx,
}

/// An attached program that passes everything.
pub(crate) struct Program {
    pub(crate) id: u32,
    _link: OwnedFd,
}

const PROG_LOAD: i64 = 5;
const OBJ_INFO: i64 = 15;
const LINK_CREATE: i64 = 28;
const SCHED_CLS: u32 = 3;
const XDP: u32 = 6;
const ATTACH_XDP: u32 = 37;
const ATTACH_TCX_INGRESS: u32 = 46;
const XDP_PASS: i32 = 2;
const TCX_NEXT: i32 = -1;

#[repr(C)]
struct Load {
    kind: u32,
    count: u32,
    instructions: u64,
    license: u64,
    log: [u32; 4],
    version: u32,
    flags: u32,
    name: [u8; 16],
}

impl Program {
    /// Loads a program of this name and attaches it to an interface.
    pub(crate) fn attach(hook: Hook, name: &str, ifindex: u32) -> Self {
        let (kind, attach_type, answer) = match hook {
            Hook::Xdp => (XDP, ATTACH_XDP, XDP_PASS),
            Hook::Tcx => (SCHED_CLS, ATTACH_TCX_INGRESS, TCX_NEXT),
        };
        // mov r0, answer; exit
        let instructions = [0xb7 | u64::from(answer as u32) << 32, 0x95_u64];
        let mut bytes = [0; 16];
        bytes[..name.len()].copy_from_slice(name.as_bytes());
        let program = fd(
            PROG_LOAD,
            Load {
                kind,
                count: 2,
                instructions: instructions.as_ptr() as u64,
                license: c"GPL".as_ptr() as u64,
                log: [0; 4],
                version: 0,
                flags: 0,
                name: bytes,
            },
        );
        let number = program.as_raw_fd() as u32;
        let link = fd(LINK_CREATE, [number, ifindex, attach_type, 0, 0, 0, 0, 0]);
        Self {
            id: id(number),
            _link: link,
        }
    }
}

/// Returns the kernel's number of a program: the second word of what it tells.
fn id(program: u32) -> u32 {
    let mut info = [0_u32; 8];
    let into = (info.as_mut_ptr() as u64).to_ne_bytes();
    let half = |at: usize| u32::from_ne_bytes(into[at..at + 4].try_into().unwrap());
    call(OBJ_INFO, [program, 32, half(0), half(4)]);
    info[1]
}

fn fd<T>(command: i64, arguments: T) -> OwnedFd {
    let fd = call(command, arguments);
    // SAFETY: the kernel just gave this descriptor to us alone.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

fn call<T>(command: i64, mut arguments: T) -> i32 {
    // SAFETY: the block is as long as we say, and what it points to lives as long as the call.
    let result =
        unsafe { libc::syscall(libc::SYS_bpf, command, &raw mut arguments, size_of::<T>()) };
    assert!(
        result >= 0,
        "bpf {command}: {}",
        std::io::Error::last_os_error()
    );
    result as i32
}
