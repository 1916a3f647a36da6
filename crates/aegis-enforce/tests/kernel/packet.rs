//! Frames as bytes, built piece by piece.

use std::net::IpAddr;

pub(crate) const SYN: u8 = 0x02;
pub(crate) const ACK: u8 = 0x10;
pub(crate) const VLAN: u16 = 0x8100;
pub(crate) const QINQ: u16 = 0x88a8;
/// IPv6 destination options.
pub(crate) const OPTIONS: u8 = 60;
/// The IPv6 fragment header.
pub(crate) const FRAGMENT: u8 = 44;

/// A frame in the making: `source` sends a TCP segment unless told otherwise.
#[derive(Clone)]
pub(crate) struct Packet {
    source: IpAddr,
    tags: Vec<u16>,
    ip_options: usize,
    fragment: u16,
    extensions: Vec<u8>,
    extension_field: u8,
    protocol: u8,
    payload: Vec<u8>,
}

/// A TCP segment with these flags.
pub(crate) fn tcp(source: &str, flags: u8) -> Packet {
    let mut payload = vec![0; 20];
    payload[12] = 0x50;
    payload[13] = flags;
    Packet {
        source: source.parse().unwrap(),
        tags: Vec::new(),
        ip_options: 0,
        fragment: 0,
        extensions: Vec::new(),
        extension_field: 0,
        protocol: 6,
        payload,
    }
}

/// A TCP connection request to this port.
pub(crate) fn to_port(source: &str, port: u16) -> Packet {
    let mut packet = tcp(source, SYN);
    packet.payload[2..4].copy_from_slice(&port.to_be_bytes());
    packet
}

impl Packet {
    /// TCP flags.
    pub(crate) fn flags(mut self, flags: u8) -> Self {
        self.payload[13] = flags;
        self
    }

    pub(crate) fn tags(mut self, tags: &[u16]) -> Self {
        self.tags = tags.to_vec();
        self
    }

    /// IPv4 options, in words.
    pub(crate) fn options(mut self, words: usize) -> Self {
        self.ip_options = words;
        self
    }

    /// IPv4 flags and fragment offset.
    pub(crate) fn fragment(mut self, field: u16) -> Self {
        self.fragment = field;
        self
    }

    /// IPv6 extension headers of eight bytes each.
    pub(crate) fn extensions(mut self, kinds: &[u8]) -> Self {
        self.extensions = kinds.to_vec();
        self
    }

    /// The fourth byte of each of them: of a fragment header, the low bits of its offset.
    pub(crate) fn extension_field(mut self, field: u8) -> Self {
        self.extension_field = field;
        self
    }

    pub(crate) fn payload(mut self, protocol: u8, payload: &[u8]) -> Self {
        self.protocol = protocol;
        self.payload = payload.to_vec();
        self
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![2; 12];
        for tag in &self.tags {
            bytes.extend(tag.to_be_bytes());
            bytes.extend([0, 5]);
        }
        bytes.extend(match self.source {
            IpAddr::V4(_) => [8, 0],
            IpAddr::V6(_) => [0x86, 0xdd],
        });
        bytes.extend(self.ip());
        bytes
    }

    /// The packet without its Ethernet header.
    pub(crate) fn ip(&self) -> Vec<u8> {
        match self.source {
            IpAddr::V4(source) => {
                let total = 20 + self.ip_options * 4 + self.payload.len();
                let mut bytes = vec![0x45 + self.ip_options as u8, 0];
                bytes.extend((total as u16).to_be_bytes());
                bytes.extend([0, 1]);
                bytes.extend(self.fragment.to_be_bytes());
                bytes.extend([64, self.protocol, 0, 0]);
                bytes.extend(source.octets());
                bytes.extend([192, 0, 2, 1]);
                bytes.extend(vec![1; self.ip_options * 4]);
                bytes.extend(&self.payload);
                bytes
            }
            IpAddr::V6(source) => {
                let length = self.extensions.len() * 8 + self.payload.len();
                let mut chain = self.extensions.clone();
                chain.push(self.protocol);
                let mut bytes = vec![0x60, 0, 0, 0];
                bytes.extend((length as u16).to_be_bytes());
                bytes.extend([chain[0], 64]);
                bytes.extend(source.octets());
                bytes.extend([0xfe; 16]);
                for next in &chain[1..] {
                    bytes.extend([*next, 0, 0, self.extension_field, 0, 0, 0, 0]);
                }
                bytes.extend(&self.payload);
                bytes
            }
        }
    }
}
