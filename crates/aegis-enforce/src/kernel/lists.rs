//! What user space blocked: the writer of one generation of lists.
//!
//! A generation is a set of maps of fitting sizes that a program was loaded onto. Small changes are
//! written into it in place, seen by the next packet; a large one, or one that does not fit, makes
//! another generation, which takes over all at once.

mod buckets;
mod check;
mod end;
mod gate;
mod place;
mod size;
mod stage;
mod void;

use std::{collections::BTreeMap, io, net::IpAddr};

use aegis_abi::{
    ABI_VERSION, Config, config_flag, maps,
    table::{Bucket32, Bucket64, End, Expiry, HashKey, Slot, StashEntry, StashKey},
};
use aegis_core::{Indicator, Timestamp};

use self::{buckets::BucketTable, place::place_of_code};
pub(super) use self::{
    gate::Gate,
    place::{Kind, Place, halves},
    size::{Demand, Sizes},
};
use super::{clock::Ticks, pins::Pins, set_flag};
use crate::sys::{KernelMap, SharedMemory, map_id, open_pin};

/// An entry as user space sees it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Entry {
    pub(super) expiry: Expiry,
    pub(super) packets: u64,
    pub(super) bytes: u64,
}

/// The lists of one generation.
#[derive(Debug)]
pub(super) struct Lists {
    pub(super) config: Config,
    /// What the program was told last.
    written: Config,
    config_map: KernelMap,
    /// Where the program reads it; none before there is a program.
    settings: Option<KernelMap>,
    stash: KernelMap,
    hosts_v4: BucketTable<Bucket32>,
    nets_v6: BucketTable<Bucket64>,
    prefixes: BucketTable<Bucket64>,
    gate: Gate,
    sizes: Sizes,
    /// Prefixes of each family: IPv4 and IPv6.
    prefix_counts: [usize; 2],
    /// How many entries longer than /64 there are of each length, from /65 on.
    longer_counts: [usize; 64],
    /// Blocks that end later than an entry can say: written again now and then.
    clipped: BTreeMap<Indicator, Timestamp>,
    ids: Vec<(&'static str, u32)>,
}

impl Lists {
    /// Opens the maps of a generation, pinned as `prefix` and their names, with what is in them.
    pub(super) fn open(pins: &Pins, prefix: &str) -> io::Result<Self> {
        let path = |name: &str| pins.path(&format!("{prefix}{name}"));
        let open = |name: &str| open_pin(&path(name)).and_then(KernelMap::new);
        let config_map = open(maps::CONFIG)?;
        let config: Config = config_map.get(&0_u32)?.unwrap_or_default();
        if config.abi_version != ABI_VERSION {
            // Of another layout: nothing in it is read, let alone written.
            return Err(io::Error::from(io::ErrorKind::InvalidData));
        }
        let hash_key = HashKey {
            add: config.hash_add,
            multiply: config.hash_multiply,
        };
        let stash = open(maps::STASH)?;
        let stashed = stash.entries::<StashKey, StashEntry>()?;
        let count = |kinds: [u64; 2]| {
            let is_kind = |it: &&(StashKey, StashEntry)| kinds.contains(&it.0.kind);
            stashed.iter().filter(is_kind).count()
        };
        let sizes = Sizes::of(&config, stash.capacity());
        let prefix_kinds = [StashKey::KIND_PREFIX_V4, StashKey::KIND_PREFIX_V6];
        let hosts = count([StashKey::KIND_HOST_V4; 2]);
        let nets = count([StashKey::KIND_NET_V6; 2]);
        let words = |name| open(name).and_then(|it| SharedMemory::<u64>::map(&it));
        let hosts_v4 = SharedMemory::map(&open(maps::HOSTS_V4)?)?;
        let nets_v6 = SharedMemory::map(&open(maps::NETS_V6)?)?;
        let prefixes = SharedMemory::map(&open(maps::PREFIXES)?)?;
        let filter_prefix = words(maps::FILTER_PREFIX)?;
        let filter_v4 = words(maps::FILTER_V4)?;
        let filter_v6 = words(maps::FILTER_V6)?;
        let found = [
            [hosts_v4.count(), filter_v4.count()],
            [nets_v6.count(), filter_v6.count()],
            [prefixes.count(), filter_prefix.count()],
        ];
        if !sizes.are(found) {
            // Of two generations, because whoever put one in the other's place was cut short.
            return Err(io::Error::from(io::ErrorKind::InvalidData));
        }
        let prefix_count = count(prefix_kinds);
        let mut lists = Self {
            hosts_v4: BucketTable::open(hosts_v4, filter_v4, hash_key, hosts),
            nets_v6: BucketTable::open(nets_v6, filter_v6, hash_key, nets),
            prefixes: BucketTable::open(prefixes, filter_prefix, hash_key, prefix_count),
            gate: Gate::new(words(maps::GATE)?, config.hash_multiply),
            config,
            written: config,
            config_map,
            settings: None,
            stash,
            sizes,
            prefix_counts: [0; 2],
            longer_counts: [0; 64],
            clipped: BTreeMap::new(),
            ids: Vec::new(),
        };
        for name in maps::GENERATION {
            lists.ids.push((name, map_id(open_pin(&path(name))?)?));
        }
        lists.count_kinds(&stashed);
        lists.settle_left(&stashed)?;
        Ok(lists)
    }

    fn count_kinds(&mut self, stashed: &[(StashKey, StashEntry)]) {
        let mut counts = [0; 2];
        self.prefixes.each(|_, _, entry| {
            counts[usize::from(place_of_code(entry.key).is_v6_prefix())] += 1;
        });
        for (key, _) in stashed {
            match Place::of_stashed(*key) {
                Some(Place::Longer(key)) => {
                    self.longer_counts[key.kind.trailing_zeros() as usize] += 1;
                }
                Some(place @ (Place::PrefixV4(_) | Place::PrefixV6(_))) => {
                    counts[usize::from(place.is_v6_prefix())] += 1;
                }
                Some(Place::HostV4(_) | Place::NetV6(_)) | None => {}
            }
        }
        self.prefix_counts = counts;
    }

    /// Returns how much the lists hold of each kind, live or over.
    pub(super) fn demand(&self) -> Demand {
        Demand {
            hosts_v4: self.hosts_v4.len(),
            nets_v6: self.nets_v6.len(),
            prefixes_v4: self.prefix_counts[0],
            prefixes_v6: self.prefix_counts[1],
            longer: self.longer_counts.iter().sum(),
        }
    }

    /// Returns how much each kind was made for.
    pub(super) fn sizes(&self) -> Sizes {
        self.sizes
    }

    /// Returns whether so many more entries fit without another generation.
    pub(super) fn has_room_for(&self, more: Demand) -> bool {
        let stashed = self.hosts_v4.stashed() + self.nets_v6.stashed() + self.prefixes.stashed();
        self.sizes.has_room(self.demand() + more, stashed)
    }

    /// Sets when the entry of `indicator` ends, whatever it said; its counters stay. Makes it where
    /// there is none. `false` where the tables cannot hold a prefix this wide.
    pub(super) fn set(
        &mut self,
        ticks: Ticks,
        indicator: Indicator,
        expires_at: Timestamp,
    ) -> io::Result<bool> {
        let Some(place) = Place::of(indicator) else {
            return Ok(false);
        };
        let (expiry, is_clipped) = self.expiry(ticks, expires_at);
        if is_clipped {
            self.clipped.insert(indicator, expires_at);
        } else if !self.clipped.is_empty() {
            self.clipped.remove(&indicator);
        }
        let entry = Entry {
            expiry,
            packets: 0,
            bytes: 0,
        };
        self.write(place, entry)?;
        Ok(true)
    }

    /// Writes an entry: its end where it is there, all of it where not.
    pub(super) fn write(&mut self, place: Place, entry: Entry) -> io::Result<()> {
        let size = u16::try_from(entry.bytes.checked_div(entry.packets).unwrap_or(0));
        let size = size.unwrap_or(u16::MAX);
        let before = self.prefixes.len();
        match place {
            Place::HostV4(key) => {
                let slot = entry.slot(key, size);
                self.hosts_v4
                    .set(&mut self.stash, StashKey::KIND_HOST_V4, slot)
            }
            Place::NetV6(key) => {
                let slot = entry.slot(key, size);
                self.nets_v6
                    .set(&mut self.stash, StashKey::KIND_NET_V6, slot)
            }
            Place::PrefixV4(key) | Place::PrefixV6(key) => {
                let slot = entry.slot(key, size);
                self.prefixes.set(&mut self.stash, place.kind(), slot)?;
                if self.prefixes.len() > before {
                    self.prefix_counts[usize::from(place.is_v6_prefix())] += 1;
                    place.prefix().into_iter().for_each(|it| self.gate.open(it));
                }
                Ok(())
            }
            Place::Longer(key) => self.write_longer(key, entry),
        }
    }

    fn write_longer(&mut self, key: StashKey, entry: Entry) -> io::Result<()> {
        let before = self.stash.get::<StashKey, StashEntry>(&key)?;
        let entry = match before {
            Some(before) => StashEntry {
                end: End::new(entry.expiry).bits(),
                ..before
            },
            None => StashEntry {
                end: End::new(entry.expiry).bits(),
                reserved: 0,
                packets: entry.packets,
                bytes: entry.bytes,
            },
        };
        self.stash.set(&key, &entry)?;
        if before.is_none() {
            self.longer_counts[key.kind.trailing_zeros() as usize] += 1;
            self.nets_v6.let_through(key.key);
        }
        Ok(())
    }

    /// Removes what lies at `place`; returns it.
    pub(super) fn remove(&mut self, place: Place) -> io::Result<Option<Entry>> {
        if !self.clipped.is_empty() {
            place.indicator().map(|it| self.clipped.remove(&it));
        }
        let stash = &mut self.stash;
        Ok(match place {
            Place::HostV4(key) => {
                let removed = self.hosts_v4.remove(stash, StashKey::KIND_HOST_V4, key)?;
                removed.map(Entry::of)
            }
            Place::NetV6(key) => {
                let removed = self.nets_v6.remove(stash, StashKey::KIND_NET_V6, key)?;
                removed.map(Entry::of)
            }
            Place::PrefixV4(key) | Place::PrefixV6(key) => {
                let removed = self.prefixes.remove(stash, place.kind(), key)?;
                if removed.is_some() {
                    self.prefix_counts[usize::from(place.is_v6_prefix())] -= 1;
                    self.gate.note_stale();
                }
                removed.map(Entry::of)
            }
            Place::Longer(key) => {
                let entry = stash.get::<StashKey, StashEntry>(&key)?;
                if entry.is_some() {
                    stash.remove(&key)?;
                    self.longer_counts[key.kind.trailing_zeros() as usize] -= 1;
                    self.nets_v6.note_stale();
                }
                entry.map(Entry::of_stashed)
            }
        })
    }

    /// Returns the entry of exactly this place.
    pub(super) fn find(&self, place: Place) -> io::Result<Option<Entry>> {
        let stash = &self.stash;
        Ok(match place {
            Place::HostV4(key) => {
                let found = self.hosts_v4.get(stash, StashKey::KIND_HOST_V4, key)?;
                found.map(Entry::of)
            }
            Place::NetV6(key) => {
                let found = self.nets_v6.get(stash, StashKey::KIND_NET_V6, key)?;
                found.map(Entry::of)
            }
            Place::PrefixV4(key) | Place::PrefixV6(key) => {
                let found = self.prefixes.get(stash, place.kind(), key)?;
                found.map(Entry::of)
            }
            Place::Longer(key) => stash.get(&key)?.map(Entry::of_stashed),
        })
    }

    /// Returns whether some live entry covers all of `indicator`.
    pub(super) fn is_blocked(&self, ticks: Ticks, indicator: Indicator) -> io::Result<bool> {
        let now = self.expiry_now(ticks);
        let widest: u8 = match indicator.address() {
            IpAddr::V4(_) => 8,
            IpAddr::V6(_) => 16,
        };
        for length in widest..=indicator.prefix_len() {
            let covering = Indicator::prefix(indicator.address(), length).and_then(Place::of);
            let Some(place) = covering else { continue };
            if self.find(place)?.is_some_and(|it| it.expiry.is_after(now)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Returns every entry, live or over.
    pub(super) fn all(&self) -> io::Result<Vec<(Place, Entry)>> {
        let mut all = Vec::with_capacity(self.demand().sum());
        self.hosts_v4
            .each(|_, _, it| all.push((Place::HostV4(it.key), Entry::of(it))));
        self.nets_v6
            .each(|_, _, it| all.push((Place::NetV6(it.key), Entry::of(it))));
        self.prefixes
            .each(|_, _, it| all.push((place_of_code(it.key), Entry::of(it))));
        for (key, entry) in self.stash.entries::<StashKey, StashEntry>()? {
            all.extend(Place::of_stashed(key).map(|it| (it, Entry::of_stashed(entry))));
        }
        Ok(all)
    }

    /// Returns when a block until `expires_at` ends, and whether that is sooner than asked for.
    pub(super) fn expiry(&self, ticks: Ticks, expires_at: Timestamp) -> (Expiry, bool) {
        let shift = self.config.expiry_shift;
        let units = ticks.deadline(expires_at).div_ceil(1 << shift);
        end::end_at(units, ticks.jiffies >> shift)
    }

    /// Returns the moment that entries are compared with.
    pub(super) fn expiry_now(&self, ticks: Ticks) -> Expiry {
        Expiry::new(ticks.jiffies >> self.config.expiry_shift)
    }

    /// Returns when an entry ends.
    pub(super) fn expires_at(&self, ticks: Ticks, expiry: Expiry) -> Timestamp {
        let shift = self.config.expiry_shift;
        let now = ticks.jiffies >> shift;
        let ahead = u64::from(expiry.ahead_of(Expiry::new(now)));
        ticks.timestamp((now + ahead) << shift)
    }

    /// Moves every entry's end by so many units; for when the host slept.
    pub(super) fn shift_all(&mut self, ticks: Ticks, units: i64) -> io::Result<()> {
        let now = ticks.jiffies >> self.config.expiry_shift;
        for (place, entry) in self.all()? {
            let expiry = end::moved(entry.expiry, units, now);
            self.write(place, Entry { expiry, ..entry })?;
        }
        self.renew_clipped(ticks)
    }

    /// Returns when a block is to end that an entry cannot say in full; `None` for all others.
    pub(super) fn clipped_end(&self, indicator: Indicator) -> Option<Timestamp> {
        self.clipped.get(&indicator).copied()
    }

    /// Writes the ends of long blocks again, which an entry cannot say in full.
    pub(super) fn renew_clipped(&mut self, ticks: Ticks) -> io::Result<()> {
        for (indicator, expires_at) in std::mem::take(&mut self.clipped) {
            self.set(ticks, indicator, expires_at)?;
        }
        Ok(())
    }

    /// Shuts and forgets what leads to nothing any more.
    pub(super) fn refresh(&mut self) -> io::Result<()> {
        let stashed = self.stash.entries::<StashKey, StashEntry>()?;
        let of_kind = |kind: u64| {
            let keys = stashed.iter().filter(move |it| it.0.kind == kind);
            keys.map(|it| it.0.key)
        };
        let hosts = of_kind(StashKey::KIND_HOST_V4).map(|it| it as u32);
        self.hosts_v4.refresh_filter(hosts);
        let longer = stashed.iter().filter(|it| it.0.kind.is_power_of_two());
        let longer = longer.map(|it| it.0.key);
        self.nets_v6
            .refresh_filter(of_kind(StashKey::KIND_NET_V6).chain(longer));
        let v4 = of_kind(StashKey::KIND_PREFIX_V4);
        let codes = v4.chain(of_kind(StashKey::KIND_PREFIX_V6));
        self.prefixes.refresh_filter(codes.clone());
        let mut prefixes = Vec::with_capacity(self.prefixes.len());
        self.prefixes
            .each(|_, _, it| prefixes.extend(place_of_code(it.key).prefix()));
        prefixes.extend(codes.filter_map(|it| place_of_code(it).prefix()));
        self.gate.refresh(prefixes.into_iter());
        Ok(())
    }

    /// Returns the gates.
    pub(super) fn gate(&self) -> &Gate {
        &self.gate
    }

    /// Tells the program which lists are worth a look, and that somebody is here.
    pub(super) fn write_config(&mut self, ticks: Ticks) -> io::Result<()> {
        let flags = &mut self.config.flags;
        let longer = self.longer_counts.iter().enumerate();
        let lengths = longer.filter(|it| *it.1 > 0).map(|it| 1_u64 << it.0);
        let long_lengths = lengths.fold(0, |all, it| all | it);
        set_flag(flags, config_flag::HOSTS_V4, self.hosts_v4.len() > 0);
        let has_nets = self.nets_v6.len() > 0 || long_lengths != 0;
        set_flag(flags, config_flag::NETS_V6, has_nets);
        set_flag(flags, config_flag::PREFIXES_V4, self.prefix_counts[0] > 0);
        set_flag(flags, config_flag::PREFIXES_V6, self.prefix_counts[1] > 0);
        self.config.long_lengths = long_lengths;
        let shift = self.config.expiry_shift;
        self.config.table_until = ((ticks.jiffies >> shift) + Expiry::AHEAD_MAX) << shift;
        self.tell_config()
    }

    /// Tells a program that was loaded onto these lists its configuration, now and from now on.
    pub(super) fn use_settings(&mut self, settings: KernelMap) -> io::Result<()> {
        settings.set(&0_u32, &self.config)?;
        self.settings = Some(settings);
        Ok(())
    }

    /// Writes the configuration where it is not as it was.
    pub(super) fn tell_config(&mut self) -> io::Result<()> {
        if self.config != self.written {
            if let Some(settings) = &self.settings {
                settings.set(&0_u32, &self.config)?;
            }
            self.config_map.set(&0_u32, &self.config)?;
            self.written = self.config;
        }
        Ok(())
    }

    /// Takes over what an entry cannot say from another generation.
    pub(super) fn take_clipped(&mut self, from: &Self) {
        self.clipped.clone_from(&from.clipped);
    }

    /// Returns the kernel's number of every map.
    pub(super) fn ids(&self) -> &[(&'static str, u32)] {
        &self.ids
    }
}

impl Place {
    fn is_v6_prefix(self) -> bool {
        matches!(self, Self::PrefixV6(_))
    }

    fn kind(self) -> u64 {
        match self {
            Self::HostV4(_) => StashKey::KIND_HOST_V4,
            Self::NetV6(_) => StashKey::KIND_NET_V6,
            Self::PrefixV4(_) => StashKey::KIND_PREFIX_V4,
            Self::PrefixV6(_) => StashKey::KIND_PREFIX_V6,
            Self::Longer(key) => key.kind,
        }
    }
}

impl Entry {
    fn slot<K>(self, key: K, size: u16) -> Slot<K> {
        Slot {
            key,
            end: End::new(self.expiry),
            packets: self.packets,
            size,
        }
    }

    fn of<K>(slot: Slot<K>) -> Self {
        Self {
            expiry: slot.end.expiry(),
            packets: slot.packets,
            bytes: slot.packets * u64::from(slot.size),
        }
    }

    fn of_stashed(entry: StashEntry) -> Self {
        Self {
            expiry: End::from_bits(entry.end).expiry(),
            packets: entry.packets,
            bytes: entry.bytes,
        }
    }
}
