//! The values that lie in kernel maps. Every type is `repr(C)`, without padding, and tested so.

use crate::{Counter, Plain};

/// Bits of [`Config::flags`].
pub mod config_flag {
    /// Count and report, drop nothing, but before [`super::Config::enforce_until`].
    pub const OBSERVE: u32 = 1;
    /// A detector that counts packets within TCP connections is on.
    pub const DETECT_ACK: u32 = 1 << 1;
    /// One that counts UDP packets is on.
    pub const DETECT_UDP: u32 = 1 << 2;
    /// One that counts ICMP packets is on.
    pub const DETECT_ICMP: u32 = 1 << 3;
    /// Go to the buckets at once: most packets are dropped, so the filter only costs.
    pub const SKIP_FILTER: u32 = 1 << 6;
    /// Staged entries count: see [`crate::table::End`].
    pub const SHOW_STAGED: u32 = 1 << 7;
    /// IPv6 /64 prefixes or longer ones are blocked.
    pub const NETS_V6: u32 = 1 << 8;
    /// IPv6 prefixes shorter than /64 are blocked.
    pub const PREFIXES_V6: u32 = 1 << 9;
    /// The kernel may have blocked sources by itself.
    pub const OWN: u32 = 1 << 10;
    /// Some detector is on.
    pub const DETECT: u32 = 1 << 11;
    /// IPv4 addresses are blocked.
    pub const HOSTS_V4: u32 = 1 << 12;
    /// IPv4 prefixes are blocked.
    pub const PREFIXES_V4: u32 = 1 << 13;

    /// The lowest of the bits that hold the last ones of [`crate::DetectConfig::epoch`] while
    /// [`DETECT`] is set: whoever has the flags knows whether the detectors' configuration is another.
    pub const EPOCH_SHIFT: u32 = 16;

    /// Returns the flags where this is the epoch of the detectors' configuration.
    pub const fn with_epoch(flags: u32, epoch: u32) -> u32 {
        let flags = flags & ((1 << EPOCH_SHIFT) - 1);
        if flags & DETECT == 0 {
            return flags;
        }
        flags | epoch << EPOCH_SHIFT
    }

    /// By these an IPv4 packet is met that is no listed address.
    pub const OTHERS_V4: u32 = PREFIXES_V4 | OWN;
    /// The same for an IPv6 packet that is in no listed /64.
    pub const OTHERS_V6: u32 = PREFIXES_V6 | OWN;
    /// With none of these only addresses are to be looked for in an IPv4 packet.
    pub const MORE_V4: u32 = PREFIXES_V4 | OWN | DETECT;
    /// The same for an IPv6 packet, and /64 prefixes.
    pub const MORE_V6: u32 = PREFIXES_V6 | OWN | DETECT;
    /// With none of these there is nothing to look for in an IPv4 packet.
    pub const ANY_V4: u32 = HOSTS_V4 | MORE_V4;
    /// The least of those. They are all the bits from here on, so that one comparison asks for all.
    pub const ANY_V4_LEAST: u32 = OWN;
    const _: () = assert!(ANY_V4 == (PREFIXES_V4 << 1) - ANY_V4_LEAST);
    /// The same for an IPv6 packet.
    pub const ANY_V6: u32 = NETS_V6 | MORE_V6;
    /// Below this there is nothing to look for in any packet.
    pub const ANY_LEAST: u32 = NETS_V6;
    const _: () = assert!(ANY_V4 | ANY_V6 == (PREFIXES_V4 << 1) - ANY_LEAST);
    const _: () = assert!(PREFIXES_V4 < 1 << EPOCH_SHIFT);
}

/// What user space tells the kernel program; it may change at any time, without a reload. The
/// first cache line holds what every packet needs.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C, align(64))]
pub struct Config {
    /// [`crate::ABI_VERSION`] of whoever made the maps.
    pub abi_version: u32,
    /// Bits of [`config_flag`].
    pub flags: u32,
    /// The jiffy from which on every entry of the tables is over: see [`crate::table::Expiry`].
    pub table_until: u64,
    /// [`crate::table::HashKey::add`].
    pub hash_add: u64,
    /// [`crate::table::HashKey::multiply`].
    pub hash_multiply: u64,
    /// Buckets of blocked IPv4 addresses, a multiple of sixteen.
    pub hosts_v4: u32,
    /// Filter words of those less one, which are a power of two.
    pub filter_v4: u32,
    /// Buckets of blocked IPv6 /64 prefixes, a multiple of sixteen.
    pub nets_v6: u32,
    /// Filter words of those less one.
    pub filter_v6: u32,
    /// Buckets of blocked prefixes, a multiple of sixteen.
    pub prefixes: u32,
    /// Filter words of those less one.
    pub filter_prefix: u32,
    /// An [`crate::table::Expiry`] is a count of jiffies shifted right by this.
    pub expiry_shift: u32,
    /// Always zero.
    pub unused: u32,
    /// The lengths of blocked IPv6 prefixes longer than /64, as values of their last bits.
    pub long_lengths: u64,
    /// The jiffy up to which packets are dropped although [`config_flag::OBSERVE`] is set: enforcing
    /// on trial ends by itself, whoever is alive. Zero where nothing is on trial.
    pub enforce_until: u64,
    /// Where exemptions are: see [`crate::maps::allow_v4`].
    pub allow_v4: u64,
    /// Where exemptions are: see [`crate::maps::allow_v6`].
    pub allow_v6: [u64; 2],
    /// Always zero.
    pub reserved: [u64; 3],
}

/// A source that the kernel blocked by itself. The first eight bytes are the deadline in every ABI
/// version.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct BlockEntry {
    /// The jiffy from which on packets pass again.
    pub deadline: u64,
    /// Packets that met this entry while it was live.
    pub packets: u64,
    /// Bytes of those packets.
    pub bytes: u64,
    /// The jiffy of the last such packet, or zero.
    pub last_seen: u64,
    /// How often the kernel's detector caught this source.
    pub violations: u32,
    /// Always zero.
    pub reserved: u32,
}

/// An exempt prefix.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct AllowEntry {
    /// Zero: on the operator's allowlist; one: protected.
    pub is_protected: u32,
}

/// The kernel's tick counter, and its monotonic clock read right after it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct Clock {
    /// Jiffies.
    pub jiffies: u64,
    /// Nanoseconds since the start, without suspended time.
    pub monotonic_ns: u64,
}

/// All counters of one CPU.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(C)]
pub struct Counters {
    /// One value for each [`Counter`], in its order; what lies behind them is zero.
    pub values: [u64; Counter::SLOTS],
}

/// What one load of the program counts, by CPU.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Counted {
    /// Those of a CPU are at its number, modulo [`crate::maps::CPUS_MAX`].
    pub cpus: [Counters; crate::maps::CPUS_MAX as usize],
}

/// What the loads before counted that nothing runs any more.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct KeptCounters {
    /// Their sums.
    pub counters: Counters,
    /// The kernel's number of the map that was added last: whoever added it may have been killed
    /// before it took the map away. Zero before there is one.
    pub last: u32,
    /// Always zero.
    pub reserved: u32,
}

impl Counters {
    /// Where nothing was counted yet.
    pub const ZERO: Self = Self {
        values: [0; Counter::SLOTS],
    };

    /// Adds others, each to its own.
    pub fn add(&mut self, others: &Self) {
        for (sum, value) in self.values.iter_mut().zip(others.values) {
            *sum = sum.wrapping_add(value);
        }
    }
}

impl Config {
    /// What stands before user space has said anything.
    pub const ZERO: Self = Self {
        abi_version: 0,
        flags: 0,
        table_until: 0,
        hash_add: 0,
        hash_multiply: 0,
        hosts_v4: 0,
        filter_v4: 0,
        nets_v6: 0,
        filter_v6: 0,
        prefixes: 0,
        filter_prefix: 0,
        expiry_shift: 0,
        unused: 0,
        long_lengths: 0,
        enforce_until: 0,
        allow_v4: 0,
        allow_v6: [0; 2],
        reserved: [0; 3],
    };
}

impl Default for Counters {
    fn default() -> Self {
        Self::ZERO
    }
}

/// The key of a prefix table, as the kernel's trie wants it.
///
/// `N` is a multiple of eight: the kernel lays the value right behind the address, and an atomic
/// addition to a counter there that straddles a cache line costs a thousand times what it should.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[repr(C)]
pub struct PrefixKey<const N: usize> {
    /// The prefix length in bits, in host byte order.
    pub prefix_len: u32,
    /// The address in network byte order, host bits and what lies behind it zero.
    pub address: [u8; N],
}

/// The key of an IPv4 prefix table: four bytes of address, four of padding.
pub type PrefixV4 = PrefixKey<8>;
/// The key of an IPv6 prefix table.
pub type PrefixV6 = PrefixKey<16>;

impl PrefixV4 {
    /// Returns the key of an IPv4 prefix.
    pub const fn new_v4(prefix_len: u32, [a, b, c, d]: [u8; 4]) -> Self {
        Self {
            prefix_len,
            address: [a, b, c, d, 0, 0, 0, 0],
        }
    }

    /// Returns the IPv4 address.
    pub const fn octets(self) -> [u8; 4] {
        let [a, b, c, d, ..] = self.address;
        [a, b, c, d]
    }
}

/// Which address family an [`Event`] speaks of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u32)]
pub enum Family {
    /// IPv4: the first four bytes of the address count.
    V4 = 4,
    /// IPv6.
    V6 = 6,
}

/// [`Event::kind`] of a source of too many connection requests.
pub const EVENT_SYN_FLOOD: u32 = 1;
/// [`Event::kind`] of a source of connection requests that completes next to none.
pub const EVENT_SYN_IMBALANCE: u32 = 2;
/// [`Event::kind`] of a source of too many UDP packets.
pub const EVENT_UDP_FLOOD: u32 = 3;
/// [`Event::kind`] of a source of too many ICMP packets.
pub const EVENT_ICMP_FLOOD: u32 = 4;
/// [`Event::kind`] of a destination that too many connection requests from many sources reach.
/// The address is the destination, the deadline until when it counts as under attack.
pub const EVENT_SYN_FLOOD_DESTINATION: u32 = 5;
/// [`Event::kind`] of a source that tries too many ports.
pub const EVENT_PORT_SCAN: u32 = 6;
/// [`Event::kind`] of blocks that were refused, for want of room or for being too many at once.
/// The address is the source that was refused last, the count how many since it was last told.
pub const EVENT_OWN_TABLE_FULL: u32 = 7;

/// What the kernel program tells user space, once for each crossing of a threshold.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[repr(C)]
pub struct Event {
    /// [`EVENT_SYN_FLOOD`] or another.
    pub kind: u32,
    /// [`Family`] as a number.
    pub family: u32,
    /// The source (or destination) in network byte order, host bits below `prefix_len` zero.
    pub address: [u8; 16],
    /// 32 for IPv4, 64 for IPv6; 128 for an IPv6 destination.
    pub prefix_len: u32,
    /// Packets of the window up to the crossing; for a port scan the classes of ports.
    pub count: u32,
    /// Jiffies from the start of the window to the crossing.
    pub elapsed: u64,
    /// The jiffy of the crossing.
    pub at: u64,
    /// The jiffy until which the kernel blocks the source, or zero where it could not.
    pub deadline: u64,
    /// How often the detector caught this source while its entry lived, this time included.
    pub violations: u32,
    /// One in observe mode: nothing is dropped.
    pub is_observed: u32,
}

// SAFETY: `repr(C)`, integers only, without padding (tested).
unsafe impl Plain for Config {}
// SAFETY: as above.
unsafe impl Plain for crate::table::StashKey {}
// SAFETY: as above.
unsafe impl Plain for crate::table::StashEntry {}
// SAFETY: as above.
unsafe impl Plain for BlockEntry {}
// SAFETY: as above.
unsafe impl Plain for AllowEntry {}
// SAFETY: as above.
unsafe impl Plain for Clock {}
// SAFETY: as above.
unsafe impl Plain for Counters {}
// SAFETY: as above.
unsafe impl Plain for Counted {}
// SAFETY: as above.
unsafe impl Plain for KeptCounters {}
// SAFETY: as above; the address has no alignment of its own, and 4 + N is a multiple of 4 for the
// two lengths in use.
unsafe impl Plain for PrefixV4 {}
// SAFETY: as above.
unsafe impl Plain for PrefixV6 {}
// SAFETY: as above.
unsafe impl Plain for Event {}
