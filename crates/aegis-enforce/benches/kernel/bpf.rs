//! What the loader library does not do: writing many entries in one call, and the kernel's own
//! account of a map's memory and of a thread's time and place.

#![expect(unsafe_code, reason = "system calls take pointers")]

use std::{
    fs, io,
    os::fd::{AsFd, AsRawFd as _, BorrowedFd},
    time::Duration,
};

use anyhow::{Context as _, Result};
use aya::maps::Map;

/// Entries written by one call.
const BATCH_ENTRIES: usize = 65_536;

/// The kernel's `bpf_attr` of a batch call.
#[repr(C)]
struct Batch {
    from: u64,
    to: u64,
    keys: u64,
    values: u64,
    count: u32,
    map: u32,
    element_flags: u64,
    flags: u64,
}

/// Writes as many entries as there are keys, all with the same value.
pub(crate) fn fill<const K: usize>(
    map: BorrowedFd<'_>,
    keys: impl Iterator<Item = [u8; K]>,
    value: &[u8],
) -> Result<()> {
    let mut keys = keys.peekable();
    while keys.peek().is_some() {
        let some: Vec<[u8; K]> = keys.by_ref().take(BATCH_ENTRIES).collect();
        write_batch(map, &some, &value.repeat(some.len())).context("write entries to a map")?;
    }
    Ok(())
}

fn write_batch<const K: usize>(
    map: BorrowedFd<'_>,
    keys: &[[u8; K]],
    values: &[u8],
) -> io::Result<()> {
    const MAP_UPDATE_BATCH: libc::c_long = 26;
    let mut batch = Batch {
        from: 0,
        to: 0,
        keys: keys.as_ptr() as u64,
        values: values.as_ptr() as u64,
        count: keys.len() as u32,
        map: map.as_raw_fd() as u32,
        element_flags: 0,
        flags: 0,
    };
    // SAFETY: the block is as the kernel knows it, and its pointers are live.
    let result = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            MAP_UPDATE_BATCH,
            &raw mut batch,
            size_of::<Batch>() as libc::c_long,
        )
    };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    if batch.count as usize != keys.len() {
        let text = format!("{} of {} entries were written", batch.count, keys.len());
        return Err(io::Error::other(text));
    }
    Ok(())
}

/// Returns the descriptor of a map of any kind that the benchmark fills.
pub(crate) fn descriptor(map: &Map) -> Result<BorrowedFd<'_>> {
    let (Map::HashMap(map) | Map::PerCpuHashMap(map) | Map::LpmTrie(map)) = map else {
        anyhow::bail!("a map of another kind than the benchmark knows: {map:?}");
    };
    Ok(map.fd().as_fd())
}

/// Returns how much memory the kernel says that a map takes.
pub(crate) fn map_bytes(map: BorrowedFd<'_>) -> Result<u64> {
    let path = format!("/proc/self/fdinfo/{}", map.as_raw_fd());
    let text = fs::read_to_string(&path).context("read what the kernel says of a map")?;
    let value = text.lines().find_map(|it| it.strip_prefix("memlock:"));
    let bytes = value.and_then(|it| it.trim().parse().ok());
    bytes.context("find the memory of a map")
}

/// Returns the processor time of this thread.
pub(crate) fn thread_time() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is live; this clock exists on every Linux.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Gives memory that was freed back to the kernel, so that what is taken next is seen to grow.
pub(crate) fn give_memory_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: takes a number only, and locks what it needs.
    unsafe {
        libc::malloc_trim(0)
    };
}

/// Keeps this thread on one processor; returns which.
pub(crate) fn stay_on_one_cpu() -> io::Result<usize> {
    // SAFETY: takes no argument.
    let cpu = unsafe { libc::sched_getcpu() };
    let cpu = usize::try_from(cpu).map_err(|_| io::Error::last_os_error())?;
    // SAFETY: a set of processors is plain bits, all of them may be zero.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: the number came from the kernel and lies within the set.
    unsafe { libc::CPU_SET(cpu, &mut set) };
    // SAFETY: the set is live and as large as said.
    match unsafe { libc::sched_setaffinity(0, size_of_val(&set), &raw const set) } {
        0 => Ok(cpu),
        _ => Err(io::Error::last_os_error()),
    }
}
