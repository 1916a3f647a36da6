//! What the process asks of its allocator: to give back what it does not need.
//!
//! A batch of a hundred thousand blocks takes as much memory on its way as it needs afterwards, in pieces that
//! lie between those that stay. The allocator of the GNU C library keeps them unless told otherwise;
//! others are left alone.

#![expect(unsafe_code, reason = "the C library's allocator has no other door")]

/// Heaps beside the main one: threads that allocate at the same time are few here.
#[cfg(target_env = "gnu")]
const HEAPS_MAX: libc::c_int = 2;

/// From here on an allocation is a mapping of its own, which goes when it is freed. The allocator would raise
/// this by itself up to 32 MiB, after the first large request body.
#[cfg(target_env = "gnu")]
const MAPPED_BYTES_MIN: libc::c_int = 256 * 1024;

/// Keeps the allocator from holding on to memory; to be called once, before there are threads.
pub fn hold_little() {
    #[cfg(target_env = "gnu")]
    for (parameter, value) in [
        (libc::M_ARENA_MAX, HEAPS_MAX),
        (libc::M_MMAP_THRESHOLD, MAPPED_BYTES_MIN),
    ] {
        // SAFETY: takes two numbers; one that it does not like changes nothing.
        unsafe { libc::mallopt(parameter, value) };
    }
}

/// Gives free memory back to the system, wherever it lies; takes some milliseconds for each ten megabytes.
pub fn give_back() {
    #[cfg(target_env = "gnu")]
    // SAFETY: looks at free memory alone, under the allocator's own locks.
    unsafe {
        libc::malloc_trim(0)
    };
}
