//! The AEGIS kernel program: drops packets of blocked sources before the stack sees them.
//!
//! The same decision runs in native and generic XDP and at the traffic-control ingress hook. It
//! reads its tables and configuration from maps that user space fills, it expires blocks by the
//! kernel's tick counter, and it needs nobody alive to go on dropping.

#![no_std]
#![no_main]
#![feature(core_intrinsics)]
#![expect(
    internal_features,
    reason = "the target has no stable way to the atomic addition that the kernel has"
)]

mod cookie;
mod detect;
mod filter;
mod frame;
mod lists;
mod tables;
mod trie;

use aegis_abi::Clock;
use aya_ebpf::{
    bindings::{TC_ACT_OK, TC_ACT_SHOT, xdp_action},
    helpers::{bpf_jiffies64, bpf_ktime_get_ns},
    macros::{classifier, xdp},
    programs::{TcContext, XdpContext},
};

use crate::{
    cookie::{Challenge, Responder, Silent},
    filter::{Fate, decide},
    frame::{Known, Length, SkbFrame, Spread, XdpFrame},
};

// What is in line is what the kernel calls: the compiler makes one function of the two only where it
// is told to.

/// Decides at XDP where a packet lies in one buffer.
#[xdp]
#[inline(always)]
pub fn aegis_xdp(ctx: XdpContext) -> u32 {
    act_xdp(&ctx, &one_buffer(&ctx), &Silent)
}

/// Decides at XDP where a packet may lie in several buffers: its headers lie in the first.
#[xdp(frags)]
#[inline(always)]
pub fn aegis_xdp_frags(ctx: XdpContext) -> u32 {
    act_xdp(&ctx, &Spread(&ctx), &Silent)
}

/// As `aegis_xdp`, and answers connection requests with SYN cookies where it is told to.
#[xdp]
#[inline(always)]
pub fn aegis_xdp_cookie(ctx: XdpContext) -> u32 {
    act_xdp(&ctx, &one_buffer(&ctx), &Responder(&ctx))
}

/// As `aegis_xdp_frags`, and answers connection requests with SYN cookies where it is told to.
#[xdp(frags)]
#[inline(always)]
pub fn aegis_xdp_frags_cookie(ctx: XdpContext) -> u32 {
    act_xdp(&ctx, &Spread(&ctx), &Responder(&ctx))
}

/// Decides at the traffic-control ingress hook.
#[classifier]
#[inline(always)]
pub fn aegis_tc(ctx: TcContext) -> i32 {
    let length = Known(u64::from(ctx.len()));
    match decide(&SkbFrame::new(&ctx), &length, &Silent) {
        // What comes after us still has its say, as after XDP. Nothing is answered here.
        Fate::Pass | Fate::Answer => TC_ACT_UNSPEC,
        Fate::Drop => TC_ACT_SHOT,
    }
}

/// Reads the tick counter for user space, which has no other way to it.
#[xdp]
pub fn aegis_clock(_ctx: XdpContext) -> u32 {
    if let Some(clock) = tables::CLOCK.get_ptr_mut(0) {
        // SAFETY: the kernel knows no failure of these two.
        let (jiffies, monotonic_ns) = unsafe { (bpf_jiffies64(), bpf_ktime_get_ns()) };
        let now = Clock {
            jiffies,
            monotonic_ns,
        };
        // SAFETY: the map's value is a `Clock` and lives as long as the program.
        unsafe { clock.write(now) };
    }
    xdp_action::XDP_PASS
}

/// Passes the packet on to the next program at the hook.
const TC_ACT_UNSPEC: i32 = -1;
const _: () = assert!(TC_ACT_OK == 0 && TC_ACT_SHOT == 2);

#[inline(always)]
fn act_xdp(ctx: &XdpContext, length: &impl Length, challenge: &impl Challenge) -> u32 {
    match decide(&XdpFrame::new(ctx), length, challenge) {
        Fate::Pass => xdp_action::XDP_PASS,
        Fate::Drop => xdp_action::XDP_DROP,
        Fate::Answer => xdp_action::XDP_TX,
    }
}

#[inline(always)]
fn one_buffer(ctx: &XdpContext) -> Known {
    Known((ctx.data_end() - ctx.data()) as u64)
}

#[panic_handler]
fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
    // Never linked: the build fails where a panic remains.
    loop {}
}

#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
