//! The enforcer that speaks to the kernel.
//!
//! [`start`](KernelEnforcer::start) opens or makes the pinned maps, loads the program onto them,
//! and moves every link over to it. From then on the tables are changed in place.

mod account;
mod ahead;
mod attach;
mod bulk;
mod check;
mod clock;
mod cookie;
mod exempt;
mod generation;
mod lists;
mod options;
mod own;
mod pins;
mod program;
mod reconcile;
mod spread;
mod start;
mod sweep;
mod tables;

use std::fs::File;

use aegis_abi::{DetectConfig, config_flag, maps};
use aegis_core::{Change, Indicator, Timestamp};

pub use self::pins::mount_bpffs_if_missing;
pub(crate) use self::pins::{Pins, instances};
use self::{
    account::Account,
    ahead::Ahead,
    attach::{attach, attached_name, is_there, remove_stale_links},
    bulk::BULK_BLOCKS,
    clock::Ticks,
    exempt::Exemptions,
    lists::{Demand, Lists, Place},
    options::Options,
    own::Own,
    program::Programs,
    tables::Tables,
};
pub(crate) use self::{
    attach::{interface_index, remove_filter},
    clock::{TickClock, jiffies_in},
};
use crate::{
    Counters, Detectors, EnforceError, EventStream, InterfaceState, cookie::CookieTables,
    sys::KernelMap,
};

/// The pinned program and tables of one instance.
#[derive(Debug)]
pub(crate) struct KernelEnforcer {
    tables: Tables,
    account: Account,
    clock: TickClock,
    lists: Lists,
    /// Larger lists that will be wanted soon.
    ahead: Option<Ahead>,
    own: Own,
    exemptions: Exemptions,
    /// What the detectors are told, and where.
    detect: (DetectConfig, KernelMap),
    interfaces: Vec<InterfaceState>,
    /// Wall-clock time less ticks, as the ends of entries take it to be.
    offset_millis: i64,
    /// When blocks that end later than an entry can say were written last.
    renewed_at: Timestamp,
    /// Packets and dropped packets when last looked at.
    dropped: [u64; 2],
    pins: Pins,
    /// Held for as long as we live: two owners would undo each other's changes.
    _lock: File,
    programs: Option<Programs>,
    options: Options,
    /// The responder's maps; `None` where no loaded program answers.
    cookies: Option<CookieTables>,
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
        let was_live = self.remove(ticks, indicator)?;
        self.update_flags(ticks)?;
        Ok(was_live)
    }

    /// Applies every change. A large set of blocks is put in force at once, or, where it does not
    /// fit, refused whole; of a few blocks single ones are refused. Both are told at the end. What
    /// was written is read back.
    pub(crate) fn apply(&mut self, now: Timestamp, changes: &[Change]) -> Result<(), EnforceError> {
        let ticks = self.clock.read(now)?;
        // First: what is written now is right already, and must not be moved by the next sweep.
        self.mend(ticks)?;
        let exempted = self.apply_exemptions(changes);
        // Before any block: nobody is dropped who is exempt by the same changes.
        self.update_flags(ticks)?;
        exempted?;
        let blocks = changes.iter().filter_map(|it| match it {
            Change::Block { indicator, .. } => Some(indicator),
            Change::Unblock(_) | Change::Exempt { .. } | Change::Unexempt(_) => None,
        });
        let more = Demand::of(blocks);
        let result = if more.sum() >= BULK_BLOCKS {
            self.apply_at_once(ticks, changes, more)
        } else {
            self.apply_one_by_one(ticks, changes, more)
        };
        self.update_flags(ticks)?;
        self.look_ahead();
        result?;
        self.read_back(ticks, changes)
    }

    fn apply_exemptions(&mut self, changes: &[Change]) -> Result<(), EnforceError> {
        for change in changes {
            match *change {
                Change::Exempt {
                    indicator,
                    exemption,
                } => self.exempt(indicator, exemption)?,
                Change::Unexempt(indicator) => {
                    self.exemptions.remove(&self.tables, indicator)?;
                }
                Change::Block { .. } | Change::Unblock(_) => {}
            }
        }
        Ok(())
    }

    fn apply_one_by_one(
        &mut self,
        ticks: Ticks,
        changes: &[Change],
        more: Demand,
    ) -> Result<(), EnforceError> {
        if more.sum() > 0
            && !self.lists.has_room_for(more)
            && let Err(error) = self.make_room(ticks, more)
        {
            // Who is to be let go is let go, also where there is no memory for more.
            for indicator in changes.iter().filter_map(removed_indicator) {
                self.remove(ticks, *indicator)?;
            }
            return Err(error);
        }
        let mut refused = Refused::default();
        for change in changes {
            match *change {
                Change::Block {
                    indicator,
                    expires_at,
                } => refused.note(self.set(ticks, indicator, expires_at))?,
                Change::Unblock(indicator) => {
                    self.remove(ticks, indicator)?;
                }
                Change::Exempt { .. } | Change::Unexempt(_) => {}
            }
        }
        refused.into_result()
    }

    /// Takes out what is over, and grows where that is not enough.
    fn make_room(&mut self, ticks: Ticks, more: Demand) -> Result<(), EnforceError> {
        self.sweep_all(ticks)?;
        if self.lists.has_room_for(more) {
            return Ok(());
        }
        self.grow(ticks, more)
    }

    /// Puts larger lists in the place of the present ones.
    fn grow(&mut self, ticks: Ticks, more: Demand) -> Result<(), EnforceError> {
        self.replace(ticks, &[], self.larger(more))
    }

    fn set(
        &mut self,
        ticks: Ticks,
        indicator: Indicator,
        expires_at: Timestamp,
    ) -> Result<(), EnforceError> {
        if expires_at <= ticks.now {
            return self.remove(ticks, indicator).map(drop);
        }
        let one = Demand::of([&indicator].into_iter());
        let capacity = self.options.capacity;
        if capacity.check(self.lists.demand() + one).is_err() && !self.holds(indicator) {
            self.sweep_all(ticks)?;
            capacity.check(self.lists.demand() + one)?;
        }
        let block = Change::Block {
            indicator,
            expires_at,
        };
        match change_list(&mut self.lists, ticks, block) {
            // So many of one batch found no room in their buckets that the stash is full.
            Err(EnforceError::Kernel { source, .. })
                if source.raw_os_error() == Some(libc::E2BIG) =>
            {
                self.grow(ticks, one)?;
                change_list(&mut self.lists, ticks, block)
            }
            result => result,
        }
    }

    fn holds(&self, indicator: Indicator) -> bool {
        let place = Place::of(indicator);
        place.is_some_and(|it| matches!(self.lists.find(it), Ok(Some(_))))
    }

    /// Removes whatever blocks exactly `indicator`; returns whether anything live did.
    fn remove(&mut self, ticks: Ticks, indicator: Indicator) -> Result<bool, EnforceError> {
        let now = self.lists.expiry_now(ticks);
        let was_own_live = self.remove_own(indicator)? > ticks.jiffies;
        let Some(place) = Place::of(indicator) else {
            return Ok(was_own_live);
        };
        let removed = self.lists.remove(place);
        let removed = removed.map_err(EnforceError::kernel("remove a block"))?;
        Ok(was_own_live || removed.is_some_and(|it| it.expiry.is_after(now)))
    }

    /// Removes the kernel's own block; returns the jiffy at which it would have ended.
    fn remove_own(&mut self, indicator: Indicator) -> Result<u64, EnforceError> {
        let removed = self.own.remove(&self.tables, indicator);
        let removed = removed.map_err(EnforceError::kernel("remove a block"))?;
        Ok(removed.map_or(0, |it| it.deadline))
    }

    pub(crate) fn counters(&self) -> Result<Counters, EnforceError> {
        let counted = self.account.sum();
        let counted = counted.map_err(EnforceError::kernel("read the counters"))?;
        Ok(Counters::of_reasons(counted))
    }

    pub(crate) fn interfaces(&self) -> &[InterfaceState] {
        &self.interfaces
    }

    /// Attaches to each interface that came back since under its name, or from which somebody took
    /// our program, and learns the new names of those that were renamed, which stay defended;
    /// returns whether anything is different.
    pub(crate) fn reattach(&mut self) -> Result<bool, EnforceError> {
        let ours = self.program_ids();
        let Some(programs) = &mut self.programs else {
            return Ok(false);
        };
        let mut is_changed = false;
        let mut gone = Vec::new();
        for state in &mut self.interfaces {
            match attached_name(&self.pins, state, &ours) {
                Some(name) if name != state.name => {
                    state.name = name;
                    is_changed = true;
                }
                Some(_) => {}
                None => gone.push(state.index),
            }
        }
        let wanted = &self.options.interfaces;
        let missing = wanted.iter().filter(|name| {
            let is_it = |it: &InterfaceState| it.name == **name && !gone.contains(&it.index);
            !self.interfaces.iter().any(is_it) && is_there(name)
        });
        let missing: Vec<String> = missing.cloned().collect();
        for name in missing {
            let state = attach(programs, &self.pins, &name, self.options.mode)?;
            self.interfaces.retain(|it| {
                let is_gone = gone.contains(&it.index);
                it.index != state.index && !(is_gone && it.name == name)
            });
            self.interfaces.push(state);
            is_changed = true;
        }
        let before = self.interfaces.len();
        // One that was renamed and then went away comes back under a name that nobody wants.
        self.interfaces
            .retain(|it| !gone.contains(&it.index) || wanted.contains(&it.name));
        is_changed |= self.interfaces.len() != before;
        if is_changed {
            remove_stale_links(&self.pins, &self.interfaces)?;
        }
        Ok(is_changed)
    }

    pub(crate) fn map_ids(&self) -> Vec<(&'static str, u32)> {
        let ids = self.tables.ids().iter().chain(self.lists.ids());
        ids.copied().collect()
    }

    pub(crate) fn events(&self) -> Result<EventStream, EnforceError> {
        let ring = tables::open_ring(&self.pins.path(maps::EVENTS))?;
        let clock = self.clock.try_clone();
        EventStream::kernel(ring, clock.map_err(EnforceError::kernel("open the clock"))?)
    }

    pub(crate) fn set_detectors(&mut self, detectors: &Detectors) -> Result<(), EnforceError> {
        let (told, map) = &mut self.detect;
        *told = detectors.to_kernel(told, self.clock.hz(), self.tables.cpus());
        map.set(&0_u32, told)
            .map_err(EnforceError::kernel("configure the detectors"))?;
        let flags = &mut self.lists.config.flags;
        if *flags & config_flag::DETECT != 0 {
            // What they blocked stays blocked when they are switched off, and just now as well.
            set_flag(flags, config_flag::OWN, true);
        }
        for (flag, is_set) in detectors.flags() {
            set_flag(flags, flag, is_set);
        }
        // After the detectors' own configuration: who meets this epoch meets all of that.
        *flags = config_flag::with_epoch(*flags, told.epoch);
        self.tell_config()
    }

    pub(crate) fn set_observe(&mut self, is_observing: bool) -> Result<(), EnforceError> {
        let config = &mut self.lists.config;
        config.enforce_until = 0;
        set_flag(&mut config.flags, config_flag::OBSERVE, is_observing);
        self.tell_config()
    }

    /// Drops until then and observes from then on, whether or not anybody is there to say so.
    pub(crate) fn enforce_until(
        &mut self,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<(), EnforceError> {
        let deadline = self.clock.read(now)?.deadline(until);
        let config = &mut self.lists.config;
        config.enforce_until = deadline;
        set_flag(&mut config.flags, config_flag::OBSERVE, true);
        self.tell_config()
    }

    pub(crate) fn is_observing(&self) -> bool {
        let config = &self.lists.config;
        config.flags & config_flag::OBSERVE != 0 && config.enforce_until == 0
    }

    fn exempt(
        &mut self,
        indicator: Indicator,
        exemption: aegis_core::Exemption,
    ) -> Result<(), EnforceError> {
        self.exemptions
            .add(&self.tables, self.lists.gate(), indicator, exemption)
    }

    /// Tells the program which tables are worth a look, where that changed.
    fn update_flags(&mut self, ticks: Ticks) -> Result<(), EnforceError> {
        self.exemptions.write(&mut self.lists.config);
        self.note_own();
        self.write_config(ticks)
    }

    /// Lets the program look for what it blocked by itself, where that may be anything: what it has
    /// blocked since it was loaded it knows without being told.
    pub(super) fn note_own(&mut self) {
        let has_own = self.own.is_any(&self.tables);
        set_flag(&mut self.lists.config.flags, config_flag::OWN, has_own);
    }

    fn tell_config(&mut self) -> Result<(), EnforceError> {
        self.lists
            .tell_config()
            .map_err(EnforceError::kernel("write the configuration"))
    }

    fn write_config(&mut self, ticks: Ticks) -> Result<(), EnforceError> {
        self.lists
            .write_config(ticks)
            .map_err(EnforceError::kernel("write the configuration"))
    }
}

/// Makes one change to a list, where it is one.
fn change_list(lists: &mut Lists, ticks: Ticks, change: Change) -> Result<(), EnforceError> {
    match change {
        Change::Block {
            indicator,
            expires_at,
        } if expires_at > ticks.now => {
            let set = lists.set(ticks, indicator, expires_at);
            if set.map_err(EnforceError::kernel("write a block"))? {
                Ok(())
            } else {
                Err(EnforceError::TooWide { indicator })
            }
        }
        // A block that is over ends the one that stands.
        Change::Block { indicator, .. } | Change::Unblock(indicator) => {
            match Place::of(indicator) {
                Some(place) => {
                    let removed = lists.remove(place);
                    removed
                        .map(drop)
                        .map_err(EnforceError::kernel("remove a block"))
                }
                None => Ok(()),
            }
        }
        Change::Exempt { .. } | Change::Unexempt(_) => Ok(()),
    }
}

fn removed_indicator(change: &Change) -> Option<&Indicator> {
    match change {
        Change::Unblock(indicator) => Some(indicator),
        Change::Block { .. } | Change::Exempt { .. } | Change::Unexempt(_) => None,
    }
}

/// How many entries found no room, and in which table first; and the first that is too wide.
#[derive(Default)]
struct Refused {
    first: Option<(&'static str, u32)>,
    count: usize,
    too_wide: Option<Indicator>,
}

impl Refused {
    /// Remembers what a table cannot take and lets the rest go on; every other error ends it.
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
            Err(EnforceError::TooWide { indicator }) => {
                self.too_wide.get_or_insert(indicator);
                Ok(())
            }
            other => other,
        }
    }

    fn into_result(self) -> Result<(), EnforceError> {
        let Some((table, capacity)) = self.first else {
            let too_wide = self.too_wide;
            return too_wide.map_or(Ok(()), |indicator| Err(EnforceError::TooWide { indicator }));
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
