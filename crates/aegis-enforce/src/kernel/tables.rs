//! The pinned maps of an instance, opened and checked.

use std::{io, mem::size_of, path::Path};

use aegis_abi::{AllowEntry, BlockEntry, Config, Counters, PrefixV4, PrefixV6, SynWindow, maps};
use aya::maps::{Map, MapData, RingBuf};

use crate::{
    Capacity, EnforceError,
    kernel::{pins::Pins, program::sizes},
    sys::{KernelMap, map_id, open_pin},
};

const MAP_HASH: u32 = 1;
const MAP_ARRAY: u32 = 2;
const MAP_PERCPU_ARRAY: u32 = 6;
const MAP_LRU_HASH: u32 = 9;
const MAP_LPM_TRIE: u32 = 11;
const MAP_RINGBUF: u32 = 27;

/// Every map that user space reads or writes.
#[derive(Debug)]
pub(super) struct Tables {
    pub(super) config: KernelMap,
    pub(super) counters: KernelMap,
    pub(super) gates: KernelMap,
    pub(super) block_v4: KernelMap,
    pub(super) block_v6: KernelMap,
    pub(super) block_net64: KernelMap,
    pub(super) block_prefix4: KernelMap,
    pub(super) block_prefix6: KernelMap,
    pub(super) allow_v4: KernelMap,
    pub(super) allow_v6: KernelMap,
    pub(super) cpus: usize,
    ids: Vec<(&'static str, u32)>,
}

impl Tables {
    /// Opens the maps pinned as `prefix` and their names.
    pub(super) fn open(pins: &Pins, prefix: &str) -> io::Result<Self> {
        let path = |name: &str| pins.path(&format!("{prefix}{name}"));
        let open = |name: &str| open_pin(&path(name)).and_then(KernelMap::new);
        let mut ids = Vec::new();
        for name in maps::PINNED {
            ids.push((name, map_id(open_pin(&path(name))?)?));
        }
        Ok(Self {
            config: open(maps::CONFIG)?,
            counters: open(maps::COUNTERS)?,
            gates: open(maps::GATES)?,
            block_v4: open(maps::BLOCK_V4)?,
            block_v6: open(maps::BLOCK_V6)?,
            block_net64: open(maps::BLOCK_NET64)?,
            block_prefix4: open(maps::BLOCK_PREFIX4)?,
            block_prefix6: open(maps::BLOCK_PREFIX6)?,
            allow_v4: open(maps::ALLOW_V4)?,
            allow_v6: open(maps::ALLOW_V6)?,
            cpus: aya::util::nr_cpus().map_err(|(_, error)| error)?,
            ids,
        })
    }

    /// Returns the kernel's number of every pinned map.
    pub(super) fn ids(&self) -> Vec<(&'static str, u32)> {
        self.ids.clone()
    }
}

/// Returns whether every pinned map is there and has the shape that this build wants, and the
/// layout version is ours. The loader would reuse a map of any shape.
pub(super) fn fit(pins: &Pins, capacity: Capacity) -> bool {
    let has_shape = |(name, shape): (&str, [u32; 4])| {
        let map = open_pin(&pins.path(name)).and_then(KernelMap::new);
        map.is_ok_and(|it| it.shape() == shape)
    };
    shapes(capacity).into_iter().all(has_shape) && is_our_version(pins)
}

/// Opens the ring buffer pinned at `path`.
pub(super) fn open_ring(path: &Path) -> Result<RingBuf<MapData>, EnforceError> {
    let data = MapData::from_pin(path).map_err(io::Error::other);
    let map = data.and_then(|it| Map::from_map_data(it).map_err(io::Error::other));
    map.and_then(|it| RingBuf::try_from(it).map_err(io::Error::other))
        .map_err(EnforceError::kernel("open the event ring"))
}

fn is_our_version(pins: &Pins) -> bool {
    let config = open_pin(&pins.path(maps::CONFIG)).and_then(KernelMap::new);
    let config = config.and_then(|it| it.get::<u32, Config>(&0));
    matches!(config, Ok(Some(it)) if it.abi_version == aegis_abi::ABI_VERSION)
}

/// Returns type, key size, value size and capacity that each pinned map is to have.
fn shapes(capacity: Capacity) -> Vec<(&'static str, [u32; 4])> {
    let bytes = |it: usize| u32::try_from(it).unwrap_or(u32::MAX);
    let block = bytes(size_of::<BlockEntry>());
    let allow = bytes(size_of::<AllowEntry>());
    let window = bytes(size_of::<SynWindow>());
    let v4 = bytes(size_of::<PrefixV4>());
    let v6 = bytes(size_of::<PrefixV6>());
    let mut shapes = vec![
        (maps::CONFIG, [MAP_ARRAY, 4, bytes(size_of::<Config>()), 1]),
        (
            maps::COUNTERS,
            [MAP_PERCPU_ARRAY, 4, bytes(size_of::<Counters>()), 1],
        ),
        (maps::GATES, [MAP_ARRAY, 4, 4, maps::GATE_COUNT]),
        (maps::ALLOW_V4, [MAP_LPM_TRIE, v4, allow, maps::ALLOW_MAX]),
        (maps::ALLOW_V6, [MAP_LPM_TRIE, v6, allow, maps::ALLOW_MAX]),
        (
            maps::SYN_V4,
            [MAP_LRU_HASH, 4, window, maps::SYN_SOURCES_MAX],
        ),
        (
            maps::SYN_V6,
            [MAP_LRU_HASH, 8, window, maps::SYN_SOURCES_MAX],
        ),
        (maps::EVENTS, [MAP_RINGBUF, 0, 0, maps::EVENTS_BYTES]),
    ];
    let kinds = [
        (MAP_HASH, 4),
        (MAP_HASH, 16),
        (MAP_HASH, 8),
        (MAP_LPM_TRIE, v4),
        (MAP_LPM_TRIE, v6),
    ];
    for ((name, entries), (kind, key)) in sizes(capacity).into_iter().zip(kinds) {
        shapes.push((name, [kind, key, block, entries]));
    }
    shapes
}
