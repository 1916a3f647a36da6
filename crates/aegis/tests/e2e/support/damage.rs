//! Somebody else's hands in the kernel: what no library of ours offers.

#![expect(unsafe_code, reason = "speaks to the kernel as somebody else would")]

use std::{
    ffi::CString,
    io,
    os::{
        fd::{AsRawFd as _, FromRawFd as _, OwnedFd},
        unix::ffi::OsStrExt as _,
    },
    path::Path,
};

const BPF_MAP_UPDATE_ELEM: i64 = 2;
const BPF_OBJ_GET: i64 = 7;
/// The kernel takes longer arguments as long as what it does not know is zero.
const WORDS: usize = 4;

/// Overwrites every element of the array pinned at `path`, of `bytes` bytes each, with zeros.
#[track_caller]
pub(crate) fn wipe(path: &Path, bytes: usize) {
    let name = CString::new(path.as_os_str().as_bytes()).unwrap();
    let fd = bpf(BPF_OBJ_GET, [name.as_ptr() as u64, 0, 0, 0]).unwrap();
    // SAFETY: the kernel just gave this descriptor to us alone.
    let map = unsafe { OwnedFd::from_raw_fd(i32::try_from(fd).unwrap()) };
    let zeros = vec![0_u64; bytes.div_ceil(8)];
    for index in 0_u32.. {
        let words = [
            map.as_raw_fd() as u64,
            (&raw const index) as u64,
            zeros.as_ptr() as u64,
            0,
        ];
        if let Err(error) = bpf(BPF_MAP_UPDATE_ELEM, words) {
            let is_end = error.raw_os_error() == Some(libc::E2BIG);
            assert!(is_end && index > 0, "{error}");
            return;
        }
    }
}

fn bpf(command: i64, mut words: [u64; WORDS]) -> io::Result<i64> {
    let bytes = size_of_val(&words);
    // SAFETY: the kernel reads the live words, and behind the pointers in them what lives on in
    // the caller.
    let result = unsafe { libc::syscall(libc::SYS_bpf, command, words.as_mut_ptr(), bytes) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(result)
}
