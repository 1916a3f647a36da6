//! The kernel side of `cargo xtask bench kernel`; no part of the product.
//!
//! A mutator gives the packet another source and jumps to the candidate that is measured. Beside
//! it stand the candidates that AEGIS is compared with, and the generator for floods over a cable.

#![no_std]
#![no_main]

mod source;

use core::mem::MaybeUninit;

use aya_ebpf::{
    bindings::{BPF_F_NO_PREALLOC, xdp_action},
    helpers::{bpf_jiffies64, bpf_ktime_get_ns, bpf_redirect},
    macros::{map, xdp},
    maps::{Array, HashMap, LpmTrie, ProgramArray, lpm_trie::Key},
    programs::XdpContext,
};

use crate::source::{Plan, SLICE_PACKETS, SLICES_MAX};

#[map]
static PLAN: Array<Plan> = Array::with_max_entries(1, 0);
/// When each slice of a run ended, in nanoseconds.
#[map]
static SLICES: Array<u64> = Array::with_max_entries(SLICES_MAX as u32, 0);
/// The candidate, where it takes packets in one buffer only.
#[map]
static JUMP: ProgramArray = ProgramArray::with_max_entries(1, 0);
/// The candidate, where it takes packets in several: the kernel keeps the two apart.
#[map]
static JUMP_FRAGS: ProgramArray = ProgramArray::with_max_entries(1, 0);

// The value is the jiffy at which an entry is over; user space says how many entries there are.
#[map]
static HASH_V4: HashMap<u32, u64> = HashMap::with_max_entries(1, 0);
#[map]
static HASH_V6: HashMap<u64, u64> = HashMap::with_max_entries(1, 0);
#[map]
static TRIE_V4: LpmTrie<[u8; 4], u64> = LpmTrie::with_max_entries(1, BPF_F_NO_PREALLOC);
#[map]
static TRIE_V6: LpmTrie<[u8; 8], u64> = LpmTrie::with_max_entries(1, BPF_F_NO_PREALLOC);

/// Changes the source, then jumps.
#[xdp]
pub fn mutate(ctx: XdpContext) -> u32 {
    let _ = change_source(&ctx).map(note_time);
    // SAFETY: nothing of ours is left to be dropped.
    unsafe { JUMP.tail_call(&ctx, 0) };
    xdp_action::XDP_ABORTED
}

/// The same for candidates that take packets in several buffers.
#[xdp(frags)]
pub fn mutate_frags(ctx: XdpContext) -> u32 {
    let _ = change_source(&ctx).map(note_time);
    // SAFETY: nothing of ours is left to be dropped.
    unsafe { JUMP_FRAGS.tail_call(&ctx, 0) };
    xdp_action::XDP_ABORTED
}

/// Changes the source, then sends the packet on a cable.
#[xdp]
pub fn generate(ctx: XdpContext) -> u32 {
    match change_source(&ctx) {
        // SAFETY: the call takes numbers only.
        Some(plan) => unsafe { bpf_redirect(plan.ifindex as u32, 0) as u32 },
        None => xdp_action::XDP_ABORTED,
    }
}

/// Changes the source and drops: what `generate` costs before it sends.
#[xdp]
pub fn make(ctx: XdpContext) -> u32 {
    match change_source(&ctx) {
        Some(_) => xdp_action::XDP_DROP,
        None => xdp_action::XDP_ABORTED,
    }
}

/// The floor of every figure: drops.
#[xdp]
pub fn empty(_ctx: XdpContext) -> u32 {
    xdp_action::XDP_DROP
}

/// The same behind the other jump.
#[xdp(frags)]
pub fn empty_frags(_ctx: XdpContext) -> u32 {
    xdp_action::XDP_DROP
}

/// Passes everything: what a host pays without a filter.
#[xdp]
pub fn pass_all(_ctx: XdpContext) -> u32 {
    xdp_action::XDP_PASS
}

/// Reads the source and does nothing with it.
#[xdp]
pub fn parse_only(ctx: XdpContext) -> u32 {
    match Source::read(&ctx) {
        // No packet of ours has these; without the question nothing would be read.
        Some(Source::V4(u32::MAX) | Source::V6(u64::MAX)) => xdp_action::XDP_DROP,
        Some(Source::V4(_) | Source::V6(_)) | None => xdp_action::XDP_PASS,
    }
}

// One program for each map: where two maps meet in one call, the kernel cannot build the lookup in.

/// What most filters do: a hash map, an expiry, no more.
#[xdp]
pub fn plain_hash_v4(ctx: XdpContext) -> u32 {
    drop_until(match Source::read(&ctx) {
        // SAFETY: entries are not removed while packets run.
        Some(Source::V4(address)) => unsafe { HASH_V4.get(address) },
        Some(Source::V6(_)) | None => None,
    })
}

/// The same by /64.
#[xdp]
pub fn plain_hash_v6(ctx: XdpContext) -> u32 {
    drop_until(match Source::read(&ctx) {
        // SAFETY: entries are not removed while packets run.
        Some(Source::V6(net)) => unsafe { HASH_V6.get(net) },
        Some(Source::V4(_)) | None => None,
    })
}

/// What filters that know prefixes do: a trie.
#[xdp]
pub fn trie_v4(ctx: XdpContext) -> u32 {
    let mut place = MaybeUninit::uninit();
    drop_until(match Source::read(&ctx) {
        Some(Source::V4(address)) => {
            TRIE_V4.get(TrieKey::write(&mut place, 32, u64::from(address)))
        }
        Some(Source::V6(_)) | None => None,
    })
}

/// The same by /64.
#[xdp]
pub fn trie_v6(ctx: XdpContext) -> u32 {
    let mut place = MaybeUninit::uninit();
    drop_until(match Source::read(&ctx) {
        Some(Source::V6(net)) => TRIE_V6.get(TrieKey::write(&mut place, 64, net)),
        Some(Source::V4(_)) | None => None,
    })
}

#[inline(always)]
fn drop_until(expires_at: Option<&u64>) -> u32 {
    match expires_at {
        // SAFETY: the kernel knows no failure of it.
        Some(expires_at) if unsafe { bpf_jiffies64() } < *expires_at => xdp_action::XDP_DROP,
        Some(_) | None => xdp_action::XDP_PASS,
    }
}

/// A trie's key: the prefix's length, then the address in words.
///
/// The address lies four bytes into the key. Left alone, the compiler writes it in eights, which
/// packets allow and the stack does not: volatile stores stay as they are written.
#[repr(C, align(8))]
struct TrieKey([u32; 4]);

impl TrieKey {
    /// Writes the key into `place`, where it stays: a copy of it would be made in eights again.
    #[inline(always)]
    fn write<T>(place: &mut MaybeUninit<Self>, prefix_len: u32, address: u64) -> &Key<T> {
        const { assert!(size_of::<Key<T>>() <= size_of::<Self>()) };
        let words: *mut u32 = place.as_mut_ptr().cast();
        // SAFETY: four words, each written once, within the key. The target is little-endian, so
        // the low half of a number lies first.
        unsafe {
            words.write_volatile(prefix_len);
            words.add(1).write_volatile(address as u32);
            words.add(2).write_volatile((address >> 32) as u32);
            words.add(3).write_volatile(0);
        }
        // SAFETY: the key is a packed word and bytes, the first ones of ours, just written.
        unsafe { &*words.cast() }
    }
}

/// A packet's source with the bytes of the wire: of IPv6 the /64.
enum Source {
    V4(u32),
    V6(u64),
}

const TYPE_OFFSET: usize = 12;
const ETHERTYPE_V4: u16 = 0x0800;
const ETHERTYPE_V6: u16 = 0x86dd;
const SOURCE_V4_OFFSET: usize = 26;
const SOURCE_V6_OFFSET: usize = 22;
/// Ethernet and the smaller of the two IP headers.
const HEADERS_BYTES: usize = 34;

impl Source {
    #[inline(always)]
    fn read(ctx: &XdpContext) -> Option<Self> {
        let start = start(ctx)?;
        // SAFETY: all of these lie within the first bytes, which `start` checked.
        unsafe {
            match u16::from_be((start.add(TYPE_OFFSET) as *const u16).read_unaligned()) {
                ETHERTYPE_V4 => Some(Self::V4(
                    (start.add(SOURCE_V4_OFFSET) as *const u32).read_unaligned(),
                )),
                ETHERTYPE_V6 => Some(Self::V6(
                    (start.add(SOURCE_V6_OFFSET) as *const u64).read_unaligned(),
                )),
                _ => None,
            }
        }
    }
}

/// Returns the packet's start where both headers are there.
#[inline(always)]
fn start(ctx: &XdpContext) -> Option<*mut u8> {
    let start = ctx.data();
    (start + HEADERS_BYTES <= ctx.data_end()).then_some(start as *mut u8)
}

/// Notes the time where a slice of a run ends.
#[inline(always)]
fn note_time(plan: &Plan) {
    if !plan.counter.is_multiple_of(SLICE_PACKETS) {
        return;
    }
    let slice = (plan.counter / SLICE_PACKETS) % SLICES_MAX;
    if let Some(ended_at) = SLICES.get_ptr_mut(slice as u32) {
        // SAFETY: the map's value is a word, and one processor runs us at a time.
        unsafe { ended_at.write(bpf_ktime_get_ns()) };
    }
}

/// Writes the next source into the packet; returns the plan.
///
/// It is one store of eight bytes at the place where IPv6 has the network, and IPv4 time to live,
/// protocol, checksum and source: a store of four, read back as part of eight, would stall the
/// processor for longer than most candidates take.
#[inline(always)]
fn change_source(ctx: &XdpContext) -> Option<&'static Plan> {
    let start = start(ctx)?;
    let place = PLAN.get_ptr_mut(0)?;
    // SAFETY: the map's value is a plan, and one processor runs us at a time.
    let plan = unsafe { &mut *place };
    plan.counter = plan.counter.wrapping_add(1);
    let number = number(plan);
    let word = if plan.family == 4 {
        let address = match plan.fixed_v4 {
            0 => source::address_v4(number) | plan.bits_v4 as u32,
            fixed => fixed as u32,
        };
        word_v4(plan, u64::from(address.to_be()))
    } else {
        source::net_v6(number).to_be()
    };
    // SAFETY: within the headers, which `start` checked.
    unsafe { (start.add(SOURCE_V6_OFFSET) as *mut u64).write_unaligned(word) };
    Some(plan)
}

/// Draws the number of the next source.
#[inline(always)]
fn number(plan: &Plan) -> u64 {
    let random = scatter(plan.counter);
    if plan.counter & plan.benign_mask == 0 {
        return plan.benign_first + (random & 0xff);
    }
    plan.first + ((random * plan.count) >> 32)
}

/// Returns 32 bits that look random.
#[inline(always)]
fn scatter(counter: u64) -> u64 {
    let mut x = counter.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x ^= x >> 32;
    x.wrapping_mul(0xd6e8_feb8_6659_fd93) >> 32
}

/// Returns time to live, protocol, checksum and source as they lie in the header.
#[inline(always)]
fn word_v4(plan: &Plan, source: u64) -> u64 {
    let sum = plan.sum_v4 + (source & 0xffff) + (source >> 16);
    let sum = (sum & 0xffff) + (sum >> 16);
    let sum = (sum & 0xffff) + (sum >> 16);
    plan.head_v4 | ((!sum & 0xffff) << 16) | (source << 32)
}

#[panic_handler]
fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
    // Never linked: the build fails where a panic remains.
    loop {}
}

/// Some of the calls above are for GPL programs only; the kernel wants to read as much.
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
