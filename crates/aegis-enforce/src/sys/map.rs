//! Kernel maps as typed tables of plain bytes.

use std::{
    io,
    mem::{MaybeUninit, size_of},
    os::fd::{AsRawFd as _, OwnedFd},
};

use aegis_abi::Plain;

use super::{
    call::{Batch, Command, Element, bpf},
    object::{MapInfo, map_info},
};

/// Entries read by one batch call: large enough to make the call cheap, small enough for a buffer.
const BATCH_ENTRIES: usize = 4096;

/// A map, by its descriptor and shape.
#[derive(Debug)]
pub(crate) struct KernelMap {
    fd: OwnedFd,
    info: MapInfo,
}

/// Where in a map a scan goes on.
#[derive(Debug, Default)]
pub(crate) struct Cursor {
    /// The kernel's own mark; it wants room for a key here.
    position: [u64; 4],
    is_moved: bool,
}

impl KernelMap {
    /// Takes over the map behind `fd`.
    pub(crate) fn new(fd: OwnedFd) -> io::Result<Self> {
        let info = map_info(&fd)?;
        Ok(Self { fd, info })
    }

    /// Returns another handle of the same map.
    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        let fd = self.fd.try_clone()?;
        Ok(Self {
            fd,
            info: self.info,
        })
    }

    /// Returns the descriptor.
    pub(crate) fn fd(&self) -> &OwnedFd {
        &self.fd
    }

    /// Returns how many entries fit.
    pub(crate) fn capacity(&self) -> u32 {
        self.info.max_entries
    }

    /// Returns type, key size, value size and capacity.
    pub(crate) fn shape(&self) -> [u32; 4] {
        let info = &self.info;
        [
            info.map_type,
            info.key_size,
            info.value_size,
            info.max_entries,
        ]
    }

    /// Returns the value of `key`; in a trie that of the longest prefix of it.
    pub(crate) fn get<K: Plain, V: Plain>(&self, key: &K) -> io::Result<Option<V>> {
        let mut value = MaybeUninit::<V>::uninit();
        if !self.look_up(key, &mut value)? {
            return Ok(None);
        }
        // SAFETY: the kernel filled it, and any bytes are a `V`.
        Ok(Some(unsafe { value.assume_init() }))
    }

    /// As [`get`](Self::get), of values that are too large for a stack.
    pub(crate) fn get_boxed<K: Plain, V: Plain>(&self, key: &K) -> io::Result<Option<Box<V>>> {
        let mut value = Box::<V>::new_uninit();
        if !self.look_up(key, &mut value)? {
            return Ok(None);
        }
        // SAFETY: the kernel filled it, and any bytes are a `V`.
        Ok(Some(unsafe { value.assume_init() }))
    }

    /// Has the kernel fill `value`; returns whether there was one.
    fn look_up<K: Plain, V: Plain>(&self, key: &K, value: &mut MaybeUninit<V>) -> io::Result<bool> {
        self.check::<K>(self.info.key_size);
        self.check::<V>(self.info.value_size);
        let mut arguments = self.element(key, value.as_mut_ptr().cast());
        match bpf(Command::MapLookup, &mut arguments) {
            Ok(_) => Ok(true),
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Sets the value of `key`, whether or not it has one.
    pub(crate) fn set<K: Plain, V: Plain>(&self, key: &K, value: &V) -> io::Result<()> {
        self.check::<K>(self.info.key_size);
        self.check::<V>(self.info.value_size);
        let mut arguments = self.element(key, std::ptr::from_ref(value).cast_mut().cast());
        bpf(Command::MapUpdate, &mut arguments).map(drop)
    }

    /// Removes `key`; returns whether it was there.
    pub(crate) fn remove<K: Plain>(&self, key: &K) -> io::Result<bool> {
        self.check::<K>(self.info.key_size);
        let mut arguments = self.element(key, std::ptr::null_mut());
        match bpf(Command::MapDelete, &mut arguments) {
            Ok(_) => Ok(true),
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Returns every entry of a hash map or an array. Entries that come or go meanwhile may or may not be
    /// among them.
    pub(crate) fn entries<K: Plain, V: Plain>(&self) -> io::Result<Vec<(K, V)>> {
        let mut entries = Vec::new();
        let mut cursor = Cursor::default();
        self.scan(&mut cursor, usize::MAX, |key, value| {
            entries.push((key, value))
        })?;
        Ok(entries)
    }

    /// Shows `visit` at least `entries_max` entries of such a map from `cursor` on, or all up to
    /// the end, from where the next scan starts over.
    pub(crate) fn scan<K: Plain, V: Plain>(
        &self,
        cursor: &mut Cursor,
        entries_max: usize,
        mut visit: impl FnMut(K, V),
    ) -> io::Result<()> {
        self.check::<K>(self.info.key_size);
        self.check::<V>(self.info.value_size);
        let mut keys = Vec::<K>::with_capacity(BATCH_ENTRIES);
        let mut values = Vec::<V>::with_capacity(BATCH_ENTRIES);
        let mut seen = 0;
        while seen < entries_max {
            let position = (&raw mut cursor.position) as u64;
            let mut arguments = Batch {
                from: if cursor.is_moved { position } else { 0 },
                to: position,
                keys: keys.as_mut_ptr() as u64,
                values: values.as_mut_ptr() as u64,
                count: BATCH_ENTRIES as u32,
                map: self.fd.as_raw_fd() as u32,
                ..Batch::default()
            };
            // Each call moves on by at least one bucket, so this ends.
            let is_last = match bpf(Command::MapLookupBatch, &mut arguments) {
                Ok(_) => false,
                Err(error) if error.raw_os_error() == Some(libc::ENOENT) => true,
                Err(error) => return Err(error),
            };
            let count = (arguments.count as usize).min(BATCH_ENTRIES);
            // SAFETY: the kernel filled `count` of each, which have room for as many.
            unsafe {
                keys.set_len(count);
                values.set_len(count);
            }
            for (key, value) in keys.drain(..).zip(values.drain(..)) {
                visit(key, value);
            }
            seen += count;
            cursor.is_moved = !is_last;
            if is_last {
                break;
            }
        }
        Ok(())
    }

    /// Returns every entry of a trie, which has no dependable batch read.
    pub(crate) fn trie_entries<K: Plain, V: Plain>(&self) -> io::Result<Vec<(K, V)>> {
        let mut entries = Vec::new();
        let mut key = self.next_key::<K>(None)?;
        // Only we write to tries; the bound stops a walk that another writer keeps from ending.
        for _ in 0..=self.info.max_entries {
            let Some(at) = key else { break };
            if let Some(value) = self.get(&at)? {
                entries.push((at, value));
            }
            key = self.next_key(Some(&at))?;
        }
        Ok(entries)
    }

    fn next_key<K: Plain>(&self, after: Option<&K>) -> io::Result<Option<K>> {
        self.check::<K>(self.info.key_size);
        let mut next = MaybeUninit::<K>::uninit();
        let mut arguments = Element {
            map: self.fd.as_raw_fd() as u32,
            key: after.map_or(0, |it| std::ptr::from_ref(it) as u64),
            value: next.as_mut_ptr() as u64,
            ..Element::default()
        };
        match bpf(Command::MapNextKey, &mut arguments) {
            // SAFETY: the kernel filled it, and any bytes are a `K`.
            Ok(_) => Ok(Some(unsafe { next.assume_init() })),
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn element<K: Plain>(&self, key: &K, value: *mut u8) -> Element {
        Element {
            map: self.fd.as_raw_fd() as u32,
            key: std::ptr::from_ref(key) as u64,
            value: value as u64,
            ..Element::default()
        }
    }

    /// The kernel reads and writes as much as the map says, so our type must be as long.
    #[track_caller]
    fn check<T: Plain>(&self, bytes: u32) {
        assert_eq!(
            size_of::<T>(),
            bytes as usize,
            "the map's layout was checked when opened"
        );
    }
}
