//! The enforcer that speaks to the kernel.
//!
//! [`start`](KernelEnforcer::start) opens or makes the pinned maps, loads the program onto them,
//! and moves every link over to it. From then on the tables are changed in place.

mod attach;
mod blocks;
mod clock;
mod exempt;
mod pins;
mod prefixes;
mod program;
mod reconcile;
mod start;
mod sweep;
mod tables;

use std::{fs::File, time::Duration};

use aegis_abi::{Config, config_flag, maps};
use aegis_core::{Change, Indicator, Timestamp};

pub use self::pins::mount_bpffs_if_missing;
pub(crate) use self::pins::{Pins, instances};
pub(crate) use self::{attach::remove_filter, clock::TickClock};
use self::{
    attach::{attach, is_attached, is_there, remove_stale_links},
    blocks::Blocks,
    clock::Ticks,
    exempt::Exemptions,
    program::Programs,
    sweep::Cursors,
    tables::Tables,
};
use crate::{Counters, EnforceError, EventStream, InterfaceState, ModeRequest, SynFlood};

/// The pinned program and tables of one instance.
#[derive(Debug)]
pub(crate) struct KernelEnforcer {
    tables: Tables,
    clock: TickClock,
    blocks: Blocks,
    exemptions: Exemptions,
    config: Config,
    interfaces: Vec<InterfaceState>,
    /// Wall-clock time less ticks when last looked at.
    offset_millis: i64,
    cursors: Cursors,
    /// The jiffy of the last sweep for want of room.
    swept_at: u64,
    pins: Pins,
    /// Held for as long as we live: two owners would undo each other's changes.
    _lock: File,
    programs: Option<Programs>,
    mode: ModeRequest,
}

impl KernelEnforcer {
    pub(crate) fn block(
        &mut self,
        now: Timestamp,
        indicator: Indicator,
        expires_at: Timestamp,
    ) -> Result<(), EnforceError> {
        self.apply(
            now,
            &[Change::Block {
                indicator,
                expires_at,
            }],
        )
    }

    pub(crate) fn unblock(
        &mut self,
        now: Timestamp,
        indicator: Indicator,
    ) -> Result<bool, EnforceError> {
        let ticks = self.clock.read(now)?;
        self.blocks.unblock(&self.tables, ticks, indicator)
    }

    /// Applies every change; a full table refuses single entries and is told at the end.
    pub(crate) fn apply(&mut self, now: Timestamp, changes: &[Change]) -> Result<(), EnforceError> {
        let ticks = self.clock.read(now)?;
        let mut refused = Refused::default();
        for change in changes {
            let result = match *change {
                Change::Block {
                    indicator,
                    expires_at,
                } => self.block_or_make_room(ticks, indicator, expires_at),
                Change::Unblock(indicator) => self
                    .blocks
                    .unblock(&self.tables, ticks, indicator)
                    .map(drop),
                Change::Exempt {
                    indicator,
                    exemption,
                } => self.exempt(indicator, exemption),
                Change::Unexempt(indicator) => {
                    self.exemptions.remove(&self.tables, indicator).map(drop)
                }
            };
            refused.note(result)?;
        }
        self.update_flags()?;
        refused.into_result()
    }

    pub(crate) fn counters(&self) -> Result<Counters, EnforceError> {
        let cpus = self
            .tables
            .counters
            .get_per_cpu(0, self.tables.cpus)
            .map_err(EnforceError::kernel("read the counters"))?;
        Ok(Counters::sum(cpus))
    }

    pub(crate) fn interfaces(&self) -> &[InterfaceState] {
        &self.interfaces
    }

    /// Attaches to each interface that came back since under its name; returns whether any did.
    pub(crate) fn reattach(&mut self) -> Result<bool, EnforceError> {
        let Some(programs) = &mut self.programs else {
            return Ok(false);
        };
        let mut is_changed = false;
        for state in &mut self.interfaces {
            if is_attached(&self.pins, state) || !is_there(&state.name) {
                continue;
            }
            *state = attach(programs, &self.pins, &state.name, self.mode)?;
            is_changed = true;
        }
        if is_changed {
            remove_stale_links(&self.pins, &self.interfaces)?;
        }
        Ok(is_changed)
    }

    pub(crate) fn map_ids(&self) -> Vec<(&'static str, u32)> {
        self.tables.ids()
    }

    pub(crate) fn events(&self) -> Result<EventStream, EnforceError> {
        let ring = tables::open_ring(&self.pins.path(maps::EVENTS))?;
        let clock = self.clock.try_clone();
        EventStream::kernel(ring, clock.map_err(EnforceError::kernel("open the clock"))?)
    }

    pub(crate) fn set_syn_flood(&mut self, syn_flood: SynFlood) -> Result<(), EnforceError> {
        write_syn_flood(&mut self.config, syn_flood, self.clock.hz());
        self.write_config()
    }

    pub(crate) fn set_observe(&mut self, is_observing: bool) -> Result<(), EnforceError> {
        set_flag(&mut self.config.flags, config_flag::OBSERVE, is_observing);
        self.write_config()
    }

    pub(crate) fn is_observing(&self) -> bool {
        self.config.flags & config_flag::OBSERVE != 0
    }

    fn exempt(
        &mut self,
        indicator: Indicator,
        exemption: aegis_core::Exemption,
    ) -> Result<(), EnforceError> {
        self.exemptions.add(&self.tables, indicator, exemption)?;
        self.update_flags()
    }

    fn block_or_make_room(
        &mut self,
        ticks: Ticks,
        indicator: Indicator,
        expires_at: Timestamp,
    ) -> Result<(), EnforceError> {
        let result = self
            .blocks
            .block(&self.tables, ticks, indicator, expires_at);
        let result = match result {
            // What has expired still takes up room until it is swept. Once a second at most: a table
            // full of live entries must not cost a sweep for each one it refuses.
            Err(EnforceError::TableFull { .. })
                if ticks.jiffies >= self.swept_at.saturating_add(ticks.hz) =>
            {
                self.swept_at = ticks.jiffies;
                self.sweep_all(ticks)?;
                self.blocks
                    .block(&self.tables, ticks, indicator, expires_at)
            }
            other => other,
        };
        result?;
        self.update_flags()
    }

    /// Tells the program which tables are worth a look, where that changed.
    fn update_flags(&mut self) -> Result<(), EnforceError> {
        let before = self.config.flags;
        self.blocks.write_flags(&mut self.config.flags);
        self.exemptions.write_flags(&mut self.config.flags);
        if self.config.flags == before {
            return Ok(());
        }
        self.write_config()
    }

    fn write_config(&self) -> Result<(), EnforceError> {
        self.tables
            .config
            .set(&0_u32, &self.config)
            .map_err(EnforceError::kernel("write the configuration"))
    }
}

/// How many entries found no room, and in which table first.
#[derive(Default)]
struct Refused {
    first: Option<(&'static str, u32)>,
    count: usize,
}

impl Refused {
    /// Remembers a full table and lets the rest go on; every other error ends it.
    fn note(&mut self, result: Result<(), EnforceError>) -> Result<(), EnforceError> {
        match result {
            Err(EnforceError::TableFull {
                table,
                capacity,
                refused,
            }) => {
                self.first.get_or_insert((table, capacity));
                self.count += refused;
                Ok(())
            }
            other => other,
        }
    }

    fn into_result(self) -> Result<(), EnforceError> {
        let Some((table, capacity)) = self.first else {
            return Ok(());
        };
        Err(EnforceError::TableFull {
            table,
            capacity,
            refused: self.count,
        })
    }
}

fn set_flag(flags: &mut u32, flag: u32, is_set: bool) {
    if is_set {
        *flags |= flag;
    } else {
        *flags &= !flag;
    }
}

fn write_syn_flood(config: &mut Config, syn_flood: SynFlood, hz: u64) {
    let jiffies = |it: Duration| clock::jiffies_in(it, hz).max(1);
    config.syn_threshold = syn_flood.threshold.max(1);
    config.syn_window = jiffies(syn_flood.window);
    config.syn_block = jiffies(syn_flood.block_for);
    set_flag(&mut config.flags, config_flag::SYN_FLOOD, syn_flood.enabled);
}
