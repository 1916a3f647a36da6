//! Names and default capacities of the kernel maps.
//!
//! Names are at most 15 bytes, the kernel's limit, so that `bpftool` shows them whole.

/// What the kernel program reads at every packet: one [`crate::Config`].
pub const CONFIG: &str = "CONFIG";
/// What earlier loads of the program counted: one [`crate::KeptCounters`], for user space alone.
pub const COUNTERS: &str = "COUNTERS";
/// What this load counts: one [`crate::Counted`]. Not shared; a section of the program, so that
/// it lies at a fixed address, which the loader fills with zeros whenever it loads.
pub const COUNTED: &str = ".bss.counters";
/// What the name of a pin of [`COUNTED`] begins with; the kernel's number of the map follows.
pub const COUNTED_PIN: &str = "counted_";
/// CPUs that count for themselves, a power of two. Where a host has more, two of them share what
/// they count in, and now and then lose a packet there.
pub const CPUS_MAX: u32 = 1024;
/// Non-zero where the kernel's own detector may have filled a table: see [`GATE_OWN_V4`].
pub const GATES: &str = "GATES";
/// One [`crate::Clock`], written by the clock program.
pub const CLOCK: &str = "CLOCK";
/// Blocked IPv4 addresses: an array of [`crate::table::Bucket32`].
pub const HOSTS_V4: &str = "HOSTS_V4";
/// The filter words of [`HOSTS_V4`].
pub const FILTER_V4: &str = "FILTER_V4";
/// Blocked IPv6 /64 prefixes: an array of [`crate::table::Bucket64`].
pub const NETS_V6: &str = "NETS_V6";
/// The filter words of [`NETS_V6`], and of the longer prefixes in [`STASH`] by their /64.
pub const FILTER_V6: &str = "FILTER_V6";
/// Blocked prefixes but /64 and longer, both families: an array of [`crate::table::Bucket64`].
pub const PREFIXES: &str = "PREFIXES";
/// The filter words of [`PREFIXES`].
pub const FILTER_PREFIX: &str = "FILTER_PREFIX";
/// Where there are prefixes at all, and of which lengths: see [`GATE_V4_WORDS`].
pub const GATE: &str = "GATE";
/// What found no room in a bucket, and IPv6 prefixes longer than a /64:
/// [`crate::table::StashKey`] to [`crate::table::StashEntry`].
pub const STASH: &str = "STASH";
/// What the kernel blocked by itself: `[u8; 4]` of an IPv4 address to [`crate::BlockEntry`].
pub const OWN_V4: &str = "OWN_V4";
/// The same: the first `[u8; 8]` of an IPv6 /64 to [`crate::BlockEntry`].
pub const OWN_NET64: &str = "OWN_NET64";
/// The filter words of [`OWN_V4`] and [`OWN_NET64`].
pub const OWN_FILTER: &str = "OWN_FILTER";
/// Exempt IPv4 prefixes: [`crate::PrefixV4`] to [`crate::AllowEntry`].
pub const ALLOW_V4: &str = "ALLOW_V4";
/// Exempt IPv6 prefixes: [`crate::PrefixV6`] to [`crate::AllowEntry`].
pub const ALLOW_V6: &str = "ALLOW_V6";
/// What the detectors are told: one [`crate::DetectConfig`]. Not pinned, as all they keep; a section
/// of the program, so that it lies at a fixed address.
pub const DETECT: &str = ".bss.detect";
/// What all CPUs share of what they keep: one [`crate::SharedDetect`], likewise.
pub const DETECT_SHARED: &str = ".bss.shared";
/// What each CPU counts: one [`crate::CpuDetect`] for each.
pub const DETECT_CPU: &str = "DETECT_CPU";
/// The ring buffer of [`crate::Event`]s.
pub const EVENTS: &str = "EVENTS";

/// The pinned maps that are made anew, together, when the set of blocks grows or is replaced.
pub const GENERATION: [&str; 9] = [
    CONFIG,
    HOSTS_V4,
    FILTER_V4,
    NETS_V6,
    FILTER_V6,
    PREFIXES,
    FILTER_PREFIX,
    GATE,
    STASH,
];
/// The pinned maps that stay through all generations. The clock is neither: it is read right after
/// it is written.
/// Nor are those of the detectors: they know again within a window.
pub const SHARED: [&str; 8] = [
    COUNTERS, GATES, ALLOW_V4, ALLOW_V6, OWN_V4, OWN_NET64, OWN_FILTER, EVENTS,
];

/// The program that native and generic XDP run where packets lie in one buffer.
pub const PROGRAM_XDP: &str = "aegis_xdp";
/// The same for packets in several buffers (large MTU), kernel 5.18 and newer.
pub const PROGRAM_XDP_FRAGS: &str = "aegis_xdp_frags";
/// The program that the traffic-control ingress hook runs.
pub const PROGRAM_TC: &str = "aegis_tc";
/// The program that reads the kernel's tick counter into [`CLOCK`].
pub const PROGRAM_CLOCK: &str = "aegis_clock";

/// The slot of [`GATES`] that is non-zero where [`OWN_V4`] may hold entries.
pub const GATE_OWN_V4: u32 = 0;
/// The slot of [`GATES`] that is non-zero where [`OWN_NET64`] may hold entries.
pub const GATE_OWN_NET64: u32 = 1;
/// How many gates there are.
pub const GATE_COUNT: u32 = 2;

/// In [`GATE`]: a bit for each upper half of an IPv4 address that holds prefixes.
pub const GATE_V4_WORDS: u32 = 65_536 / 64;
/// Then a bit for each of 65,536 hashes of the first 32 bits of an IPv6 address.
pub const GATE_V6_WORDS: u32 = 65_536 / 64;
/// Then the lengths in use for each upper half of an IPv4 address, two to a word.
pub const LENGTHS_V4_WORDS: u32 = 65_536 / 2;
/// Then the lengths in use for each hash of the first 32 bits of an IPv6 address.
pub const LENGTHS_V6_WORDS: u32 = 65_536;
/// Then the upper halves of IPv4 addresses that hold exemptions, a bit each.
pub const ALLOW_V4_WORDS: u32 = 65_536 / 64;
/// Where the parts of [`GATE`] begin, in the same order.
pub const GATE_V4_AT: u32 = 0;
/// See [`GATE_V6_WORDS`].
pub const GATE_V6_AT: u32 = GATE_V4_AT + GATE_V4_WORDS;
/// See [`LENGTHS_V4_WORDS`].
pub const LENGTHS_V4_AT: u32 = GATE_V6_AT + GATE_V6_WORDS;
/// See [`LENGTHS_V6_WORDS`].
pub const LENGTHS_V6_AT: u32 = LENGTHS_V4_AT + LENGTHS_V4_WORDS;
/// See [`ALLOW_V4_WORDS`].
pub const ALLOW_V4_AT: u32 = LENGTHS_V6_AT + LENGTHS_V6_WORDS;
/// The words of [`GATE`]: 792 KiB.
pub const GATE_WORDS: u32 =
    GATE_V4_WORDS + GATE_V6_WORDS + LENGTHS_V4_WORDS + LENGTHS_V6_WORDS + ALLOW_V4_WORDS;

/// The kernel's own blocks at most, each family: they wait there for user space to take them over.
pub const OWN_MAX: u32 = 16_384;
/// The words of [`OWN_FILTER`]: 32 KiB, one in 30 taken wrongly for listed when it is full.
pub const OWN_FILTER_WORDS: u32 = 4096;
/// Blocked IPv4 addresses by default at most: they cost some 18 bytes each, when they are there.
pub const HOSTS_V4_MAX: u32 = 10_000_000;
/// Blocked IPv6 /64 prefixes by default at most, some 28 bytes each; and as many longer ones.
pub const NETS_V6_MAX: u32 = 10_000_000;
/// Blocked prefixes by default at most, each family.
pub const PREFIXES_MAX: u32 = 1_000_000;
/// Exempt prefixes, each family: an operator's allowlist and the host's own addresses.
pub const ALLOW_MAX: u32 = 16_384;
/// Bytes of the event ring: 3,600 crossings while user space is away.
pub const EVENTS_BYTES: u32 = 262_144;

/// Set in the key of an IPv4 prefix in [`PREFIXES`]: no IPv6 prefix begins so, it would be multicast.
pub const PREFIX_V4_CODE: u64 = 0xffff_ffff_0000_0000;

/// Returns where in the gates the IPv6 addresses lie that begin as `net`, the first half of one in
/// host byte order; below 65,536. `multiply` is [`crate::Config::hash_multiply`].
#[inline(always)]
pub const fn gate_index_v6(net: u64, multiply: u64) -> u32 {
    ((net >> 32).wrapping_mul(multiply) >> 48) as u32
}

/// Returns which bit of [`crate::Config::allow_v4`] an IPv4 address in host byte order asks for: its
/// upper six bits. Where it is not set, no exemption covers the address.
#[inline(always)]
pub const fn allow_v4(address: u32) -> u32 {
    address >> 26
}

/// Returns which bits of the two words of [`crate::Config::allow_v6`] an IPv6 address asks for, of
/// which `net` is the first half in host byte order: its upper six bits, for exemptions shorter than
/// a /32, and a hash of its upper 32, for all others.
#[inline(always)]
pub const fn allow_v6(net: u64, multiply: u64) -> [u32; 2] {
    [(net >> 58) as u32, gate_index_v6(net, multiply) >> 10]
}
