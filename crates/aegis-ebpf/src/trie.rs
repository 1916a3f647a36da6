//! Keys of the kernel's tries.

use core::mem::MaybeUninit;

use aegis_abi::AddressV6;
use aya_ebpf::maps::lpm_trie::Key;

/// A trie key of a whole IPv4 address, aligned as the verifier wants the stack.
#[repr(C, align(8))]
pub(crate) struct TrieKey4 {
    prefix_len: u32,
    address: u32,
    padding: u64,
}

impl TrieKey4 {
    #[inline(always)]
    pub(crate) const fn new(address: u32) -> Self {
        Self {
            prefix_len: 32,
            address,
            padding: 0,
        }
    }

    #[inline(always)]
    pub(crate) fn as_key(&self) -> &Key<[u8; 8]> {
        // SAFETY: `Key` is a packed word and 8 bytes, the first 12 of ours.
        unsafe { &*(&raw const *self).cast() }
    }
}

/// A trie key of a whole IPv6 address, written in words.
///
/// The address lies four bytes into the key. Left alone, the compiler writes it in eights, which
/// packets allow and the stack does not.
#[repr(C, align(8))]
pub(crate) struct TrieKey6([u32; 6]);

impl TrieKey6 {
    /// Writes the key into `place`, where it stays: a copy of it would be made in eights again.
    #[inline(always)]
    pub(crate) fn write(place: &mut MaybeUninit<Self>, address: AddressV6) -> &Key<[u8; 16]> {
        let words: *mut u32 = place.as_mut_ptr().cast();
        // SAFETY: six words, each written once, within the key. The target is little-endian, so
        // the low half of a number lies first.
        unsafe {
            words.write_volatile(128);
            words.add(1).write_volatile(address.net as u32);
            words.add(2).write_volatile((address.net >> 32) as u32);
            words.add(3).write_volatile(address.host as u32);
            words.add(4).write_volatile((address.host >> 32) as u32);
            words.add(5).write_volatile(0);
        }
        // SAFETY: `Key` is a packed word and 16 bytes, the first 20 of ours, just written.
        unsafe { &*words.cast() }
    }
}
