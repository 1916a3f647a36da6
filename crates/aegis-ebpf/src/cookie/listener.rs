//! The listening socket that a segment would reach, which makes and checks the cookies.
//!
//! The kernel has these functions in two kinds. Those that take a socket also note on it that it
//! sent a cookie, without which the stack would not take the cookie back; and they refuse where the
//! host does not want cookies. Those that take none would need a request let through to every
//! listener now and then, and a flood of requests that the stack throws away could see to it that
//! none ever gets there.

use core::mem::MaybeUninit;

use aya_ebpf::{
    EbpfContext as _,
    bindings::bpf_sock,
    helpers::generated::{
        bpf_sk_release, bpf_skc_lookup_tcp, bpf_tcp_check_syncookie, bpf_tcp_gen_syncookie,
    },
    programs::XdpContext,
};

use super::{
    answer::{Cookie, Request, Words},
    segment::Segment,
};

/// The network namespace that the packet came in by.
const HERE: u64 = u64::MAX;
const TCP_HEADER_BYTES: u32 = 20;

/// A socket that must be released, found by both ends: the standing connection where there is one,
/// else the listener.
#[must_use]
pub(super) struct Listener(*mut bpf_sock);

impl Listener {
    /// Finds it by source and destination address and ports, with the bytes of the wire.
    #[inline(always)]
    pub(super) fn find<const N: usize>(ctx: &XdpContext, tuple: [u32; N]) -> Option<Self> {
        let mut place = MaybeUninit::uninit();
        let tuple = Words::write(&mut place, tuple).as_mut_ptr();
        // SAFETY: the tuple is as long as we say; its length tells the family.
        let socket = unsafe { bpf_skc_lookup_tcp(ctx.as_ptr(), tuple, bytes_of(N), HERE, 0) };
        (!socket.is_null()).then_some(Self(socket))
    }

    /// Makes the cookie for a request of `bytes` bytes of TCP header; `None` where the socket does
    /// not listen, has no room for more connections, or the host wants no cookies.
    #[inline(always)]
    pub(super) fn cookie<const N: usize>(
        &self,
        ip: [u32; N],
        request: &mut Request,
        bytes: u32,
    ) -> Option<Cookie> {
        let mut place = MaybeUninit::uninit();
        let ip = Words::write(&mut place, ip).as_mut_ptr();
        // SAFETY: the socket is ours, and both headers are as long as we say.
        let value = unsafe {
            bpf_tcp_gen_syncookie(self.0.cast(), ip, bytes_of(N), request.as_mut_ptr(), bytes)
        };
        Cookie::parse(value)
    }

    /// Returns whether the segment acknowledges a cookie of this listener.
    #[inline(always)]
    pub(super) fn check<const N: usize>(&self, ip: [u32; N], segment: &Segment) -> bool {
        let (mut ip_place, mut tcp_place) = (MaybeUninit::uninit(), MaybeUninit::uninit());
        let ip = Words::write(&mut ip_place, ip).as_mut_ptr();
        let tcp = Words::write(&mut tcp_place, segment.header()).as_mut_ptr();
        // SAFETY: as above.
        let result = unsafe {
            bpf_tcp_check_syncookie(self.0.cast(), ip, bytes_of(N), tcp, TCP_HEADER_BYTES)
        };
        result == 0
    }

    /// Gives the socket back; the verifier sees to it that this is done once on every way.
    #[inline(always)]
    pub(super) fn release(self) {
        // SAFETY: the socket is ours and not touched after.
        unsafe { bpf_sk_release(self.0.cast()) };
    }
}

const fn bytes_of(words: usize) -> u32 {
    (words * 4) as u32
}
