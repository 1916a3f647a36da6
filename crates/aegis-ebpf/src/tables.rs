//! The maps, and what the program does with their values.

use core::{
    cell::UnsafeCell,
    intrinsics::{AtomicOrdering, atomic_or, atomic_xadd},
};

use aegis_abi::{
    AllowEntry, BlockEntry, Clock, Config, Counted, Counter, Counters, KeptCounters, config_flag,
    maps,
    table::{Bucket32, Bucket64, End, Hash, HashKey, StashEntry, StashKey},
};
use aya_ebpf::{
    bindings::{BPF_F_MMAPABLE, BPF_F_NO_PREALLOC},
    helpers::bpf_get_smp_processor_id,
    macros::map,
    maps::{Array, HashMap, LpmTrie, RingBuf},
};

/// What user space keeps of its configuration from one start to the next; not read here.
#[map]
pub(crate) static CONFIG: Array<Config> = Array::with_max_entries(1, 0);
/// The same, where the program reads it: at a fixed address, which a map's value is not.
#[unsafe(no_mangle)]
pub(crate) static SETTINGS: Shared<Config> = Shared::new(Config::ZERO);
/// What earlier loads counted, for user space; not touched here.
#[map]
static COUNTERS: Array<KeptCounters> = Array::with_max_entries(1, 0);
/// What this load counts. No other way to the counters of a CPU is as short.
#[unsafe(no_mangle)]
#[unsafe(link_section = ".bss.counters")]
static COUNTED: Shared<Counted> = Shared::new(Counted {
    cpus: [Counters::ZERO; maps::CPUS_MAX as usize],
});
#[map]
pub(crate) static GATES: Array<u32> = Array::with_max_entries(maps::GATE_COUNT, 0);
#[map]
pub(crate) static CLOCK: Array<Clock> = Array::with_max_entries(1, 0);

// The sizes here are placeholders: user space gives each map its own.
#[map]
pub(crate) static HOSTS_V4: Array<Bucket32> = Array::with_max_entries(2, BPF_F_MMAPABLE);
#[map]
pub(crate) static FILTER_V4: Array<u64> = Array::with_max_entries(1, BPF_F_MMAPABLE);
#[map]
pub(crate) static NETS_V6: Array<Bucket64> = Array::with_max_entries(2, BPF_F_MMAPABLE);
#[map]
pub(crate) static FILTER_V6: Array<u64> = Array::with_max_entries(1, BPF_F_MMAPABLE);
#[map]
pub(crate) static PREFIXES: Array<Bucket64> = Array::with_max_entries(2, BPF_F_MMAPABLE);
#[map]
pub(crate) static FILTER_PREFIX: Array<u64> = Array::with_max_entries(1, BPF_F_MMAPABLE);
#[map]
pub(crate) static GATE: Array<u64> = Array::with_max_entries(maps::GATE_WORDS, BPF_F_MMAPABLE);
// Without preallocation a table costs memory by what is in it, not by what would fit, and an entry
// that is removed lives until nobody reads it any more.
#[map]
pub(crate) static STASH: HashMap<StashKey, Shared<StashEntry>> =
    HashMap::with_max_entries(1, BPF_F_NO_PREALLOC);

// Keys are integers with the bytes of the wire, so that they are aligned on the stack.
#[map]
pub(crate) static OWN_V4: HashMap<u32, Shared<BlockEntry>> =
    HashMap::with_max_entries(maps::OWN_MAX, BPF_F_NO_PREALLOC);
#[map]
pub(crate) static OWN_NET64: HashMap<u64, Shared<BlockEntry>> =
    HashMap::with_max_entries(maps::OWN_MAX, BPF_F_NO_PREALLOC);
#[map]
pub(crate) static OWN_FILTER: Array<u64> =
    Array::with_max_entries(maps::OWN_FILTER_WORDS, BPF_F_MMAPABLE);
#[map]
pub(crate) static ALLOW_V4: LpmTrie<[u8; 8], AllowEntry> =
    LpmTrie::with_max_entries(maps::ALLOW_MAX, BPF_F_NO_PREALLOC);
#[map]
pub(crate) static ALLOW_V6: LpmTrie<[u8; 16], AllowEntry> =
    LpmTrie::with_max_entries(maps::ALLOW_MAX, BPF_F_NO_PREALLOC);

#[map]
pub(crate) static EVENTS: RingBuf = RingBuf::with_byte_size(maps::EVENTS_BYTES, 0);

/// A map value that several CPUs change at once, field by field.
#[repr(transparent)]
pub(crate) struct Shared<T>(UnsafeCell<T>);

// SAFETY: the value is only reached through the whole-field accesses below.
unsafe impl<T> Sync for Shared<T> {}

impl<T> Shared<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(UnsafeCell::new(value))
    }

    /// Returns where the value lies. Others change it too, field by field.
    #[inline(always)]
    pub(crate) const fn get(&self) -> *mut T {
        self.0.get()
    }
}

/// Adds `amount` to a value that other CPUs change too.
///
/// The target has no compare-and-swap in Rust's eyes, and so no `fetch_add` on its atomics; the
/// instruction itself has been there since kernel 5.12.
#[inline(always)]
fn add(value: *mut u64, amount: u64) {
    // SAFETY: callers pass a live, aligned field of a map value.
    unsafe { atomic_xadd::<u64, u64, { AtomicOrdering::Relaxed }>(value, amount) };
}

/// The address of one field of a shared map value.
macro_rules! field {
    ($value:expr, $field:ident) => {{
        // SAFETY: the value is a live map value, and this only computes an address.
        unsafe { &raw mut (*$value.0.get()).$field }
    }};
}

/// Reads a field whole, while other CPUs may write it.
macro_rules! read {
    ($value:expr, $field:ident) => {{
        let field = field!($value, $field);
        // SAFETY: the field is live and aligned.
        unsafe { field.read_volatile() }
    }};
}

/// Writes a field whole, while other CPUs may read it.
macro_rules! write {
    ($value:expr, $field:ident, $new:expr) => {{
        let field = field!($value, $field);
        // SAFETY: the field is live and aligned.
        unsafe { field.write_volatile($new) }
    }};
}

impl Shared<Config> {
    /// Returns the bits of [`aegis_abi::config_flag`].
    #[inline(always)]
    pub(crate) fn flags(&self) -> u32 {
        read!(self, flags)
    }

    /// Returns the jiffy up to which packets are dropped although the node observes.
    #[inline(always)]
    pub(crate) fn enforce_until(&self) -> u64 {
        read!(self, enforce_until)
    }

    /// Returns the jiffy from which on no entry of the lists counts.
    #[inline(always)]
    pub(crate) fn table_until(&self) -> u64 {
        read!(self, table_until)
    }

    /// Returns the key of every hash.
    #[inline(always)]
    pub(crate) fn hash_key(&self) -> HashKey {
        HashKey {
            add: read!(self, hash_add),
            multiply: read!(self, hash_multiply),
        }
    }

    /// Returns the buckets of blocked IPv4 addresses.
    #[inline(always)]
    pub(crate) fn hosts_v4(&self) -> u32 {
        read!(self, hosts_v4)
    }

    /// Returns the filter mask of those.
    #[inline(always)]
    pub(crate) fn filter_v4(&self) -> u32 {
        read!(self, filter_v4)
    }

    /// Returns the buckets of blocked IPv6 /64 prefixes.
    #[inline(always)]
    pub(crate) fn nets_v6(&self) -> u32 {
        read!(self, nets_v6)
    }

    /// Returns the filter mask of those.
    #[inline(always)]
    pub(crate) fn filter_v6(&self) -> u32 {
        read!(self, filter_v6)
    }

    /// Returns the buckets of other prefixes.
    #[inline(always)]
    pub(crate) fn prefixes(&self) -> u32 {
        read!(self, prefixes)
    }

    /// Returns the filter mask of those.
    #[inline(always)]
    pub(crate) fn filter_prefix(&self) -> u32 {
        read!(self, filter_prefix)
    }

    /// Returns by how much jiffies are shifted to be the unit of expiry.
    #[inline(always)]
    pub(crate) fn expiry_shift(&self) -> u32 {
        read!(self, expiry_shift)
    }

    /// Returns where IPv4 exemptions are.
    #[inline(always)]
    pub(crate) fn allow_v4(&self) -> u64 {
        read!(self, allow_v4)
    }

    /// Returns where IPv6 exemptions are.
    #[inline(always)]
    pub(crate) fn allow_v6(&self) -> [u64; 2] {
        let words = field!(self, allow_v6).cast::<u64>();
        // SAFETY: the field is live, aligned, and two words.
        unsafe { [words.read_volatile(), words.add(1).read_volatile()] }
    }

    /// Returns the lengths of prefixes longer than /64.
    #[inline(always)]
    pub(crate) fn long_lengths(&self) -> u64 {
        read!(self, long_lengths)
    }
}

impl Shared<BlockEntry> {
    /// Returns the jiffy from which on packets pass again.
    #[inline(always)]
    pub(crate) fn deadline(&self) -> u64 {
        read!(self, deadline)
    }

    /// Counts a packet that met this entry at jiffy `now`.
    #[inline(always)]
    pub(crate) fn count(&self, now: u64, bytes: u64) {
        add(field!(self, packets), 1);
        add(field!(self, bytes), bytes);
        write!(self, last_seen, now);
    }

    /// Starts another block on the detector's word; returns the violations with this one.
    #[inline(always)]
    pub(crate) fn renew(&self, deadline: u64) -> u32 {
        // Only the CPU that crossed the threshold comes here.
        let violations = read!(self, violations).saturating_add(1);
        write!(self, violations, violations);
        write!(self, deadline, deadline);
        violations
    }
}

impl Shared<StashEntry> {
    /// Returns when the entry ends.
    #[inline(always)]
    pub(crate) fn end(&self) -> End {
        End::from_bits(read!(self, end))
    }

    /// Counts a packet that met this entry.
    #[inline(always)]
    pub(crate) fn count(&self, bytes: u64) {
        add(field!(self, packets), 1);
        add(field!(self, bytes), bytes);
    }
}

/// The counters of the CPU we run on.
#[derive(Clone, Copy)]
pub(crate) struct CpuCounters(*mut Counters);

impl CpuCounters {
    #[inline(always)]
    pub(crate) fn here() -> Self {
        // SAFETY: the kernel knows no failure of this.
        let cpu = unsafe { bpf_get_smp_processor_id() };
        let counters = COUNTED.get().cast::<Counters>();
        // SAFETY: there are as many.
        Self(unsafe { counters.add((cpu & (maps::CPUS_MAX - 1)) as usize) })
    }

    #[inline(always)]
    pub(crate) fn add(self, counter: Counter, amount: u64) {
        // SAFETY: the slot is this CPU's own, no other program runs on it meanwhile, and the
        // counter is a constant within the array.
        unsafe {
            let slot = (&raw mut (*self.0).values)
                .cast::<u64>()
                .add(counter as usize);
            *slot += amount;
        }
    }

    #[inline(always)]
    pub(crate) fn count(self, counter: Counter) {
        self.add(counter, 1);
    }

    /// Returns a number that is spread evenly over the packets of which `counter` is counted on
    /// this CPU (Weyl's sequence), in its lower 32 bits.
    #[inline(always)]
    pub(crate) fn chance(self, counter: Counter) -> u64 {
        // SAFETY: as in `add`.
        let counted = unsafe {
            (&raw const (*self.0).values)
                .cast::<u64>()
                .add(counter as usize)
                .read()
        };
        counted.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32
    }
}

/// Whether this program blocked anything by itself. Written by nobody else, and never back.
#[unsafe(no_mangle)]
#[unsafe(link_section = ".bss.shared")]
static HAS_BLOCKED: Shared<u64> = Shared::new(0);

/// Returns whether this program blocked sources by itself.
#[inline(always)]
pub(crate) fn has_blocked() -> bool {
    // SAFETY: the value is live and aligned, and only ever accessed as a whole.
    unsafe { HAS_BLOCKED.get().read_volatile() != 0 }
}

/// Returns whether the kernel may have blocked sources by itself: this program, or an earlier one
/// whose blocks are there still.
#[inline(always)]
pub(crate) fn has_own(flags: u32) -> bool {
    flags & config_flag::OWN != 0 || has_blocked()
}

/// Returns whether gate `index` is open: its table may hold entries.
#[inline(always)]
pub(crate) fn is_open(index: u32) -> bool {
    GATES.get(index).is_some_and(|gate| *gate != 0)
}

/// Lets the program look for an entry of our own that was just made, behind gate `index`.
#[inline(always)]
pub(crate) fn open(index: u32, hash: Hash) {
    if let Some(word) = OWN_FILTER.get_ptr_mut(hash.word(maps::OWN_FILTER_WORDS - 1)) {
        // SAFETY: a live, aligned word of the map, which other CPUs change too.
        unsafe { atomic_or::<u64, u64, { AtomicOrdering::Relaxed }>(word, hash.bits()) };
    }
    // SAFETY: as in `has_blocked`.
    unsafe { HAS_BLOCKED.get().write_volatile(1) };
    if let Some(gate) = GATES.get_ptr_mut(index) {
        // SAFETY: the slot is live and aligned, and only ever accessed as a whole.
        unsafe { gate.write_volatile(1) };
    }
}
