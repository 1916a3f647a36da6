//! The bytes that the AEGIS kernel program and user space share, and the packet parser of both.
//!
//! Map values, configuration, counters and events are `repr(C)` types whose layout is tested: the
//! kernel program and the daemon may be of different builds, since pinned maps outlive both. A
//! change of any layout here raises [`ABI_VERSION`].
//!
//! The parser is generic over where the bytes lie, so that the code the verifier accepts in the
//! kernel is the code that tests and the fuzzer run on the host. Nothing here allocates, panics or
//! knows a clock.

#![no_std]
#![cfg_attr(target_arch = "bpf", feature(asm_experimental_arch))]
#![expect(
    unsafe_code,
    reason = "the marker trait of types that are plain bytes is unsafe to implement"
)]

pub mod cookie;

mod counter;
mod detect;
mod layout;
pub mod maps;
mod parse;
pub mod pin;
pub mod sketch;
pub mod table;

pub use counter::Counter;
pub use detect::{
    COUNTING, CpuDetect, DETECTORS, DetectConfig, DetectState, Detector, Limit, Near, SKETCHES,
    SUSPECTS, SharedDetect, Sketch, Suspect, UnderAttack, Window,
};
pub use layout::{
    AllowEntry, BlockEntry, Clock, Config, Counted, Counters, EVENT_ICMP_FLOOD,
    EVENT_OWN_TABLE_FULL, EVENT_PORT_SCAN, EVENT_SYN_FLOOD, EVENT_SYN_FLOOD_DESTINATION,
    EVENT_SYN_IMBALANCE, EVENT_UDP_FLOOD, Event, Family, KeptCounters, PrefixKey, PrefixV4,
    PrefixV6, config_flag,
};
pub use parse::{
    AddressV6, EXTENSION_HEADERS_MAX, Frame, Ipv4, Ipv6, Link, Network, PLAIN_BYTES_MIN,
    PROTOCOL_ICMP, PROTOCOL_ICMPV6, PROTOCOL_UDP, PlainHead, Skip, Tcp, Transport, UNTAGGED_OFFSET,
    Udp, VLAN_TAGS_MAX, is_plain_source_mapped, parse_destination_v4, parse_destination_v6,
    parse_icmp, parse_ipv4, parse_ipv6, parse_link, parse_network, parse_plain_request_v4,
    parse_plain_request_v6, parse_source_v4, parse_tcp, parse_transport, parse_transport_v4,
    parse_transport_v6, parse_udp, plain_length_v4, plain_length_v6, plain_source_v4,
    plain_source_v6,
};

/// The version of everything in this crate that lies in a pinned map.
///
/// A newer build that finds another version builds its maps beside the old ones and fills them
/// before a packet meets them.
pub const ABI_VERSION: u32 = 8;

/// Types that are plain bytes: any bytes are a value, and a value has no padding.
///
/// # Safety
///
/// The type is `repr(C)` or a primitive, has no padding, and every bit pattern is valid.
pub unsafe trait Plain: Copy + 'static {}

// SAFETY: integers and byte arrays have no padding and no invalid pattern.
unsafe impl Plain for u32 {}
// SAFETY: as above.
unsafe impl Plain for u64 {}
// SAFETY: as above.
unsafe impl<const N: usize> Plain for [u8; N] {}

#[cfg(test)]
mod tests;
