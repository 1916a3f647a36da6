//! What the programs of an instance counted, over all that were ever loaded.
//!
//! Each load counts in a map of its own, at an address that is fixed in its instructions: nothing is
//! as short. The loader fills it with zeros, and so no load takes over an earlier one's. It is pinned
//! before a packet meets the program and stays so until nothing runs that counts in it; then it is
//! added to the sums that are kept. An owner that is killed in between leaves what the next one needs
//! to lose no packet and count none twice.

use std::{io, time::Duration};

use aegis_abi::{Counted, Counters, KeptCounters, maps};
use aya::programs::ProgramInfo;

use super::{
    KernelEnforcer,
    pins::{PROGRAM_PIN, Pins},
};
use crate::{
    EnforceError,
    sys::{KernelMap, map_id, open_pin, pin},
};

/// More loads are not waited for. Where so many follow each other at once, no processor is in the
/// first one's program any more.
const LOADS_MAX: usize = 16;
/// So long after its last link went elsewhere no processor is in a program any more.
const GRACE: Duration = Duration::from_secs(1);

/// The maps that packets are counted in, and the sums of those that are gone.
#[derive(Debug)]
pub(super) struct Account {
    pins: Pins,
    kept: KernelMap,
    /// Oldest first.
    loads: Vec<Load>,
}

/// What one load of the program counts in.
#[derive(Debug)]
struct Load {
    id: u32,
    map: KernelMap,
    /// The jiffy at which all links led to another one.
    left_at: Option<u64>,
}

impl Account {
    /// Opens what is pinned; `kept` is the map of sums.
    pub(super) fn open(pins: &Pins, kept: KernelMap) -> Result<Self, EnforceError> {
        let mut loads = Vec::new();
        for name in pins.names()? {
            let Some(number) = name.strip_prefix(maps::COUNTED_PIN) else {
                continue;
            };
            match Load::open(pins, &name) {
                Ok(load) if number.parse() == Ok(load.id) => loads.push(load),
                Ok(_) | Err(_) => pins.remove(&name)?, // of another layout, which nobody can read
            }
        }
        loads.sort_by_key(|it| it.id);
        Ok(Self {
            pins: pins.clone(),
            kept,
            loads,
        })
    }

    /// Keeps the sums of `older`, a map that is replaced.
    pub(super) fn carry(&self, older: &KernelMap) -> io::Result<()> {
        if older.shape() != self.kept.shape() {
            return Ok(()); // of another layout
        }
        match older.get::<u32, KeptCounters>(&0)? {
            Some(kept) => self.kept.set(&0_u32, &kept),
            None => Ok(()),
        }
    }

    /// Takes note of the map that a program counts in whose packets are about to come.
    pub(super) fn begin(&mut self, map: KernelMap) -> Result<(), EnforceError> {
        while self.loads.len() >= LOADS_MAX {
            self.close(self.oldest_idle())?;
        }
        let failed = EnforceError::kernel("read the program's counters");
        let id = map_id(map.fd()).map_err(failed)?;
        let path = self.pins.path(&pin_name(id));
        pin(map.fd(), &path).map_err(|it| self.pins.error(it))?;
        self.loads.push(Load {
            id,
            map,
            left_at: None,
        });
        Ok(())
    }

    /// Takes note that all links lead to the program that was last begun with.
    pub(super) fn take_place(&mut self, jiffies: u64) {
        let others = self.loads.iter_mut().rev().skip(1);
        for load in others {
            load.left_at = load.left_at.or(Some(jiffies));
        }
    }

    /// Adds up what nothing counts in any more; `hz` is jiffies a second.
    pub(super) fn settle(&mut self, jiffies: u64, hz: u64) -> Result<(), EnforceError> {
        let is_over = |it: &Load| {
            it.left_at
                .is_some_and(|left_at| jiffies.saturating_sub(left_at) > hz * GRACE.as_secs())
        };
        while let Some(at) = self.loads.iter().position(is_over) {
            self.close(at)?;
        }
        Ok(())
    }

    /// Returns the sums over all loads and CPUs.
    pub(super) fn sum(&self) -> io::Result<Counters> {
        let kept = self.kept()?;
        let mut sum = kept.counters;
        for load in self.loads.iter().filter(|it| it.id != kept.last) {
            sum.add(&load.sum()?);
        }
        Ok(sum)
    }

    /// Adds one load to what is kept, which says so itself, and then lets go of its map.
    fn close(&mut self, at: usize) -> Result<(), EnforceError> {
        let load = self.loads.remove(at);
        let keep = || -> io::Result<()> {
            let mut kept = self.kept()?;
            if kept.last == load.id {
                return Ok(()); // added by an owner that was killed right after
            }
            kept.counters.add(&load.sum()?);
            kept.last = load.id;
            self.kept.set(&0_u32, &kept)
        };
        keep().map_err(EnforceError::kernel("add up the counters"))?;
        self.pins.remove(&pin_name(load.id))
    }

    /// Returns where the oldest load is that the pinned program does not count in. After starts that
    /// failed, the one in force is the oldest of all.
    fn oldest_idle(&self) -> usize {
        let program = ProgramInfo::from_pin(self.pins.path(PROGRAM_PIN));
        let used = program.ok().and_then(|it| it.map_ids().ok().flatten());
        let used = used.unwrap_or_default();
        let idle = self.loads.iter().position(|it| !used.contains(&it.id));
        idle.unwrap_or(0)
    }

    fn kept(&self) -> io::Result<KeptCounters> {
        Ok(self.kept.get(&0_u32)?.unwrap_or_default())
    }
}

impl KernelEnforcer {
    /// Takes note that all links lead to the program that was loaded last.
    pub(super) fn note_place(&mut self) -> Result<(), EnforceError> {
        let jiffies = self.clock.jiffies();
        let jiffies = jiffies.map_err(EnforceError::kernel("read the kernel's clock"))?;
        self.account.take_place(jiffies);
        Ok(())
    }
}

impl Load {
    fn open(pins: &Pins, name: &str) -> io::Result<Self> {
        let map = KernelMap::new(open_pin(&pins.path(name))?)?;
        let [_, key_bytes, value_bytes, entries] = map.shape();
        let has_shape = [key_bytes, entries] == [4, 1];
        if !has_shape || value_bytes as usize != size_of::<Counted>() {
            return Err(io::Error::from(io::ErrorKind::InvalidData));
        }
        Ok(Self {
            id: map_id(map.fd())?,
            map,
            left_at: None,
        })
    }

    fn sum(&self) -> io::Result<Counters> {
        let mut sum = Counters::default();
        if let Some(counted) = self.map.get_boxed::<u32, Counted>(&0)? {
            counted.cpus.iter().for_each(|it| sum.add(it));
        }
        Ok(sum)
    }
}

/// Returns the name of the pin of the map with this number.
fn pin_name(id: u32) -> String {
    format!("{}{id}", maps::COUNTED_PIN)
}
