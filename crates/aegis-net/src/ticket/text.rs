//! A ticket's word: `aegis1`, its bytes in groups of five bits, and a checksum.
//!
//! This is Bech32m (BIP 350) with the human-readable part `aegis`, in lower case, and longer than
//! the 90 characters that addresses of coins have. The alphabet leaves out 1, b, i and o. The
//! checksum is a remainder by a polynomial of degree six over the field of 32 elements, whose lowest
//! coefficient is not zero: so no single changed character gets past it whatever the length, and of
//! other changes one in 2^30.

use super::InvalidTicket;

/// The longest ticket in characters: what one still copies and pastes.
pub const TICKET_CHARS_MAX: usize = 1023;

const PREFIX: &str = "aegis1";
const ALPHABET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const CHECKSUM_CHARS: usize = 6;

/// What the remainder of a right word is (BIP 350).
const REMAINDER: u32 = 0x2bc8_30a3;

/// The generator times x⁶…, for each bit of the digit that leaves (BIP 173).
const GENERATOR: [u32; 5] = [
    0x3b6a_57b2,
    0x2650_8e6d,
    0x1ea1_19fa,
    0x3d42_33dd,
    0x2a14_62b3,
];

/// Returns whether so many bytes fit into a word.
pub(super) fn fits(bytes: usize) -> bool {
    let digits = (bytes * 8).div_ceil(5);
    PREFIX.len() + digits + CHECKSUM_CHARS <= TICKET_CHARS_MAX
}

/// Returns bytes as a word.
pub(super) fn encode(bytes: &[u8]) -> String {
    let mut digits = to_digits(bytes);
    let mut sum = Sum::new();
    let zeros = [0; CHECKSUM_CHARS];
    digits.iter().chain(&zeros).for_each(|it| sum.add(*it));
    let checksum = sum.0 ^ REMAINDER;
    for at in (0..CHECKSUM_CHARS).rev() {
        digits.push((checksum >> (5 * at)) as u8 & 31);
    }
    let letters = digits
        .iter()
        .map(|it| char::from(ALPHABET[usize::from(*it)]));
    PREFIX.chars().chain(letters).collect()
}

/// Returns the bytes of a word.
pub(super) fn decode(word: &str) -> Result<Vec<u8>, InvalidTicket> {
    if word.len() > TICKET_CHARS_MAX {
        return Err(InvalidTicket::TooLong);
    }
    let letters = word.strip_prefix(PREFIX).ok_or(InvalidTicket::NotOne)?;
    let mut digits = Vec::with_capacity(letters.len());
    for (index, letter) in letters.chars().enumerate() {
        let digit = ALPHABET.iter().position(|it| char::from(*it) == letter);
        let at = PREFIX.len() + index + 1;
        digits.push(digit.ok_or(InvalidTicket::Character { at })? as u8);
    }
    let mut sum = Sum::new();
    digits.iter().for_each(|it| sum.add(*it));
    if digits.len() < CHECKSUM_CHARS || sum.0 != REMAINDER {
        return Err(InvalidTicket::Checksum);
    }
    digits.truncate(digits.len() - CHECKSUM_CHARS);
    from_digits(&digits).ok_or(InvalidTicket::Field {
        field: "end",
        problem: "the last character is not as it must be",
    })
}

/// The remainder of what was added so far, digit by digit.
struct Sum(u32);

impl Sum {
    /// Begins with the part that people read, its high bits first.
    fn new() -> Self {
        let mut sum = Self(1);
        let name = PREFIX.trim_end_matches('1').bytes();
        name.clone().for_each(|it| sum.add(it >> 5));
        sum.add(0);
        name.for_each(|it| sum.add(it & 31));
        sum
    }

    fn add(&mut self, digit: u8) {
        let leaves = self.0 >> 25;
        self.0 = (self.0 & 0x01ff_ffff) << 5 ^ u32::from(digit);
        for (bit, part) in GENERATOR.iter().enumerate() {
            if leaves >> bit & 1 == 1 {
                self.0 ^= part;
            }
        }
    }
}

/// Splits bytes into groups of five bits, the last one filled up with zeros.
fn to_digits(bytes: &[u8]) -> Vec<u8> {
    let mut digits = Vec::with_capacity((bytes.len() * 8).div_ceil(5));
    let (mut held, mut bits) = (0_u32, 0);
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            digits.push((held >> bits) as u8 & 31);
        }
        held &= (1 << bits) - 1;
    }
    if bits > 0 {
        digits.push((held << (5 - bits)) as u8 & 31);
    }
    digits
}

/// Joins groups of five bits to bytes; `None` where what is left over is not the zeros it must be.
fn from_digits(digits: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(digits.len() * 5 / 8);
    let (mut held, mut bits) = (0_u32, 0);
    for digit in digits {
        held = held << 5 | u32::from(*digit);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits) as u8);
            held &= (1 << bits) - 1;
        }
    }
    (bits < 5 && held == 0).then_some(bytes)
}
