//! The answer: the request turned round, with a cookie for a sequence number.

use core::mem::MaybeUninit;

use aya_ebpf::{
    helpers::generated::{bpf_xdp_adjust_tail, bpf_xdp_load_bytes, bpf_xdp_store_bytes},
    programs::XdpContext,
};

use super::segment::Segment;

/// Bytes of the answer's TCP header: with one option, the MSS.
pub(super) const TCP_BYTES: u8 = 24;
/// The longest TCP header of a request.
const REQUEST_BYTES_MAX: usize = 60;
/// The window that the kernel itself opens with: forty-four segments of 1460 bytes. Without the
/// request's options there is no scale.
const WINDOW: u16 = 64_240;
/// SYN and ACK.
const FLAGS: u8 = 0x12;
/// The option and its length.
const OPTION_MSS: [u8; 2] = [2, 4];

/// What became of the packet.
pub(super) enum Sent {
    /// It is the answer now.
    Turned,
    /// It is as it was, and can be read on.
    Untouched,
    /// It is as it was, but what pointed into it does so no more.
    Unread,
    /// It is neither, which the kernel has no way to let happen.
    Broken,
}

/// A cookie and the segment size in it.
#[derive(Clone, Copy)]
pub(super) struct Cookie {
    pub(super) sequence: u32,
    pub(super) mss: u16,
}

impl Cookie {
    /// Reads what the kernel gave: the cookie below, the segment size above, or an error.
    #[inline(always)]
    pub(super) const fn parse(value: i64) -> Option<Self> {
        if value < 0 {
            return None;
        }
        Some(Self {
            sequence: value as u32,
            mss: (value >> 32) as u16,
        })
    }

    /// Returns the same with a segment size that is not above `mss_max`.
    #[inline(always)]
    pub(super) const fn limit(self, mss_max: u16) -> Self {
        let mss = if self.mss < mss_max {
            self.mss
        } else {
            mss_max
        };
        Self { mss, ..self }
    }
}

/// The request's TCP header with its options, for the kernel to read the segment size from.
pub(super) struct Request([u64; REQUEST_BYTES_MAX.div_ceil(8)]);

impl Request {
    pub(super) const EMPTY: Self = Self([0; REQUEST_BYTES_MAX.div_ceil(8)]);

    /// Fills it from the frame and returns the length; `None` where the frame ends before.
    #[inline(always)]
    pub(super) fn fill(&mut self, ctx: &XdpContext, segment: &Segment) -> Option<u32> {
        let bytes = segment.header_bytes()?;
        let place = self.0.as_mut_ptr().cast();
        // SAFETY: there is room for 60 bytes, which is the most that four bits of words are.
        let result = unsafe { bpf_xdp_load_bytes(ctx.ctx, segment.offset as u32, place, bytes) };
        (result == 0).then_some(bytes)
    }

    #[inline(always)]
    pub(super) fn as_mut_ptr<T>(&mut self) -> *mut T {
        self.0.as_mut_ptr().cast()
    }
}

/// The six words of the answer's TCP header.
#[inline(always)]
pub(super) fn tcp_words(segment: &Segment, cookie: Cookie, pseudo: u64) -> [u32; 6] {
    let sequence = cookie.sequence.to_be();
    let acknowledged = u32::from_be(segment.sequence).wrapping_add(1).to_be();
    let [w1, w2] = WINDOW.to_be_bytes();
    let control = u32::from_ne_bytes([TCP_BYTES << 2, FLAGS, w1, w2]);
    let [m1, m2] = cookie.mss.to_be_bytes();
    let option = u32::from_ne_bytes([OPTION_MSS[0], OPTION_MSS[1], m1, m2]);
    let ports = segment.ports_back();
    let words = [ports, sequence, acknowledged, control, option];
    let sum = words.iter().fold(pseudo, |sum, it| sum + u64::from(*it));
    let [c1, c2] = checksum(sum).to_ne_bytes();
    let checksum = u32::from_ne_bytes([c1, c2, 0, 0]);
    [ports, sequence, acknowledged, control, checksum, option]
}

/// Folds a sum of words into the checksum of RFC 1071; byte order is of no matter to it.
#[inline(always)]
pub(super) fn checksum(sum: u64) -> u16 {
    let sum = (sum & 0xffff_ffff) + (sum >> 32);
    let sum = (sum & 0xffff) + ((sum >> 16) & 0xffff) + (sum >> 32);
    let sum = (sum & 0xffff) + (sum >> 16);
    let sum = (sum & 0xffff) + (sum >> 16);
    !(sum as u16)
}

/// Words on the stack, written one by one into their place: the compiler would join or copy them
/// across the alignment that the verifier wants there.
#[repr(C, align(8))]
pub(super) struct Words<const N: usize>([u32; N]);

impl<const N: usize> Words<N> {
    #[inline(always)]
    pub(super) fn write(place: &mut MaybeUninit<Self>, words: [u32; N]) -> &mut Self {
        let start: *mut u32 = place.as_mut_ptr().cast();
        let mut index = 0;
        while index < N {
            // SAFETY: one of N words.
            unsafe { start.add(index).write_volatile(words[index]) };
            index += 1;
        }
        // SAFETY: every word was just written.
        unsafe { place.assume_init_mut() }
    }

    #[inline(always)]
    pub(super) fn as_mut_ptr<T>(&mut self) -> *mut T {
        self.0.as_mut_ptr().cast()
    }
}

/// Makes the frame as long as the answer, turns its addresses round and writes `bytes` bytes of
/// headers at `offset`. VLAN tags stay as they are.
#[inline(always)]
pub(super) fn turn<const N: usize>(
    ctx: &XdpContext,
    (offset, bytes): (usize, u32),
    frame_bytes: u64,
    headers: &mut Words<N>,
) -> Sent {
    let mut macs = [0_u64; 2]; // twelve bytes, aligned
    let place: *mut u16 = macs.as_mut_ptr().cast();
    // SAFETY: there is room for twelve bytes.
    if unsafe { bpf_xdp_load_bytes(ctx.ctx, 0, place.cast(), 12) } != 0 {
        return Sent::Untouched;
    }
    // SAFETY: words of the array above, each within it.
    let word = |at: usize| unsafe { place.add(at).read_volatile() };
    let [d0, d1, d2, s0, s1, s2] = [word(0), word(1), word(2), word(3), word(4), word(5)];
    if d0 & 1 != 0 || s0 & 1 != 0 {
        return Sent::Untouched; // to a group, or from one
    }
    for (at, it) in [s0, s1, s2, d0, d1, d2].into_iter().enumerate() {
        // SAFETY: as above.
        unsafe { place.add(at).write_volatile(it) };
    }
    let change = offset as i64 + i64::from(bytes) - frame_bytes as i64;
    // SAFETY: the context is the kernel's. Pointers into the packet are not used any more.
    if unsafe { bpf_xdp_adjust_tail(ctx.ctx, change as i32) } != 0 {
        return Sent::Unread; // no room behind the packet
    }
    // SAFETY: the buffer holds as many bytes.
    let is_turned = unsafe { bpf_xdp_store_bytes(ctx.ctx, 0, place.cast(), 12) } == 0;
    // SAFETY: as above: callers say how many of the words count.
    let is_written =
        unsafe { bpf_xdp_store_bytes(ctx.ctx, offset as u32, headers.as_mut_ptr(), bytes) } == 0;
    if is_turned && is_written {
        Sent::Turned
    } else {
        Sent::Broken
    }
}
