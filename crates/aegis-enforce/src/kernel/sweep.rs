//! Reading the blocklist back, and taking out what is over.

use std::io;

use aegis_abi::{BlockEntry, maps};
use aegis_core::{Indicator, Timestamp};

use super::{
    KernelEnforcer,
    blocks::{Place, all_entries, to_blocked},
    clock::Ticks,
    exempt::is_exempt,
    tables::Tables,
};
use crate::{Blocked, EnforceError, sys::Cursor};

/// Entries of each table that one sweep looks at: some ten milliseconds of work.
const SLICE_ENTRIES: usize = 65_536;
/// A step of the wall clock against ticks that is worth rewriting deadlines for.
const DRIFT_MILLIS_MAX: u64 = 500;

/// Where in each hash table the next sweep goes on.
#[derive(Debug, Default)]
pub(super) struct Cursors {
    v4: Cursor,
    v6: Cursor,
    net64: Cursor,
}

impl Cursors {
    /// Returns what is over in the next slice of each hash table.
    fn find_over(
        &mut self,
        tables: &Tables,
        ticks: Ticks,
        entries_max: usize,
    ) -> io::Result<Vec<Place>> {
        let mut over = Vec::new();
        let mut look = |place: Place, entry: BlockEntry| {
            if entry.own_deadline <= ticks.jiffies {
                over.push(place);
            }
        };
        tables
            .block_v4
            .scan(&mut self.v4, entries_max, |key, entry| {
                look(Place::HostV4(key), entry);
            })?;
        tables
            .block_v6
            .scan(&mut self.v6, entries_max, |key, entry| {
                look(Place::HostV6(key), entry);
            })?;
        tables
            .block_net64
            .scan(&mut self.net64, entries_max, |key, entry| {
                look(Place::Net64(key), entry);
            })?;
        Ok(over)
    }
}

impl KernelEnforcer {
    /// Returns the live blocks as the kernel holds them, in order.
    pub(crate) fn blocklist(&self, now: Timestamp) -> Result<Vec<Blocked>, EnforceError> {
        let ticks = self.clock.read(now)?;
        let entries =
            all_entries(&self.tables).map_err(EnforceError::kernel("read the blocklist"))?;
        let mut blocked: Vec<Blocked> = entries
            .into_iter()
            .filter_map(|(place, entry)| to_blocked(place, entry, ticks))
            .collect();
        blocked.sort_by_key(|it| it.indicator);
        Ok(blocked)
    }

    /// Returns the live blocks of exactly these indicators, as the kernel holds them.
    pub(crate) fn entries(
        &self,
        now: Timestamp,
        indicators: &[Indicator],
    ) -> Result<Vec<Blocked>, EnforceError> {
        let ticks = self.clock.read(now)?;
        let mut blocked = Vec::new();
        for indicator in indicators {
            let place = Place::of(*indicator);
            let entry = self.blocks.find(&self.tables, place);
            let entry = entry.map_err(EnforceError::kernel("read a block"))?;
            blocked.extend(entry.and_then(|it| to_blocked(place, it, ticks)));
        }
        Ok(blocked)
    }

    /// Returns whether the program would drop packets from all of `indicator`.
    pub(crate) fn is_blocked(
        &self,
        now: Timestamp,
        indicator: Indicator,
    ) -> Result<bool, EnforceError> {
        let ticks = self.clock.read(now)?;
        let look = || -> io::Result<bool> {
            Ok(!is_exempt(&self.tables, indicator)?
                && self.blocks.is_blocked(&self.tables, ticks, indicator)?)
        };
        look().map_err(EnforceError::kernel("read the blocklist"))
    }

    /// Removes what is over, a slice of the tables at a time, and mends deadlines after the host
    /// slept or its clock stepped; returns how many entries it removed.
    pub(crate) fn sweep(&mut self, now: Timestamp) -> Result<usize, EnforceError> {
        let ticks = self.clock.read(now)?;
        let drift = ticks.offset_millis().abs_diff(self.offset_millis);
        if drift > DRIFT_MILLIS_MAX {
            tracing::info!(drift_ms = drift, "Clock stepped, mending deadlines");
            self.offset_millis = ticks.offset_millis();
            self.mend_all(ticks)?;
            return self.sweep_slice(ticks, usize::MAX);
        }
        self.sweep_slice(ticks, SLICE_ENTRIES)
    }

    /// Removes everything that is over.
    pub(super) fn sweep_all(&mut self, ticks: Ticks) -> Result<usize, EnforceError> {
        self.cursors = Cursors::default();
        self.sweep_slice(ticks, usize::MAX)
    }

    fn sweep_slice(&mut self, ticks: Ticks, entries_max: usize) -> Result<usize, EnforceError> {
        let over = self
            .cursors
            .find_over(&self.tables, ticks, entries_max)
            .map_err(EnforceError::kernel("read the blocklist"))?;
        let prefixes = self.blocks.prefixes.over(ticks.jiffies);
        let mut removed = 0;
        for place in prefixes.into_iter().map(Place::of).chain(over) {
            removed += usize::from(self.remove_expired(ticks, place)?);
        }
        self.close_gates()
            .map_err(EnforceError::kernel("close a gate"))?;
        self.update_flags()?;
        Ok(removed)
    }

    /// Writes every deadline anew that was given as wall-clock time.
    fn mend_all(&mut self, ticks: Ticks) -> Result<(), EnforceError> {
        let entries =
            all_entries(&self.tables).map_err(EnforceError::kernel("read the blocklist"))?;
        for (place, entry) in entries.into_iter().filter(|(_, it)| it.expires_at != 0) {
            self.mend(ticks, place, entry)?;
        }
        Ok(())
    }

    fn mend(&mut self, ticks: Ticks, place: Place, entry: BlockEntry) -> Result<(), EnforceError> {
        let Some(indicator) = place.indicator() else {
            return Ok(());
        };
        let expires_at = Timestamp::from_millis(entry.expires_at);
        self.blocks
            .block(&self.tables, ticks, indicator, expires_at)
    }

    fn remove_expired(&mut self, ticks: Ticks, place: Place) -> Result<bool, EnforceError> {
        // Looked at again: the kernel's detector may have renewed it since it was read.
        let entry = self.blocks.find(&self.tables, place);
        let entry = entry.map_err(EnforceError::kernel("read a block"))?;
        match (entry, place.indicator()) {
            (Some(entry), Some(indicator)) if entry.own_deadline <= ticks.jiffies => {
                self.blocks.unblock(&self.tables, ticks, indicator)?;
                Ok(true)
            }
            (Some(_) | None, _) => Ok(false),
        }
    }

    /// Closes the gate of each table that is empty, so that packets skip it.
    fn close_gates(&mut self) -> io::Result<()> {
        self.blocks.has_hosts_v6 = !self.tables.block_v6.is_empty::<[u8; 16]>()?;
        for gate in [maps::GATE_BLOCK_V4, maps::GATE_BLOCK_NET64] {
            let is_empty = |tables: &Tables| match gate {
                maps::GATE_BLOCK_V4 => tables.block_v4.is_empty::<[u8; 4]>(),
                _ => tables.block_net64.is_empty::<[u8; 8]>(),
            };
            let is_open = &mut self.blocks.has_open_gate[gate as usize];
            if !is_empty(&self.tables)? {
                *is_open = true;
                continue;
            }
            self.tables.gates.set(&gate, &0_u32)?;
            *is_open = false;
            // The detector makes its entry first and opens the gate after; where it came between
            // our look and our closing, the second look sees its entry.
            if !is_empty(&self.tables)? {
                self.tables.gates.set(&gate, &1_u32)?;
                *is_open = true;
            }
        }
        Ok(())
    }
}
