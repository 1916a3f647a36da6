//! Map memory that user space and the kernel program share.

use std::{io, marker::PhantomData, os::fd::AsRawFd as _, ptr::NonNull};

use super::KernelMap;

/// The elements of an array map, or of a piece of ordinary memory in tests. Others may read and
/// write them at any time, so they are only reached through raw pointers.
#[derive(Debug)]
pub(crate) struct SharedMemory<T> {
    start: NonNull<T>,
    count: usize,
    mapped_bytes: usize, // zero where it is ordinary memory
    element: PhantomData<T>,
}

// SAFETY: it owns its memory, which is of plain data and does not care for threads.
unsafe impl<T: Send> Send for SharedMemory<T> {}
// SAFETY: nothing is reached through a shared reference but by raw, volatile accesses.
unsafe impl<T: Sync> Sync for SharedMemory<T> {}

impl<T> SharedMemory<T> {
    /// Maps the values of an array map, which was made for that.
    pub(crate) fn map(map: &KernelMap) -> io::Result<Self> {
        let [_, _, value_size, entries] = map.shape();
        let stride = (value_size as usize).next_multiple_of(8);
        if stride != size_of::<T>() || entries == 0 {
            return Err(io::Error::from(io::ErrorKind::InvalidData));
        }
        let bytes = stride * entries as usize;
        // SAFETY: a new mapping wherever the kernel likes; the result is checked.
        let start = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                bytes,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_SHARED,
                map.fd().as_raw_fd(),
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast()).ok_or_else(|| io::Error::other("mapped at zero"))?;
        Ok(Self {
            start,
            count: entries as usize,
            mapped_bytes: bytes,
            element: PhantomData,
        })
    }

    /// Returns ordinary memory of `count` elements.
    #[cfg(test)]
    pub(crate) fn ordinary(count: usize) -> Self
    where
        T: Clone + Default,
    {
        let elements = vec![T::default(); count].into_boxed_slice();
        let start = NonNull::from(Box::leak(elements)).cast();
        Self {
            start,
            count,
            mapped_bytes: 0,
            element: PhantomData,
        }
    }

    /// Returns how many elements there are.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Returns the address of element `index`.
    #[track_caller]
    pub(crate) fn at(&self, index: usize) -> *mut T {
        assert!(index < self.count, "hashes are taken below the count");
        // SAFETY: within the memory, just checked.
        unsafe { self.start.as_ptr().add(index) }
    }
}

impl SharedMemory<u64> {
    /// Returns the word at `index`.
    pub(crate) fn word(&self, index: usize) -> u64 {
        // SAFETY: a live, aligned word.
        unsafe { self.at(index).read_volatile() }
    }

    /// Writes the word at `index`.
    pub(crate) fn set_word(&self, index: usize, word: u64) {
        // SAFETY: a live, aligned word.
        unsafe { self.at(index).write_volatile(word) }
    }
}

impl<T> Drop for SharedMemory<T> {
    fn drop(&mut self) {
        if self.mapped_bytes != 0 {
            // SAFETY: our own mapping, which nothing points into any more.
            unsafe { libc::munmap(self.start.as_ptr().cast(), self.mapped_bytes) };
            return;
        }
        let elements = NonNull::slice_from_raw_parts(self.start, self.count);
        // SAFETY: leaked from a box of as many elements.
        drop(unsafe { Box::from_raw(elements.as_ptr()) });
    }
}
