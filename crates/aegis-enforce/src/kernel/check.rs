//! Asking the kernel what is in force: what was just written after each change, all of it now and
//! then. Read from the memory that the program reads, and from the links themselves.

use std::{collections::HashSet, io};

use aegis_core::{Change, Indicator, Ruleset, Timestamp};

use super::{
    KernelEnforcer,
    attach::{attached_name, interface_index},
    clock::Ticks,
    exempt::all_exemptions,
    lists::{Demand, Entry, Place},
};
use crate::{EnforceError, Enforcement, InterfaceState};

/// So many entries are read back after a change: the rest of a longer one is left to the whole
/// comparison, so that asking never costs more than writing did.
const READ_BACK_MAX: usize = 4096;

/// An end may be so many units from where it should be: one is lost in rounding it up, one in
/// what the clocks went apart since.
const TOLERANCE_UNITS: u32 = 2;

/// What became of one block that is to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    Right,
    Misdated,
    Missing,
    /// It is about to end, and may be gone or not.
    Ending {
        is_there: bool,
    },
}

impl KernelEnforcer {
    /// Compares everything that is in force with `ruleset`. Blocks that the kernel's own detectors
    /// made are not part of it: they end by themselves.
    pub(crate) fn enforcement(
        &self,
        now: Timestamp,
        ruleset: &Ruleset,
    ) -> Result<Enforcement, EnforceError> {
        let ticks = self.clock.read(now)?;
        let compare = || -> io::Result<Enforcement> {
            let mut found = Enforcement::new(now);
            let mut known = 0;
            let tolerance = self.drift_units(ticks) + TOLERANCE_UNITS;
            for (&indicator, &expires_at) in ruleset.blocks() {
                let state = self.state_of((ticks, tolerance), indicator, expires_at)?;
                let is_there = match state {
                    State::Right | State::Misdated => true,
                    State::Missing => false,
                    State::Ending { is_there } => is_there,
                };
                found.intended += usize::from(is_there || state == State::Missing);
                known += usize::from(is_there);
                found.missing += usize::from(state == State::Missing);
                found.misdated += usize::from(state == State::Misdated);
            }
            let moment = self.lists.expiry_now(ticks);
            let all = self.lists.all()?;
            let live = all.iter().filter(|it| it.1.expiry.is_after(moment));
            found.actual = live.count();
            found.surplus = found.actual.saturating_sub(known);
            found.others_differing = self.differing_exemptions(ruleset)?;
            found.taken_off = self.taken_off();
            Ok(found)
        };
        compare().map_err(EnforceError::kernel("read the blocklist back"))
    }

    /// Makes another generation of exactly the blocks of `ruleset`, with the counters that are still
    /// there: whatever was done to the present one, nothing of it is relied on.
    pub(crate) fn restore(
        &mut self,
        now: Timestamp,
        ruleset: &Ruleset,
    ) -> Result<(), EnforceError> {
        let ticks = self.clock.read(now)?;
        let demand = Demand::of(ruleset.blocks().keys());
        if self.options.capacity.check(demand).is_ok() {
            let wanted = ruleset.blocks();
            let live = wanted.iter();
            let live = live.filter(|it| *it.1 > now && Place::of(*it.0).is_some());
            let mut changes: Vec<Change> = live
                .map(|(&indicator, &expires_at)| Change::Block {
                    indicator,
                    expires_at,
                })
                .collect();
            let all = self.lists.all();
            let all = all.map_err(EnforceError::kernel("read the blocklist"))?;
            let unwanted = all.iter().filter_map(|it| it.0.indicator());
            let unwanted = unwanted.filter(|it| !wanted.contains_key(it));
            changes.extend(unwanted.map(Change::Unblock));
            self.replace(ticks, &changes, demand)?;
        }
        self.reconcile(now, ruleset).map(drop)
    }

    /// Returns the interfaces that are where they were while our program does not sit on them, or
    /// sits there with other lists.
    pub(crate) fn taken_off(&self) -> Vec<String> {
        let ours = self.program_ids();
        let is_same =
            |it: &&InterfaceState| interface_index(&it.name).is_ok_and(|index| index == it.index);
        let there = self.interfaces.iter().filter(is_same);
        let off = there.filter(|it| attached_name(&self.pins, it, &ours).is_none());
        off.map(|it| it.name.clone()).collect()
    }

    /// Asks for the entries that `changes` touched last.
    pub(super) fn read_back(&self, ticks: Ticks, changes: &[Change]) -> Result<(), EnforceError> {
        let mut seen = HashSet::with_capacity(changes.len().min(READ_BACK_MAX));
        let tolerance = self.drift_units(ticks) + TOLERANCE_UNITS;
        let [mut intended, mut actual, mut surplus] = [0; 3];
        for change in changes.iter().rev() {
            let (indicator, expires_at) = match *change {
                Change::Block {
                    indicator,
                    expires_at,
                } => (indicator, Some(expires_at)),
                Change::Unblock(indicator) => (indicator, None),
                Change::Exempt { .. } | Change::Unexempt(_) => continue,
            };
            if seen.len() >= READ_BACK_MAX {
                break;
            }
            if !seen.insert(indicator) {
                continue;
            }
            let failed = EnforceError::kernel("read a block back");
            match expires_at.filter(|it| *it > ticks.now) {
                Some(expires_at) => {
                    let state = self.state_of((ticks, tolerance), indicator, expires_at);
                    intended += 1;
                    match state.map_err(failed)? {
                        State::Right | State::Ending { .. } => actual += 1,
                        State::Misdated | State::Missing => {}
                    }
                }
                None => {
                    let entry = self.entry_of(indicator).map_err(failed)?;
                    surplus += usize::from(entry.is_some());
                }
            }
        }
        if actual == intended && surplus == 0 {
            return Ok(());
        }
        Err(EnforceError::Mismatch {
            intended,
            actual,
            surplus,
            rules_missing: 0,
        })
    }

    /// Returns the kernel's numbers of the programs that read the lists which we write.
    pub(super) fn program_ids(&self) -> Vec<u32> {
        let programs = self.programs.as_ref();
        let ids = programs.map(|it| it.readers_of(self.lists.hosts_v4_id()));
        ids.unwrap_or_default()
    }

    fn entry_of(&self, indicator: Indicator) -> io::Result<Option<Entry>> {
        match Place::of(indicator) {
            Some(place) => self.lists.find(place),
            None => Ok(None),
        }
    }

    fn state_of(
        &self,
        (ticks, tolerance): (Ticks, u32),
        indicator: Indicator,
        expires_at: Timestamp,
    ) -> io::Result<State> {
        let now = self.lists.expiry_now(ticks);
        let entry = self.entry_of(indicator)?;
        let ahead = entry.map_or(0, |it| it.expiry.ahead_of(now));
        let (wanted, _) = self.lists.expiry(ticks, expires_at);
        let wanted = wanted.ahead_of(now);
        let is_there = ahead > 0;
        Ok(if wanted <= tolerance {
            State::Ending { is_there }
        } else if !is_there || !self.lists.lets_through(indicator) {
            State::Missing
        } else if ahead.abs_diff(wanted) <= tolerance || self.lists.is_clipped(indicator) {
            State::Right
        } else {
            State::Misdated
        })
    }

    /// Returns by how many units the clocks went apart since the ends were mended last.
    fn drift_units(&self, ticks: Ticks) -> u32 {
        let unit = super::clock::duration_of(1 << self.lists.config.expiry_shift, ticks.hz);
        let drift = (ticks.offset_millis() - self.offset_millis).unsigned_abs();
        let units = drift.div_ceil((unit.as_millis() as u64).max(1));
        u32::try_from(units).unwrap_or(u32::MAX / 2)
    }

    /// Returns how many exemptions lack, are of another kind, or are nobody's.
    fn differing_exemptions(&self, ruleset: &Ruleset) -> io::Result<usize> {
        let present = all_exemptions(&self.tables)?;
        let wanted = ruleset.exemptions();
        let is_wanted =
            |(indicator, exemption): &&(Indicator, _)| wanted.get(indicator) == Some(exemption);
        let right = present.iter().filter(is_wanted).count();
        let known = present.iter().filter(|it| wanted.contains_key(&it.0));
        Ok(wanted.len() - right + present.len() - known.count())
    }
}
