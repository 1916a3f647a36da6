//! Packets as templates, and where their sources are drawn from.

use std::net::{IpAddr, Ipv6Addr};

use aegis_core::Indicator;

use super::source::{Plan, address_v4, net_v6};

/// The first number of sources that no list holds.
const UNLISTED: u64 = 1 << 30;
/// How many of those a spoofed flood comes from.
const UNLISTED_COUNT: u64 = 1 << 31;
/// Sources of ordinary traffic, or of few attackers.
const FEW: u64 = 256;

/// An IP version.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Family {
    V4,
    V6,
}

impl Family {
    pub(crate) const BOTH: [Self; 2] = [Self::V4, Self::V6];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        }
    }

    /// Returns source `number` as a list names it: an address, or a /64.
    pub(crate) fn indicator(self, number: u64) -> Indicator {
        let (address, prefix_len) = match self {
            Self::V4 => (IpAddr::V4(address_v4(number).into()), 32),
            Self::V6 => (Ipv6Addr::from(u128::from(net_v6(number)) << 64).into(), 64),
        };
        Indicator::prefix(address, prefix_len).unwrap_or_else(|| Indicator::host(address))
    }
}

/// Whether packets come from the list, and from how many sources.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Draw {
    /// Any of the list.
    Hit,
    /// 256 of the list.
    HitFew,
    /// Any of 2^31 that are not on it.
    Miss,
    /// 256 that are not on it.
    MissFew,
}

impl Draw {
    pub(crate) const ALL: [Self; 4] = [Self::Hit, Self::HitFew, Self::Miss, Self::MissFew];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Hit => "hit",
            Self::HitFew => "hit, 256 sources",
            Self::Miss => "miss",
            Self::MissFew => "miss, 256 sources",
        }
    }

    pub(crate) const fn is_hit(self) -> bool {
        match self {
            Self::Hit | Self::HitFew => true,
            Self::Miss | Self::MissFew => false,
        }
    }

    /// Returns where the numbers of a list of `entries` begin, and how many there are.
    fn range(self, entries: u32) -> (u64, u64) {
        let entries = u64::from(entries);
        match self {
            Self::Hit => (0, entries),
            Self::HitFew => (0, FEW.min(entries)),
            Self::Miss => (UNLISTED, UNLISTED_COUNT),
            Self::MissFew => (UNLISTED, FEW),
        }
    }
}

/// A packet and the plan by which its source changes.
#[derive(Clone, Debug)]
pub(crate) struct Traffic {
    pub(crate) bytes: Vec<u8>,
    pub(crate) plan: Plan,
    pub(crate) is_hit: bool,
}

/// What a packet carries.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Payload {
    /// A datagram of 18 bytes to port 7.
    Udp,
    /// A TCP connection request.
    Syn,
}

impl Traffic {
    /// Packets with sources drawn from a list of `entries`, or from outside of it.
    pub(crate) fn new(family: Family, payload: Payload, draw: Draw, entries: u32) -> Self {
        let bytes = match family {
            Family::V4 => packet_v4(payload),
            Family::V6 => packet_v6(payload),
        };
        let (first, count) = draw.range(entries);
        let header: u64 = bytes[14..34].chunks(2).map(word).sum();
        let is_v4 = family == Family::V4;
        let plan = Plan {
            counter: 0,
            first,
            count,
            benign_mask: u64::MAX,
            benign_first: UNLISTED,
            family: if is_v4 { 4 } else { 6 },
            bits_v4: 0,
            fixed_v4: 0,
            head_v4: word(&bytes[22..24]),
            sum_v4: if is_v4 { header } else { 0 },
            ifindex: 0,
        };
        let is_hit = draw.is_hit();
        Self {
            bytes,
            plan,
            is_hit,
        }
    }
}

/// Returns two bytes as the processor reads them, which the checksum does not mind.
fn word(bytes: &[u8]) -> u64 {
    let [low, high] = [0, 1].map(|it| bytes.get(it).copied().unwrap_or(0));
    u64::from(u16::from_le_bytes([low, high]))
}

/// The receiver: its Ethernet address, and its IPv4 address, from which no source is drawn.
pub(crate) const RECEIVER_MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];
pub(crate) const RECEIVER: [u8; 4] = [10, 77, 0, 1];
/// Its IPv6 address, likewise.
pub(crate) const RECEIVER_V6: Ipv6Addr = Ipv6Addr::new(0xfd77, 0, 0, 0, 0, 0, 0, 1);
pub(crate) const PORT: u16 = 7;

/// A header without checksum and source: both come later.
fn packet_v4(payload: Payload) -> Vec<u8> {
    let body = body(payload, 0);
    let (length, protocol) = (20 + body.len() as u8, protocol(payload));
    let mut bytes = ethernet([0x08, 0x00]);
    bytes.extend([0x45, 0, 0, length, 0, 1, 0, 0, 64, protocol, 0, 0]);
    bytes.extend([0; 4]);
    bytes.extend(RECEIVER);
    bytes.extend(body);
    bytes
}

fn packet_v6(payload: Payload) -> Vec<u8> {
    let body = body(payload, 1);
    let mut bytes = ethernet([0x86, 0xdd]);
    bytes.extend([0x60, 0, 0, 0, 0, body.len() as u8, protocol(payload), 64]);
    bytes.extend([0; 8]);
    bytes.extend([0, 0, 0, 0, 0, 0, 0, 1]);
    bytes.extend(RECEIVER_V6.octets());
    bytes.extend(body);
    bytes
}

fn ethernet(ethertype: [u8; 2]) -> Vec<u8> {
    let mut bytes = RECEIVER_MAC.to_vec();
    bytes.extend([2, 0, 0, 0, 0, 2]);
    bytes.extend(ethertype);
    bytes
}

const fn protocol(payload: Payload) -> u8 {
    match payload {
        Payload::Udp => 17,
        Payload::Syn => 6,
    }
}

/// A transport header and what is in it. An IPv4 datagram needs no checksum.
fn body(payload: Payload, checksum: u8) -> Vec<u8> {
    match payload {
        Payload::Udp => {
            let [high, low] = PORT.to_be_bytes();
            let mut bytes = vec![0x30, 0x39, high, low, 0, 26, 0, checksum];
            bytes.extend([0; 18]);
            bytes
        }
        Payload::Syn => {
            let mut bytes = vec![0x30, 0x39, 0, 80, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 0x02];
            bytes.extend([0xff, 0xff, 0, 0, 0, 0]);
            bytes
        }
    }
}
