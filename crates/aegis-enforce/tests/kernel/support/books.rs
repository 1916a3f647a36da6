//! The counters of an instance as they are pinned, read by nothing of the enforcer.

use std::{fs, thread};

use aegis_abi::{Counter, maps};
use aya::maps::{Array, Map, MapData};

use super::Instance;

type Counted = [[u64; Counter::SLOTS]; maps::CPUS_MAX as usize];
type Kept = [u64; Counter::SLOTS + 1];

/// The values are larger than the stack of a test is meant for.
const STACK_BYTES: usize = 16 << 20;

/// The sums that are kept, and the maps that are counted in.
pub(crate) struct PinnedBooks {
    kept: Option<Array<MapData, Kept>>,
    loads: Vec<(u32, Array<MapData, Counted>)>,
}

impl PinnedBooks {
    /// Opens what there is; nothing where nothing was started yet.
    pub(crate) fn open(instance: &Instance) -> Self {
        let open = |name: &str| MapData::from_pin(instance.pin(name)).map(Map::Array);
        let kept = open(maps::COUNTERS).ok();
        let loads = load_pins(instance).into_iter().map(|name| {
            let map = open(&name).unwrap();
            let id = name.strip_prefix(maps::COUNTED_PIN).unwrap();
            (id.parse().unwrap(), map.try_into().unwrap())
        });
        Self {
            kept: kept.map(|it| it.try_into().unwrap()),
            loads: loads.collect(),
        }
    }

    /// Returns each counter as the program counts it, over all loads and CPUs.
    pub(crate) fn sum(&self) -> [u64; Counter::SLOTS] {
        let mut sum = [0; Counter::SLOTS];
        let Some(kept) = &self.kept else { return sum };
        let kept = kept.get(&0, 0).unwrap();
        let last = kept[Counter::SLOTS];
        sum.copy_from_slice(&kept[..Counter::SLOTS]);
        for (id, map) in &self.loads {
            if u64::from(*id) != last {
                with_room(|| {
                    for cpu in map.get(&0, 0).unwrap() {
                        sum.iter_mut().zip(cpu).for_each(|(sum, it)| *sum += it);
                    }
                });
            }
        }
        sum
    }
}

/// Returns the names of the pins of maps that are counted in.
pub(crate) fn load_pins(instance: &Instance) -> Vec<String> {
    let Ok(entries) = fs::read_dir(instance.pin("")) else {
        return Vec::new();
    };
    let names = entries.map(|it| it.unwrap().file_name().into_string().unwrap());
    names
        .filter(|it| it.starts_with(maps::COUNTED_PIN))
        .collect()
}

fn with_room(work: impl FnOnce() + Send) {
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK_BYTES);
        thread.spawn_scoped(scope, work).unwrap().join().unwrap();
    });
}
