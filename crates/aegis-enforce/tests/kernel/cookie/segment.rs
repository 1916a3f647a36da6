//! Segments of a handshake as bytes, built and read back, with checksums worked out afresh.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub(crate) const FIN: u8 = 0x01;
pub(crate) const SYN: u8 = 0x02;
pub(crate) const RST: u8 = 0x04;
pub(crate) const PSH: u8 = 0x08;
pub(crate) const ACK: u8 = 0x10;

const CLIENT_MAC: [u8; 6] = [2, 0, 0, 0, 0, 2];
const SERVER_MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];

/// A segment and everything below it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Segment {
    pub(crate) to_mac: [u8; 6],
    pub(crate) from_mac: [u8; 6],
    pub(crate) tags: Vec<[u8; 4]>,
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
    pub(crate) ports: [u16; 2],
    pub(crate) sequence: u32,
    pub(crate) acknowledged: u32,
    pub(crate) flags: u8,
    pub(crate) window: u16,
    pub(crate) options: Vec<u8>,
    pub(crate) payload: Vec<u8>,
    /// IPv4 options, a multiple of four bytes.
    pub(crate) ip_options: Vec<u8>,
    /// IPv4 flags and fragment offset.
    pub(crate) fragment: u16,
    /// What lies behind the packet: padding to the shortest frame.
    pub(crate) trailer: Vec<u8>,
}

impl Segment {
    /// A request as Linux sends it, but for its many options: only the segment size.
    pub(crate) fn request(source: &str, destination: &str, port: u16) -> Self {
        Self {
            to_mac: SERVER_MAC,
            from_mac: CLIENT_MAC,
            tags: Vec::new(),
            source: source.parse().unwrap(),
            destination: destination.parse().unwrap(),
            ports: [40_001, port],
            sequence: 0x0102_0304,
            acknowledged: 0,
            flags: SYN,
            window: 64_000,
            options: vec![2, 4, 0x05, 0xb4],
            payload: Vec::new(),
            ip_options: Vec::new(),
            fragment: 0x4000,
            trailer: Vec::new(),
        }
    }

    /// The acknowledgement of `answer` to this request.
    pub(crate) fn acknowledge(&self, answer: &Self) -> Self {
        Self {
            sequence: self.sequence.wrapping_add(1),
            acknowledged: answer.sequence.wrapping_add(1),
            flags: ACK,
            options: Vec::new(),
            payload: Vec::new(),
            ..self.clone()
        }
    }

    /// The frame, with right checksums.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let tcp = self.tcp();
        let mut bytes = [self.to_mac, self.from_mac].concat();
        bytes.extend(self.tags.concat());
        match (self.source, self.destination) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                let header_bytes = 20 + self.ip_options.len();
                let mut header = vec![0x40 | (header_bytes / 4) as u8, 0];
                header.extend(((header_bytes + tcp.len()) as u16).to_be_bytes());
                header.extend([0, 0]);
                header.extend(self.fragment.to_be_bytes());
                header.extend([64, 6, 0, 0]);
                header.extend(from.octets());
                header.extend(to.octets());
                header.extend(&self.ip_options);
                let sum = checksum(&[&header]);
                header[10..12].copy_from_slice(&sum.to_be_bytes());
                bytes.extend([8, 0]);
                bytes.extend(header);
            }
            (IpAddr::V6(from), IpAddr::V6(to)) => {
                bytes.extend([0x86, 0xdd, 0x60, 0, 0, 0]);
                bytes.extend((tcp.len() as u16).to_be_bytes());
                bytes.extend([6, 64]);
                bytes.extend(from.octets());
                bytes.extend(to.octets());
            }
            mixed => panic!("{mixed:?}"),
        }
        bytes.extend(tcp);
        bytes.extend(&self.trailer);
        bytes
    }

    fn tcp(&self) -> Vec<u8> {
        assert_eq!(self.options.len() % 4, 0);
        let mut tcp = Vec::new();
        tcp.extend(self.ports[0].to_be_bytes());
        tcp.extend(self.ports[1].to_be_bytes());
        tcp.extend(self.sequence.to_be_bytes());
        tcp.extend(self.acknowledged.to_be_bytes());
        tcp.extend([((20 + self.options.len()) / 4 * 16) as u8, self.flags]);
        tcp.extend(self.window.to_be_bytes());
        tcp.extend([0, 0, 0, 0]);
        tcp.extend(&self.options);
        tcp.extend(&self.payload);
        let sum = checksum(&[&self.pseudo(tcp.len()), &tcp]);
        tcp[16..18].copy_from_slice(&sum.to_be_bytes());
        tcp
    }

    fn pseudo(&self, length: usize) -> Vec<u8> {
        let octets = |it: IpAddr| match it {
            IpAddr::V4(it) => it.octets().to_vec(),
            IpAddr::V6(it) => it.octets().to_vec(),
        };
        let mut pseudo = [octets(self.source), octets(self.destination)].concat();
        pseudo.extend((length as u32).to_be_bytes());
        pseudo.extend([0, 0, 0, 6]);
        pseudo
    }

    /// Reads a frame. Every checksum must be right, and every length.
    #[track_caller]
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let mut offset = 12;
        let mut tags = Vec::new();
        while matches!(bytes[offset..offset + 2], [0x81, 0] | [0x88, 0xa8]) {
            tags.push(bytes[offset..offset + 4].try_into().unwrap());
            offset += 4;
        }
        let is_v4 = match bytes[offset..offset + 2] {
            [8, 0] => true,
            [0x86, 0xdd] => false,
            ref other => panic!("{other:?}"),
        };
        let ip = &bytes[offset + 2..];
        let (source, destination, header_bytes, total) = if is_v4 {
            let header_bytes = usize::from(ip[0] & 15) * 4;
            assert_eq!(checksum(&[&ip[..header_bytes]]), 0, "IPv4 checksum");
            assert_eq!([ip[0] >> 4, ip[1], ip[8], ip[9]], [4, 0, 64, 6]);
            let address = |at: usize| <[u8; 4]>::try_from(&ip[at..at + 4]).unwrap();
            let (from, to) = (Ipv4Addr::from(address(12)), Ipv4Addr::from(address(16)));
            let total = usize::from(u16::from_be_bytes([ip[2], ip[3]]));
            (IpAddr::V4(from), IpAddr::V4(to), header_bytes, total)
        } else {
            assert_eq!([ip[0], ip[6], ip[7]], [0x60, 6, 64]);
            let address = |at: usize| <[u8; 16]>::try_from(&ip[at..at + 16]).unwrap();
            let (from, to) = (Ipv6Addr::from(address(8)), Ipv6Addr::from(address(24)));
            let total = 40 + usize::from(u16::from_be_bytes([ip[4], ip[5]]));
            (IpAddr::V6(from), IpAddr::V6(to), 40, total)
        };
        let tcp = &ip[header_bytes..total];
        let word = |at: usize| u32::from_be_bytes(tcp[at..at + 4].try_into().unwrap());
        let half = |at: usize| u16::from_be_bytes(tcp[at..at + 2].try_into().unwrap());
        let tcp_bytes = usize::from(tcp[12] >> 4) * 4;
        let segment = Self {
            to_mac: bytes[..6].try_into().unwrap(),
            from_mac: bytes[6..12].try_into().unwrap(),
            tags,
            source,
            destination,
            ports: [half(0), half(2)],
            sequence: word(4),
            acknowledged: word(8),
            flags: tcp[13],
            window: half(14),
            options: tcp[20..tcp_bytes].to_vec(),
            payload: tcp[tcp_bytes..].to_vec(),
            ip_options: if is_v4 {
                ip[20..header_bytes].to_vec()
            } else {
                Vec::new()
            },
            fragment: if is_v4 {
                u16::from_be_bytes([ip[6], ip[7]])
            } else {
                0x4000
            },
            trailer: ip[total..].to_vec(),
        };
        assert_eq!(
            checksum(&[&segment.pseudo(tcp.len()), tcp]),
            0,
            "TCP checksum"
        );
        assert_eq!(half(18), 0, "no urgent data");
        segment
    }
}

/// The checksum of RFC 1071 over parts of even length, but for the last.
fn checksum(parts: &[&[u8]]) -> u16 {
    let mut sum = 0_u32;
    for part in parts {
        for pair in part.chunks(2) {
            sum += u32::from(pair[0]) << 8 | pair.get(1).map_or(0, |it| u32::from(*it));
        }
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}
