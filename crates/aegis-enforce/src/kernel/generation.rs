//! Generations of lists: made beside the one in force, filled, and put in its place at once.
//!
//! A program is loaded onto the new maps, and every link moves over to it. A packet meets the old
//! program with the old lists or the new one with the new lists, and nothing between.

use std::{collections::HashSet, path::Path};

use aegis_abi::{Config, config_flag, maps};
use aegis_core::{Change, Indicator};

use super::{
    KernelEnforcer,
    attach::move_over,
    clock::Ticks,
    lists::{Demand, Kind, Lists, Place, Sizes},
    pins::{NEXT, Pins},
    program::Programs,
    set_flag,
    start::pin_programs,
};
use crate::{EnforceError, sys::KernelMap};

/// Programs and the lists they read.
pub(super) struct Generation {
    pub(super) programs: Programs,
    pub(super) lists: Lists,
}

/// What every generation of an instance is made from.
pub(super) struct Base<'a> {
    pub(super) pins: &'a Pins,
    pub(super) object: Option<&'a Path>,
    /// What the names of the shared maps' pins begin with.
    pub(super) shared: &'static str,
    /// Whether programs are wanted that answer with SYN cookies.
    pub(super) is_answering: bool,
}

impl Base<'_> {
    /// Loads a program onto the lists that there are.
    pub(super) fn take_over(&self, mut lists: Lists) -> Result<Generation, EnforceError> {
        let mut programs = Programs::open(self, "", &lists.sizes().entries())?;
        programs.load()?;
        let used = lists.use_settings(programs.settings()?);
        used.map_err(EnforceError::kernel("configure the program"))?;
        Ok(Generation { programs, lists })
    }

    /// Makes new lists for so many entries, and a program on them; nothing uses it yet.
    pub(super) fn make(
        &self,
        mut config: Config,
        demand: Demand,
    ) -> Result<Generation, EnforceError> {
        let sizes = Sizes::new(demand);
        sizes.write(&mut config);
        self.pins.remove_unfinished()?;
        let mut programs = Programs::open(self, NEXT, &sizes.entries())?;
        let path = self.pins.path(&format!("{NEXT}{}", maps::CONFIG));
        let failed = || EnforceError::kernel("make new tables");
        let map = crate::sys::open_pin(&path).and_then(KernelMap::new);
        map.and_then(|it| it.set(&0_u32, &config))
            .map_err(failed())?;
        programs.load()?;
        let mut lists = Lists::open(self.pins, NEXT).map_err(failed())?;
        let used = lists.use_settings(programs.settings()?);
        used.map_err(failed())?;
        Ok(Generation { programs, lists })
    }
}

impl Demand {
    /// Counts indicators by where they lie.
    pub(super) fn of<'a>(indicators: impl Iterator<Item = &'a Indicator>) -> Self {
        let mut demand = Self::default();
        for indicator in indicators {
            match Kind::of(*indicator) {
                Some(Kind::HostV4) => demand.hosts_v4 += 1,
                Some(Kind::NetV6) => demand.nets_v6 += 1,
                Some(Kind::PrefixV4) => demand.prefixes_v4 += 1,
                Some(Kind::PrefixV6) => demand.prefixes_v6 += 1,
                Some(Kind::Longer) => demand.longer += 1,
                None => {}
            }
        }
        demand
    }
}

impl KernelEnforcer {
    /// Returns what the program of another generation is told first.
    pub(super) fn first_config(&self) -> Config {
        let mut config = self.lists.config;
        config.table_until = 0;
        set_flag(&mut config.flags, config_flag::SHOW_STAGED, false);
        config
    }

    /// Puts another generation in the place of the present one: with its entries, with `changes`
    /// made to them.
    pub(super) fn replace(
        &mut self,
        ticks: Ticks,
        changes: &[Change],
        demand: Demand,
    ) -> Result<(), EnforceError> {
        self.note_own();
        let Generation {
            mut programs,
            mut lists,
        } = self.next_generation(demand)?;
        // What goes is not copied: beside what comes there may be no room for it.
        let gone = changes.iter().filter_map(|it| match it {
            Change::Unblock(indicator) => Place::of(*indicator),
            Change::Block { .. } | Change::Exempt { .. } | Change::Unexempt(_) => None,
        });
        copy_but(&self.lists, &mut lists, &gone.collect())?;
        for change in changes {
            super::change_list(&mut lists, ticks, *change)?;
        }
        self.exemptions
            .open_gates(&self.tables, lists.gate())
            .and_then(|()| lists.write_config(ticks))
            .map_err(EnforceError::kernel("make new tables"))?;
        let detect = programs.detect()?;
        detect
            .set(&0_u32, &self.detect.0)
            .map_err(EnforceError::kernel("configure the detectors"))?;
        self.account.begin(programs.counted()?)?;
        move_over(&mut programs, &self.pins, &self.interfaces)?;
        self.note_place()?;
        self.pins.promote_all(maps::GENERATION.into_iter())?;
        pin_programs(&programs, &self.pins)?;
        self.lists = lists;
        self.detect.1 = detect;
        self.programs = Some(programs);
        // What the program before blocked by itself up to the last moment.
        self.update_flags(ticks)?;
        tracing::debug!(
            entries = self.lists.demand().sum(),
            "Another generation is in force"
        );
        Ok(())
    }
}

/// Copies every entry of `from`.
pub(super) fn copy(from: &Lists, to: &mut Lists) -> Result<(), EnforceError> {
    copy_but(from, to, &HashSet::new())
}

fn copy_but(from: &Lists, to: &mut Lists, gone: &HashSet<Place>) -> Result<(), EnforceError> {
    let failed = || EnforceError::kernel("copy the blocklist");
    for (place, entry) in from.all().map_err(failed())? {
        if !gone.contains(&place) {
            to.write(place, entry).map_err(failed())?;
        }
    }
    to.take_clipped(from);
    Ok(())
}
