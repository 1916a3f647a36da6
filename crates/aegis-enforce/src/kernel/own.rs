//! What the kernel's own detectors blocked: a small table each family, which the kernel writes.
//!
//! An entry waits here for user space to decide, and expires by itself. The filter in front of the
//! tables only ever gains bits in the kernel; it is made anew here.

use std::{io, net::IpAddr, sync::atomic::AtomicU64, sync::atomic::Ordering};

use aegis_abi::{BlockEntry, maps, table::HashKey};
use aegis_core::Indicator;

use super::{clock::Ticks, lists::halves, tables::Tables};
use crate::sys::SharedMemory;

/// A key of one of the two tables.
#[derive(Clone, Copy, Debug)]
enum Key {
    V4([u8; 4]),
    Net64([u8; 8]),
}

/// The kernel's own blocks.
#[derive(Debug)]
pub(super) struct Own {
    filter: SharedMemory<u64>,
    hash_key: HashKey,
}

impl Own {
    pub(super) fn open(tables: &Tables, hash_key: HashKey) -> io::Result<Self> {
        let own = Self {
            filter: SharedMemory::map(&tables.own_filter)?,
            hash_key,
        };
        // Lists of another layout had another key, by which the program would find none of these.
        own.mark(&own.all(tables)?);
        Ok(own)
    }

    /// Returns the entry of exactly this indicator.
    pub(super) fn find(
        &self,
        tables: &Tables,
        indicator: Indicator,
    ) -> io::Result<Option<BlockEntry>> {
        match key(indicator) {
            Some(Key::V4(key)) => tables.own_v4.get(&key),
            Some(Key::Net64(key)) => tables.own_net64.get(&key),
            None => Ok(None),
        }
    }

    /// Returns whether a live entry covers all of `indicator`.
    pub(super) fn is_blocked(
        &self,
        tables: &Tables,
        ticks: Ticks,
        indicator: Indicator,
    ) -> io::Result<bool> {
        let covering = match indicator.address() {
            IpAddr::V4(_) => Some(indicator),
            IpAddr::V6(_) if indicator.prefix_len() < 64 => None,
            IpAddr::V6(it) => Indicator::prefix(it.into(), 64),
        };
        let Some(covering) = covering else {
            return Ok(false);
        };
        let entry = self.find(tables, covering)?;
        Ok(entry.is_some_and(|it| ticks.jiffies < it.deadline))
    }

    /// Removes an entry; returns it where it was there.
    pub(super) fn remove(
        &self,
        tables: &Tables,
        indicator: Indicator,
    ) -> io::Result<Option<BlockEntry>> {
        let entry = self.find(tables, indicator)?;
        if entry.is_some() {
            match key(indicator) {
                Some(Key::V4(key)) => tables.own_v4.remove(&key)?,
                Some(Key::Net64(key)) => tables.own_net64.remove(&key)?,
                None => false,
            };
        }
        Ok(entry)
    }

    /// Returns every entry, live or over.
    pub(super) fn all(&self, tables: &Tables) -> io::Result<Vec<(Indicator, BlockEntry)>> {
        let mut all = Vec::new();
        for (key, entry) in tables.own_v4.entries::<[u8; 4], BlockEntry>()? {
            all.push((Indicator::host(key.into()), entry));
        }
        for (key, entry) in tables.own_net64.entries::<[u8; 8], BlockEntry>()? {
            let mut address = [0; 16];
            address[..8].copy_from_slice(&key);
            all.extend(Indicator::prefix(address.into(), 64).map(|it| (it, entry)));
        }
        Ok(all)
    }

    /// Returns whether there may be any entry.
    pub(super) fn is_any(&self, tables: &Tables) -> bool {
        let is_shut = |it: &u32| matches!(tables.gates.get::<u32, u32>(it), Ok(Some(0)));
        ![maps::GATE_OWN_V4, maps::GATE_OWN_NET64]
            .iter()
            .all(is_shut)
    }

    /// Removes what is over and shuts what leads to nothing; returns how many entries that were.
    pub(super) fn sweep(&self, tables: &Tables, ticks: Ticks) -> io::Result<usize> {
        if !self.is_any(tables) {
            return Ok(0);
        }
        let mut removed = 0;
        for (indicator, entry) in self.all(tables)? {
            if entry.deadline <= ticks.jiffies {
                // A renewal just now is lost, and made again at the next crossing.
                self.remove(tables, indicator)?;
                removed += 1;
            }
        }
        let left = self.all(tables)?;
        self.refresh_filter(&left);
        self.set_gates(tables, &left)?;
        // What the kernel made meanwhile is put back where the steps above overlooked it.
        let left = self.all(tables)?;
        self.mark(&left);
        for (gate, is_open) in gates(&left) {
            if is_open {
                tables.gates.set(&gate, &1_u32)?;
            }
        }
        Ok(removed)
    }

    /// Sets the filter bits of these entries.
    fn mark(&self, entries: &[(Indicator, BlockEntry)]) {
        for (indicator, _) in entries {
            let (word, bits) = self.bits(*indicator);
            self.at(word).fetch_or(bits, Ordering::Relaxed);
        }
    }

    /// Takes away every filter bit that no entry needs.
    fn refresh_filter(&self, entries: &[(Indicator, BlockEntry)]) {
        let mut wanted = vec![0_u64; self.filter.count()];
        for (indicator, _) in entries {
            let (word, bits) = self.bits(*indicator);
            wanted[word] |= bits;
        }
        for (word, bits) in wanted.into_iter().enumerate() {
            self.at(word).fetch_and(bits, Ordering::Relaxed);
        }
    }

    fn set_gates(&self, tables: &Tables, entries: &[(Indicator, BlockEntry)]) -> io::Result<()> {
        for (gate, is_open) in gates(entries) {
            tables.gates.set(&gate, &u32::from(is_open))?;
        }
        Ok(())
    }

    fn bits(&self, indicator: Indicator) -> (usize, u64) {
        let hash = match indicator.address() {
            IpAddr::V4(it) => self.hash_key.hash32(it.to_bits()),
            IpAddr::V6(it) => self.hash_key.hash64(halves(it).0),
        };
        let word = hash.word(maps::OWN_FILTER_WORDS - 1) as usize;
        (word, hash.bits())
    }

    #[expect(unsafe_code, reason = "the kernel program adds bits at the same time")]
    fn at(&self, word: usize) -> &AtomicU64 {
        // SAFETY: a live, aligned word that everybody changes atomically.
        unsafe { AtomicU64::from_ptr(self.filter.at(word)) }
    }
}

fn gates(entries: &[(Indicator, BlockEntry)]) -> [(u32, bool); 2] {
    let has = |is_ipv4: bool| entries.iter().any(|it| it.0.is_ipv4() == is_ipv4);
    [
        (maps::GATE_OWN_V4, has(true)),
        (maps::GATE_OWN_NET64, has(false)),
    ]
}

fn key(indicator: Indicator) -> Option<Key> {
    match indicator.address() {
        IpAddr::V4(it) if indicator.is_host() => Some(Key::V4(it.octets())),
        IpAddr::V6(it) if indicator.prefix_len() == 64 => {
            Some(Key::Net64(halves(it).0.to_be_bytes()))
        }
        IpAddr::V4(_) | IpAddr::V6(_) => None,
    }
}
