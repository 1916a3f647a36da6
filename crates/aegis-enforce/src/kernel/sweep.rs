//! Reading the blocklist back, and taking out what is over.

use aegis_abi::{BlockEntry, maps};
use aegis_core::{Indicator, Timestamp};

use super::{
    KernelEnforcer,
    blocks::{Place, all_entries, to_blocked},
    clock::Ticks,
    exempt::is_exempt,
};
use crate::{Blocked, EnforceError};

/// A step of the wall clock against ticks that is worth rewriting deadlines for.
const DRIFT_MILLIS_MAX: u64 = 500;

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

    /// Returns whether the program would drop packets from all of `indicator`.
    pub(crate) fn is_blocked(
        &self,
        now: Timestamp,
        indicator: Indicator,
    ) -> Result<bool, EnforceError> {
        let ticks = self.clock.read(now)?;
        let look = || -> std::io::Result<bool> {
            Ok(!is_exempt(&self.tables, indicator)?
                && self.blocks.is_blocked(&self.tables, ticks, indicator)?)
        };
        look().map_err(EnforceError::kernel("read the blocklist"))
    }

    /// Removes what is over and mends deadlines after the host slept or its clock stepped;
    /// returns how many entries it removed.
    pub(crate) fn sweep(&mut self, now: Timestamp) -> Result<usize, EnforceError> {
        let ticks = self.clock.read(now)?;
        let drift = ticks.offset_millis().abs_diff(self.offset_millis);
        let is_off = drift > DRIFT_MILLIS_MAX;
        if is_off {
            tracing::info!(drift_ms = drift, "Clock stepped, mending deadlines");
        }
        self.offset_millis = ticks.offset_millis();
        let mut removed = 0;
        let entries =
            all_entries(&self.tables).map_err(EnforceError::kernel("read the blocklist"))?;
        for (place, entry) in entries {
            if is_off && entry.expires_at != 0 {
                self.mend(ticks, place, entry)?;
            } else if entry.own_deadline <= ticks.jiffies {
                removed += usize::from(self.remove_expired(ticks, place)?);
            }
        }
        self.close_gates()
            .map_err(EnforceError::kernel("close a gate"))?;
        self.update_flags()?;
        Ok(removed)
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
    fn close_gates(&mut self) -> std::io::Result<()> {
        self.blocks.has_hosts_v6 = !self.tables.block_v6.is_empty::<[u8; 16]>()?;
        for gate in [maps::GATE_BLOCK_V4, maps::GATE_BLOCK_NET64] {
            let is_empty = |tables: &super::Tables| match gate {
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
