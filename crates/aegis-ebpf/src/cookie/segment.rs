//! The TCP header as far as a handshake goes.

use aegis_abi::Frame as _;
use aya_ebpf::programs::XdpContext;

use crate::frame::XdpFrame;

/// A TCP header whose first sixteen bytes are there. Words have the bytes of the wire.
pub(super) struct Segment {
    /// Where it starts in the frame.
    pub(super) offset: usize,
    /// Source and destination port.
    pub(super) ports: u32,
    pub(super) sequence: u32,
    pub(super) acknowledged: u32,
    /// Its length in words, the flags, and the window.
    control: u32,
}

/// What part of a handshake a segment may be.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// It asks for a connection and says nothing else.
    Request,
    /// It may complete one.
    Acknowledgement,
}

impl Segment {
    const FIN: u8 = 0x01;
    const SYN: u8 = 0x02;
    const RST: u8 = 0x04;
    const ACK: u8 = 0x10;

    #[inline(always)]
    pub(super) fn read(ctx: &XdpContext, offset: usize) -> Option<Self> {
        let frame = XdpFrame::at(ctx, offset);
        let word = |at: usize| frame.load(at).map(u32::from_ne_bytes);
        Some(Self {
            offset,
            ports: word(0)?,
            sequence: word(4)?,
            acknowledged: word(8)?,
            control: word(12)?,
        })
    }

    /// Returns what it may be; a reset or an end is neither.
    #[inline(always)]
    pub(super) fn kind(&self) -> Option<Kind> {
        let [_, flags, ..] = self.control.to_ne_bytes();
        match flags & (Self::SYN | Self::ACK | Self::RST | Self::FIN) {
            Self::SYN => Some(Kind::Request),
            Self::ACK => Some(Kind::Acknowledgement),
            _ => None,
        }
    }

    /// Returns the length of the header with its options: 20 to 60.
    #[inline(always)]
    pub(super) fn header_bytes(&self) -> Option<u32> {
        let [length, ..] = self.control.to_ne_bytes();
        let bytes = u32::from(length >> 4) * 4;
        // SAFETY: a live local. Read so, the comparison is made of the very number that is used,
        // from which the verifier learns its limits.
        let bytes = unsafe { (&raw const bytes).read_volatile() } & 0x3c;
        (bytes >= 20).then_some(bytes)
    }

    /// Returns the ports of an answer.
    #[inline(always)]
    pub(super) const fn ports_back(&self) -> u32 {
        self.ports.rotate_left(16)
    }

    /// Returns the header without options and checksum.
    #[inline(always)]
    pub(super) const fn header(&self) -> [u32; 5] {
        [
            self.ports,
            self.sequence,
            self.acknowledged,
            self.control,
            0,
        ]
    }
}
