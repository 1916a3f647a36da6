//! The pinned maps that stay through all generations, opened and checked.

use std::{io, mem::size_of, path::Path};

use aegis_abi::{AllowEntry, BlockEntry, KeptCounters, PrefixV4, PrefixV6, maps};
use aya::maps::{Map, MapData, RingBuf};

use crate::{
    EnforceError,
    kernel::pins::Pins,
    sys::{KernelMap, map_id, open_pin},
};

const MAP_HASH: u32 = 1;
const MAP_ARRAY: u32 = 2;
const MAP_LPM_TRIE: u32 = 11;
const MAP_RINGBUF: u32 = 27;

/// Every such map that user space reads or writes.
#[derive(Debug)]
pub(super) struct Tables {
    pub(super) counters: KernelMap,
    pub(super) gates: KernelMap,
    pub(super) own_v4: KernelMap,
    pub(super) own_net64: KernelMap,
    pub(super) own_filter: KernelMap,
    pub(super) allow_v4: KernelMap,
    pub(super) allow_v6: KernelMap,
    ids: Vec<(&'static str, u32)>,
    cpus: u32,
}

impl Tables {
    /// Opens the maps pinned as `prefix` and their names.
    pub(super) fn open(pins: &Pins, prefix: &str) -> io::Result<Self> {
        let path = |name: &str| pins.path(&format!("{prefix}{name}"));
        let open = |name: &str| open_pin(&path(name)).and_then(KernelMap::new);
        let mut ids = Vec::new();
        for name in maps::SHARED {
            ids.push((name, map_id(open_pin(&path(name))?)?));
        }
        Ok(Self {
            counters: open(maps::COUNTERS)?,
            gates: open(maps::GATES)?,
            own_v4: open(maps::OWN_V4)?,
            own_net64: open(maps::OWN_NET64)?,
            own_filter: open(maps::OWN_FILTER)?,
            allow_v4: open(maps::ALLOW_V4)?,
            allow_v6: open(maps::ALLOW_V6)?,
            ids,
            cpus: cpus()?,
        })
    }

    /// Returns how many CPUs there may ever be.
    pub(super) fn cpus(&self) -> usize {
        self.cpus as usize
    }

    /// Returns the kernel's number of every one.
    pub(super) fn ids(&self) -> &[(&'static str, u32)] {
        &self.ids
    }
}

/// Returns whether every one is there and has the shape that this build wants. The loader would
/// reuse a map of any shape.
pub(super) fn fit(pins: &Pins) -> bool {
    let has_shape = |(name, shape): (&str, [u32; 4])| {
        let map = open_pin(&pins.path(name)).and_then(KernelMap::new);
        map.is_ok_and(|it| it.shape() == shape)
    };
    shapes().into_iter().all(has_shape)
}

/// Opens the ring buffer pinned at `path`.
pub(super) fn open_ring(path: &Path) -> Result<RingBuf<MapData>, EnforceError> {
    let data = MapData::from_pin(path).map_err(io::Error::other);
    let map = data.and_then(|it| Map::from_map_data(it).map_err(io::Error::other));
    map.and_then(|it| RingBuf::try_from(it).map_err(io::Error::other))
        .map_err(EnforceError::kernel("open the event ring"))
}

/// Returns how many CPUs there may ever be.
pub(super) fn cpus() -> io::Result<u32> {
    let cpus = aya::util::nr_cpus().map_err(|(_, error)| error)?;
    u32::try_from(cpus).map_err(io::Error::other)
}

/// Returns type, key size, value size and capacity that each map is to have.
fn shapes() -> [(&'static str, [u32; 4]); 8] {
    let bytes = |it: usize| u32::try_from(it).unwrap_or(u32::MAX);
    let block = bytes(size_of::<BlockEntry>());
    let allow = bytes(size_of::<AllowEntry>());
    let counters = bytes(size_of::<KeptCounters>());
    let v4 = bytes(size_of::<PrefixV4>());
    let v6 = bytes(size_of::<PrefixV6>());
    [
        (maps::COUNTERS, [MAP_ARRAY, 4, counters, 1]),
        (maps::GATES, [MAP_ARRAY, 4, 4, maps::GATE_COUNT]),
        (maps::ALLOW_V4, [MAP_LPM_TRIE, v4, allow, maps::ALLOW_MAX]),
        (maps::ALLOW_V6, [MAP_LPM_TRIE, v6, allow, maps::ALLOW_MAX]),
        (maps::OWN_V4, [MAP_HASH, 4, block, maps::OWN_MAX]),
        (maps::OWN_NET64, [MAP_HASH, 8, block, maps::OWN_MAX]),
        (maps::OWN_FILTER, [MAP_ARRAY, 4, 8, maps::OWN_FILTER_WORDS]),
        (maps::EVENTS, [MAP_RINGBUF, 0, 0, maps::EVENTS_BYTES]),
    ]
}
