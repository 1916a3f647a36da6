//! Where there are prefixes, and of which lengths: what keeps them from costing anything elsewhere.

use aegis_abi::maps;

use super::place::Prefix;
use crate::sys::SharedMemory;

/// The writer of the gates. What is open may hold something; what is shut holds nothing.
#[derive(Debug)]
pub(in crate::kernel) struct Gate {
    words: SharedMemory<u64>,
    multiply: u64,
    /// Prefixes went, and what led to them is still open.
    is_stale: bool,
}

/// The parts of the gates that one prefix opens.
struct Part {
    bits_at: u32,
    first: u32,
    count: u32,
}

impl Gate {
    pub(in crate::kernel) fn new(words: SharedMemory<u64>, multiply: u64) -> Self {
        Self {
            words,
            multiply,
            is_stale: false,
        }
    }

    /// Opens the gate for a prefix. The lengths are there before the bit that leads to them.
    pub(in crate::kernel) fn open(&self, prefix: Prefix) {
        open(&self.words, prefix, self.multiply);
    }

    /// Returns whether everything is open that leads to a prefix.
    pub(in crate::kernel) fn is_open(&self, prefix: Prefix) -> bool {
        let mut look = Look {
            words: &self.words,
            is_open: true,
        };
        open(&mut look, prefix, self.multiply);
        look.is_open
    }

    /// Says that a prefix went.
    pub(in crate::kernel) fn note_stale(&mut self) {
        self.is_stale = true;
    }

    /// Shuts what leads to no prefix any more; `prefixes` are all there are.
    pub(in crate::kernel) fn refresh(&mut self, prefixes: impl Iterator<Item = Prefix>) {
        if !self.is_stale {
            return;
        }
        self.is_stale = false;
        let mut fresh = vec![0_u64; maps::ALLOW_V4_AT as usize];
        for prefix in prefixes {
            open(&mut fresh[..], prefix, self.multiply);
        }
        // Bits lie before lengths, so that nothing is led to a length that is gone.
        for (index, word) in fresh.into_iter().enumerate() {
            if self.words.word(index) != word {
                self.words.set_word(index, word);
            }
        }
    }

    /// Opens exactly the gates of IPv4 exemptions that these lead to: address and length each.
    pub(in crate::kernel) fn set_exemptions(&self, exemptions: impl Iterator<Item = (u32, u32)>) {
        let mut fresh = vec![0_u64; maps::ALLOW_V4_WORDS as usize];
        for (address, length) in exemptions {
            let part = part_v4(maps::ALLOW_V4_AT, address, length);
            for place in part.first..part.first + part.count {
                fresh[(place >> 6) as usize] |= 1 << (place & 63);
            }
        }
        for (index, word) in fresh.into_iter().enumerate() {
            let at = maps::ALLOW_V4_AT as usize + index;
            if self.words.word(at) != word {
                self.words.set_word(at, word);
            }
        }
    }

    /// Opens the gate of one IPv4 exemption.
    pub(in crate::kernel) fn open_exemption(&self, address: u32, length: u32) {
        let part = part_v4(maps::ALLOW_V4_AT, address, length);
        for place in part.first..part.first + part.count {
            set_bit(&self.words, part.bits_at, place);
        }
    }
}

/// Words that bits are added to.
trait Words {
    fn add(&mut self, index: usize, bits: u64);
}

impl Words for &SharedMemory<u64> {
    fn add(&mut self, index: usize, bits: u64) {
        let before = self.word(index);
        if before | bits != before {
            self.set_word(index, before | bits);
        }
    }
}

impl Words for &mut [u64] {
    fn add(&mut self, index: usize, bits: u64) {
        self[index] |= bits;
    }
}

/// Words that are only looked at.
struct Look<'a> {
    words: &'a SharedMemory<u64>,
    /// Whether all bits were there so far.
    is_open: bool,
}

impl Words for &mut Look<'_> {
    fn add(&mut self, index: usize, bits: u64) {
        self.is_open &= self.words.word(index) & bits == bits;
    }
}

fn open(mut words: impl Words, prefix: Prefix, multiply: u64) {
    match prefix {
        Prefix::V4 { address, length } => {
            let part = part_v4(maps::GATE_V4_AT, address, length);
            let marker = 1_u64 << (31 - length);
            for place in part.first..part.first + part.count {
                let lengths = (maps::LENGTHS_V4_AT + (place >> 1)) as usize;
                words.add(lengths, marker << ((place & 1) * 32));
                set_bit_in(&mut words, part.bits_at, place);
            }
        }
        Prefix::V6 { net, length } => {
            let first = net >> 32;
            let count = 1_u64 << 32_u32.saturating_sub(length);
            for top in first..first + count {
                let place = maps::gate_index_v6(top << 32, multiply);
                words.add((maps::LENGTHS_V6_AT + place) as usize, 1 << (63 - length));
                set_bit_in(&mut words, maps::GATE_V6_AT, place);
            }
        }
    }
}

fn part_v4(bits_at: u32, address: u32, length: u32) -> Part {
    let count = 1 << 16_u32.saturating_sub(length);
    Part {
        bits_at,
        first: address >> 16,
        count,
    }
}

fn set_bit(mut words: &SharedMemory<u64>, base: u32, place: u32) {
    set_bit_in(&mut words, base, place);
}

fn set_bit_in(words: &mut impl Words, base: u32, place: u32) {
    words.add((base + (place >> 6)) as usize, 1 << (place & 63));
}
