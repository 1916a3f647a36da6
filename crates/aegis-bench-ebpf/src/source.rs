//! Where packets come from: numbered sources, the same in the kernel and in user space.
//!
//! A source's number tells whether it is listed: a list of N holds the numbers 0…N, and numbers
//! from 2^30 on are on no list. Addresses are a bijection of numbers, so a listed and an unlisted
//! source never share one, and any number can be made without a table.

/// Packets of a slice of a run.
pub(crate) const SLICE_PACKETS: u64 = 4096;
/// Slices of a run at most.
pub(crate) const SLICES_MAX: u64 = 256;

/// What the source of the next packet is drawn from. Every field is one word: the kernel program
/// reads what user space wrote as an array of words.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct Plan {
    /// Packets so far.
    pub(crate) counter: u64,
    /// The first number to draw.
    pub(crate) first: u64,
    /// How many numbers to draw from.
    pub(crate) count: u64,
    /// Packets whose counter has none of these bits are benign: all bits for none of them.
    pub(crate) benign_mask: u64,
    /// The first number of benign sources, of which there are 256.
    pub(crate) benign_first: u64,
    /// 4 or 6.
    pub(crate) family: u64,
    /// Bits that every IPv4 address gets on top.
    pub(crate) bits_v4: u64,
    /// The one IPv4 address to use instead; zero for none.
    pub(crate) fixed_v4: u64,
    /// Time to live and protocol of the IPv4 header, as the packet has them.
    pub(crate) head_v4: u64,
    /// The checksum's sum over the IPv4 header without source and checksum.
    pub(crate) sum_v4: u64,
    /// The interface to send on, for the generator.
    pub(crate) ifindex: u64,
}

/// Returns the IPv4 address of a source below 3 · 2^30, in host order.
///
/// The first byte is one of 192 that a packet may come from: 16…126 and 128…208. Which third of
/// the numbers an address belongs to changes from one address to the next, so unlisted sources lie
/// among the listed ones and not in networks of their own.
#[inline(always)]
pub(crate) const fn address_v4(number: u64) -> u32 {
    const MASK: u64 = (1 << 30) - 1;
    let mut x = number & MASK;
    x ^= x >> 15;
    x = (x * 0x2c1b_3c6d) & MASK;
    x ^= x >> 12;
    x = (x * 0x297a_2d39) & MASK;
    x ^= x >> 15;
    let third = (number >> 30) + (x & 0xff);
    // Less than 258: the division by three without dividing.
    let third = third - 3 * ((third * 171) >> 9);
    let first = 16 + 3 * (x >> 24) + third;
    // One more from 127 on, without a branch: no processor could foresee it.
    let first = first + ((first + 129) >> 8);
    ((first << 24) | (x & 0x00ff_ffff)) as u32
}

/// Returns the IPv6 /64 of a source, all within 2400::/6, in host order.
#[inline(always)]
pub(crate) const fn net_v6(number: u64) -> u64 {
    const MASK: u64 = (1 << 58) - 1;
    let mut x = number;
    x = x.wrapping_mul(0x9e37_79b9_7f4a_7c15) & MASK;
    x ^= x >> 29;
    x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9) & MASK;
    x ^= x >> 31;
    (0x24 << 56) | x
}
