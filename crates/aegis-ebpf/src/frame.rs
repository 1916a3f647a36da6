//! Where the bytes of a packet lie: in memory (XDP) or behind a call (traffic control).

use core::{intrinsics::unlikely, mem::MaybeUninit};

use aegis_abi::Frame;
use aya_ebpf::{
    EbpfContext as _,
    helpers::generated::{bpf_skb_load_bytes, bpf_xdp_get_buff_len},
    programs::{TcContext, XdpContext},
};

/// A packet that can be asked for anew.
pub(crate) trait Packet: Frame {
    /// Returns the same packet, asked for now: what has no use for it meanwhile keeps nothing of it
    /// in registers.
    fn again(&self) -> Self;

    /// Returns the same packet, of which nothing is known that was known of it before: where it may
    /// lie elsewhere by now, the verifier wants every check anew, and the compiler must not drop one.
    /// What was known need not be kept at hand meanwhile.
    fn anew(&self) -> Self;

    /// Returns whether its bytes cost nothing to read twice.
    fn is_in_memory(&self) -> bool;
}

/// A packet at XDP: bytes between two pointers that the verifier knows.
pub(crate) struct XdpFrame<'a> {
    start: usize,
    end: usize,
    ctx: &'a XdpContext,
}

impl<'a> XdpFrame<'a> {
    #[inline(always)]
    pub(crate) fn new(ctx: &'a XdpContext) -> Self {
        Self {
            start: ctx.data(),
            end: ctx.data_end(),
            ctx,
        }
    }

    /// Returns the frame from `offset` on, where that is a number that the verifier does not know.
    #[inline(always)]
    pub(crate) fn at(ctx: &'a XdpContext, offset: usize) -> Self {
        let start = ctx.data() + offset;
        Self {
            // SAFETY: a live local. Read so, the sum is made once: what the verifier learns of one
            // place in the packet it does not take to hold for another sum of the same numbers.
            start: unsafe { (&raw const start).read_volatile() },
            end: ctx.data_end(),
            ctx,
        }
    }
}

impl Packet for XdpFrame<'_> {
    #[inline(always)]
    fn again(&self) -> Self {
        Self::new(self.ctx)
    }

    #[inline(always)]
    fn anew(&self) -> Self {
        let ctx = self.ctx.ctx;
        // SAFETY: the context is the one the kernel called us with.
        let (start, end) = unsafe {
            let (start, end) = (&raw const (*ctx).data, &raw const (*ctx).data_end);
            (start.read_volatile(), end.read_volatile())
        };
        Self {
            start: start as usize,
            end: end as usize,
            ctx: self.ctx,
        }
    }

    #[inline(always)]
    fn is_in_memory(&self) -> bool {
        true
    }
}

impl Frame for XdpFrame<'_> {
    #[inline(always)]
    fn load<const N: usize>(&self, offset: usize) -> Option<[u8; N]> {
        let start = self.start + offset;
        if start + N > self.end {
            return None;
        }
        // SAFETY: `start..start + N` lies within the packet, checked above, and bytes need no
        // alignment.
        Some(unsafe { (start as *const [u8; N]).read() })
    }
}

/// A packet at traffic control, whose bytes may lie in several pieces.
pub(crate) struct SkbFrame<'a> {
    ctx: &'a TcContext,
}

impl<'a> SkbFrame<'a> {
    #[inline(always)]
    pub(crate) fn new(ctx: &'a TcContext) -> Self {
        Self { ctx }
    }
}

impl Packet for SkbFrame<'_> {
    #[inline(always)]
    fn again(&self) -> Self {
        Self::new(self.ctx)
    }

    #[inline(always)]
    fn anew(&self) -> Self {
        self.again()
    }

    #[inline(always)]
    fn is_in_memory(&self) -> bool {
        false
    }
}

impl Frame for SkbFrame<'_> {
    #[inline(always)]
    fn load<const N: usize>(&self, offset: usize) -> Option<[u8; N]> {
        let mut bytes = MaybeUninit::<[u8; N]>::uninit();
        // SAFETY: the context is the kernel's, and `bytes` has room for N bytes.
        let result = unsafe {
            bpf_skb_load_bytes(
                self.ctx.as_ptr(),
                offset as u32,
                bytes.as_mut_ptr().cast(),
                N as u32,
            )
        };
        if result != 0 {
            return None;
        }
        // SAFETY: the call above filled all of it.
        Some(unsafe { bytes.assume_init() })
    }
}

/// How long a packet is.
pub(crate) trait Length {
    /// Returns its bytes, of which its headers speak of `said`.
    fn bytes(&self, said: u64) -> u64;
}

/// A length that needs no look.
pub(crate) struct Known(pub(crate) u64);

impl Length for Known {
    #[inline(always)]
    fn bytes(&self, _said: u64) -> u64 {
        self.0
    }
}

/// The length of a packet that may lie in several buffers.
pub(crate) struct Spread<'a>(pub(crate) &'a XdpContext);

impl Length for Spread<'_> {
    /// Asks the kernel only where the first buffer holds less than what the headers speak of: the
    /// call costs more than looking the source up.
    #[inline(always)]
    fn bytes(&self, said: u64) -> u64 {
        let first = (self.0.data_end() - self.0.data()) as u64;
        if unlikely(said > first) {
            // SAFETY: the context is the one the kernel called us with.
            return unsafe { bpf_xdp_get_buff_len(self.0.ctx) };
        }
        first
    }
}
