//! A large set of blocks that comes into force in place and at once.
//!
//! Entries are written such that they do not count, one word of the configuration shows all of
//! them, and then each is made like any other. A packet meets the lists without any of them or
//! with all of them.
//!
//! Whoever is cut short leaves staged entries behind. Whether they were shown stands in the
//! configuration that is pinned, which is therefore told first; the next owner acts by it.

use std::io;

use aegis_abi::{
    config_flag,
    table::{End, Now, StashEntry, StashKey},
};
use aegis_core::{Change, Indicator, Timestamp};

use super::{
    Demand, Lists, Place,
    buckets::{Staged, settle_stashed, stage_stashed},
    place::place_of_code,
};
use crate::kernel::{clock::Ticks, set_flag};

/// What is staged, table by table.
#[derive(Debug, Default)]
struct StagedLists {
    hosts_v4: Staged,
    nets_v6: Staged,
    prefixes: Staged,
    /// What lies in the stash: longer IPv6 prefixes.
    longer: Staged,
}

/// Entries to be staged, table by table.
#[derive(Default)]
struct Entries {
    hosts_v4: Vec<(u32, End)>,
    nets_v6: Vec<(u64, End)>,
    prefixes_v4: Vec<(u64, End)>,
    prefixes_v6: Vec<(u64, End)>,
    longer: Vec<(StashKey, End)>,
    /// Blocks that end later than an entry can say.
    clipped: Vec<(Indicator, Timestamp)>,
}

impl Lists {
    /// Puts the blocks among `changes` in force at once; where that fails none of them is. They are
    /// `more`, no wider than the tables hold, and there is room for them.
    pub(in crate::kernel) fn set_at_once(
        &mut self,
        ticks: Ticks,
        changes: &[Change],
        more: Demand,
    ) -> io::Result<()> {
        let entries = self.entries_of(ticks, changes, more);
        let mut staged = StagedLists::default();
        let shown = self
            .stage(ticks, &entries, &mut staged)
            // What is listed now must be looked at before anything shows.
            .and_then(|()| self.write_config(ticks))
            .and_then(|()| self.show_staged(true));
        if let Err(error) = shown {
            self.show_staged(false)?;
            self.discard(&staged)?;
            return Err(error);
        }
        self.settle(&staged)?;
        self.show_staged(false)?;
        if !self.clipped.is_empty() {
            for (indicator, _) in blocks(changes) {
                self.clipped.remove(&indicator);
            }
        }
        self.clipped.extend(entries.clipped);
        Ok(())
    }

    /// Finishes or undoes what an owner that was cut short left staged; `stashed` is all of the
    /// stash.
    pub(super) fn settle_left(&mut self, stashed: &[(StashKey, StashEntry)]) -> io::Result<()> {
        let left = stashed
            .iter()
            .filter(|it| End::from_bits(it.1.end).is_staged());
        let staged = StagedLists {
            hosts_v4: self.hosts_v4.left_staged(),
            nets_v6: self.nets_v6.left_staged(),
            prefixes: self.prefixes.left_staged(),
            longer: Staged::in_stash(left.map(|it| it.0).collect()),
        };
        let was_shown = self.config.flags & config_flag::SHOW_STAGED != 0;
        set_flag(&mut self.config.flags, config_flag::SHOW_STAGED, false);
        if was_shown {
            self.settle(&staged)
        } else {
            self.discard(&staged)
        }
    }

    fn entries_of(&self, ticks: Ticks, changes: &[Change], more: Demand) -> Entries {
        let mut entries = Entries {
            hosts_v4: Vec::with_capacity(more.hosts_v4),
            nets_v6: Vec::with_capacity(more.nets_v6),
            ..Entries::default()
        };
        // Many blocks end at once: that is worked out once for them.
        let mut last = None;
        for (indicator, expires_at) in blocks(changes) {
            let (end, is_clipped) = match last {
                Some((at, end)) if at == expires_at => end,
                Some(_) | None => {
                    let (expiry, is_clipped) = self.expiry(ticks, expires_at);
                    (End::new(expiry), is_clipped)
                }
            };
            last = Some((expires_at, (end, is_clipped)));
            if is_clipped {
                entries.clipped.push((indicator, expires_at));
            }
            match Place::of(indicator) {
                Some(Place::HostV4(key)) => entries.hosts_v4.push((key, end)),
                Some(Place::NetV6(key)) => entries.nets_v6.push((key, end)),
                Some(Place::PrefixV4(key)) => entries.prefixes_v4.push((key, end)),
                Some(Place::PrefixV6(key)) => entries.prefixes_v6.push((key, end)),
                Some(Place::Longer(key)) => entries.longer.push((key, end)),
                None => {}
            }
        }
        entries
    }

    fn stage(
        &mut self,
        ticks: Ticks,
        entries: &Entries,
        staged: &mut StagedLists,
    ) -> io::Result<()> {
        let now = Now::new(ticks.jiffies >> self.config.expiry_shift);
        let stash = &mut self.stash;
        let hosts = (StashKey::KIND_HOST_V4, now);
        self.hosts_v4
            .stage(stash, hosts, &entries.hosts_v4, &mut staged.hosts_v4)?;
        let nets = (StashKey::KIND_NET_V6, now);
        self.nets_v6
            .stage(stash, nets, &entries.nets_v6, &mut staged.nets_v6)?;
        for (family, kind, slots) in [
            (0, StashKey::KIND_PREFIX_V4, &entries.prefixes_v4),
            (1, StashKey::KIND_PREFIX_V6, &entries.prefixes_v6),
        ] {
            let before = self.prefixes.len();
            let result = self
                .prefixes
                .stage(stash, (kind, now), slots, &mut staged.prefixes);
            self.prefix_counts[family] += self.prefixes.len() - before;
            result?;
            let prefixes = slots.iter().filter_map(|it| place_of_code(it.0).prefix());
            prefixes.for_each(|it| self.gate.open(it));
        }
        for &(key, end) in &entries.longer {
            self.stage_longer((key, end), now, &mut staged.longer)?;
        }
        Ok(())
    }

    fn stage_longer(
        &mut self,
        (key, end): (StashKey, End),
        now: Now,
        staged: &mut Staged,
    ) -> io::Result<()> {
        if let Some(before) = self.stash.get::<StashKey, StashEntry>(&key)? {
            return stage_stashed(&mut self.stash, now, (key, before), end, staged);
        }
        let entry = StashEntry {
            end: end.staged().bits(),
            ..StashEntry::default()
        };
        self.stash.set(&key, &entry)?;
        staged.add_stashed(key);
        self.longer_counts[key.kind.trailing_zeros() as usize] += 1;
        self.nets_v6.let_through(key.key);
        Ok(())
    }

    /// Makes what was shown like any other entry.
    fn settle(&mut self, staged: &StagedLists) -> io::Result<()> {
        let stash = &mut self.stash;
        self.hosts_v4.settle(stash, &staged.hosts_v4)?;
        self.nets_v6.settle(stash, &staged.nets_v6)?;
        self.prefixes.settle(stash, &staged.prefixes)?;
        settle_stashed(stash, staged.longer.stashed())
    }

    /// Takes out what was not shown.
    fn discard(&mut self, staged: &StagedLists) -> io::Result<()> {
        let hosts = self.hosts_v4.staged_keys(&staged.hosts_v4);
        let nets = self.nets_v6.staged_keys(&staged.nets_v6);
        let codes = self.prefixes.staged_keys(&staged.prefixes);
        let mut places: Vec<Place> = hosts.into_iter().map(Place::HostV4).collect();
        places.extend(nets.into_iter().map(Place::NetV6));
        places.extend(codes.into_iter().map(place_of_code));
        for part in [
            &staged.hosts_v4,
            &staged.nets_v6,
            &staged.prefixes,
            &staged.longer,
        ] {
            places.extend(
                part.stashed()
                    .iter()
                    .filter_map(|it| Place::of_stashed(*it)),
            );
        }
        for place in places {
            self.remove(place)?;
        }
        Ok(())
    }

    /// Says whether staged entries count: first where the next owner finds it, then to the program.
    fn show_staged(&mut self, is_shown: bool) -> io::Result<()> {
        set_flag(&mut self.config.flags, config_flag::SHOW_STAGED, is_shown);
        self.config_map.set(&0_u32, &self.config)?;
        if let Some(settings) = &self.settings {
            settings.set(&0_u32, &self.config)?;
        }
        self.written = self.config;
        Ok(())
    }
}

fn blocks(changes: &[Change]) -> impl Iterator<Item = (Indicator, Timestamp)> {
    changes.iter().filter_map(|it| match *it {
        Change::Block {
            indicator,
            expires_at,
        } => Some((indicator, expires_at)),
        Change::Unblock(_) | Change::Exempt { .. } | Change::Unexempt(_) => None,
    })
}
