//! Names and default capacities of the kernel maps.
//!
//! Names are at most 15 bytes, the kernel's limit, so that `bpftool` shows them whole.

/// What the kernel program reads at every packet: one [`crate::Config`].
pub const CONFIG: &str = "CONFIG";
/// One [`crate::Counters`] a CPU.
pub const COUNTERS: &str = "COUNTERS";
/// Non-zero where the kernel's own detector may have filled a table: see [`GATE_BLOCK_V4`].
pub const GATES: &str = "GATES";
/// One [`crate::Clock`], written by the clock program.
pub const CLOCK: &str = "CLOCK";
/// Blocked IPv4 addresses: `[u8; 4]` to [`crate::BlockEntry`].
pub const BLOCK_V4: &str = "BLOCK_V4";
/// Blocked IPv6 addresses: `[u8; 16]` to [`crate::BlockEntry`].
pub const BLOCK_V6: &str = "BLOCK_V6";
/// Blocked IPv6 /64 prefixes: the first `[u8; 8]` to [`crate::BlockEntry`].
pub const BLOCK_NET64: &str = "BLOCK_NET64";
/// Blocked IPv4 prefixes: [`crate::PrefixV4`] to [`crate::BlockEntry`].
pub const BLOCK_PREFIX4: &str = "BLOCK_PREFIX4";
/// Blocked IPv6 prefixes but /64: [`crate::PrefixV6`] to [`crate::BlockEntry`].
pub const BLOCK_PREFIX6: &str = "BLOCK_PREFIX6";
/// Exempt IPv4 prefixes: [`crate::PrefixV4`] to [`crate::AllowEntry`].
pub const ALLOW_V4: &str = "ALLOW_V4";
/// Exempt IPv6 prefixes: [`crate::PrefixV6`] to [`crate::AllowEntry`].
pub const ALLOW_V6: &str = "ALLOW_V6";
/// SYN windows of IPv4 sources: `[u8; 4]` to [`crate::SynWindow`].
pub const SYN_V4: &str = "SYN_V4";
/// SYN windows of IPv6 /64 sources: `[u8; 8]` to [`crate::SynWindow`].
pub const SYN_V6: &str = "SYN_V6";
/// The ring buffer of [`crate::Event`]s.
pub const EVENTS: &str = "EVENTS";

/// Every pinned map. The clock is not among them: it is read right after it is written.
pub const PINNED: [&str; 13] = [
    CONFIG,
    COUNTERS,
    GATES,
    BLOCK_V4,
    BLOCK_V6,
    BLOCK_NET64,
    BLOCK_PREFIX4,
    BLOCK_PREFIX6,
    ALLOW_V4,
    ALLOW_V6,
    SYN_V4,
    SYN_V6,
    EVENTS,
];

/// The program that native and generic XDP run where packets lie in one buffer.
pub const PROGRAM_XDP: &str = "aegis_xdp";
/// The same for packets in several buffers (large MTU), kernel 5.18 and newer.
pub const PROGRAM_XDP_FRAGS: &str = "aegis_xdp_frags";
/// The program that the traffic-control ingress hook runs.
pub const PROGRAM_TC: &str = "aegis_tc";
/// The program that reads the kernel's tick counter into [`CLOCK`].
pub const PROGRAM_CLOCK: &str = "aegis_clock";

/// The slot of [`GATES`] that is non-zero where [`BLOCK_V4`] may hold entries.
pub const GATE_BLOCK_V4: u32 = 0;
/// The slot of [`GATES`] that is non-zero where [`BLOCK_NET64`] may hold entries.
pub const GATE_BLOCK_NET64: u32 = 1;
/// How many gates there are.
pub const GATE_COUNT: u32 = 2;

/// Blocked IPv4 addresses by default: a large feed and room to double; empty it costs 16 MiB.
pub const BLOCK_V4_MAX: u32 = 1_048_576;
/// Blocked IPv6 addresses and /64 prefixes by default, each.
pub const BLOCK_V6_MAX: u32 = 262_144;
/// Blocked prefixes by default, each family; a trie costs nothing while it is empty.
pub const BLOCK_PREFIX_MAX: u32 = 131_072;
/// Exempt prefixes, each family: an operator's allowlist and the host's own addresses.
pub const ALLOW_MAX: u32 = 16_384;
/// Sources that the SYN detector follows at once, each family. The least recent is forgotten
/// first, so a flood from more sources than this is seen only where single ones are loud.
pub const SYN_SOURCES_MAX: u32 = 65_536;
/// Bytes of the event ring: 3,600 crossings while user space is away.
pub const EVENTS_BYTES: u32 = 262_144;
