//! Tickets, which people paste from anywhere: any text is read or refused, and what is read has one
//! spelling.

#![no_main]

use aegis_net::{TICKET_CHARS_MAX, Ticket};
use libfuzzer_sys::fuzz_target;

const ALPHABET: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

fuzz_target!(|bytes: &[u8]| {
    if let Ok(text) = std::str::from_utf8(bytes) {
        check(text);
    }
    // Random words have no right checksum, so that nothing behind it would ever be read.
    check(&with_checksum(bytes));
});

fn check(text: &str) {
    let Ok(ticket) = text.parse::<Ticket>() else {
        return;
    };
    let word = ticket.to_text();
    assert!(word.len() <= TICKET_CHARS_MAX);
    assert_eq!(word, text.trim());
    assert_eq!(Ticket::new(ticket.parts().clone()).as_ref(), Ok(&ticket));
    assert_eq!(
        ticket.peer_addresses().count(),
        ticket.parts().addresses.len()
    );
}

/// Returns a word of these bytes, as Bech32m (BIP 350) writes it: digits first, then what makes the
/// remainder right. It is done otherwise than in the program, bit by bit.
fn with_checksum(bytes: &[u8]) -> String {
    let mut bits: Vec<bool> = bytes
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1))
        .collect();
    bits.resize(bits.len().next_multiple_of(5), false);
    let digit = |bits: &[bool]| bits.iter().fold(0, |sum, it| sum << 1 | u8::from(*it));
    let mut digits: Vec<u8> = bits.chunks(5).map(digit).collect();
    let name = b"aegis";
    let mut all: Vec<u8> = name.iter().map(|it| it >> 5).collect();
    all.push(0);
    all.extend(name.iter().map(|it| it & 31));
    all.extend(&digits);
    all.extend([0; 6]);
    let sum = all.iter().fold(1_u32, |sum, it| {
        let generator = [
            0x3b6a_57b2,
            0x2650_8e6d,
            0x1ea1_19fa,
            0x3d42_33dd,
            0x2a14_62b3,
        ];
        let terms = (0..5).filter(|bit| sum >> (25 + bit) & 1 == 1);
        terms.fold((sum & 0x01ff_ffff) << 5 ^ u32::from(*it), |sum, bit| {
            sum ^ generator[bit]
        })
    }) ^ 0x2bc8_30a3;
    digits.extend((0..6).rev().map(|at| (sum >> (5 * at)) as u8 & 31));
    let letters = digits
        .iter()
        .map(|it| char::from(ALPHABET[usize::from(*it)]));
    "aegis1".chars().chain(letters).collect()
}
