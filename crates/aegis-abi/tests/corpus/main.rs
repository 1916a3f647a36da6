//! Replays the fuzzer's corpus of packets, and every cut of each, through both parsers.

mod reference;

use std::{fs, path::Path};

#[test]
fn every_packet_of_the_corpus_is_read_alike_by_both_parsers() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/parse_packet");
    let mut packets = 0;
    for entry in fs::read_dir(corpus).unwrap() {
        let packet = fs::read(entry.unwrap().path()).unwrap();
        for end in 0..=packet.len() {
            reference::check(&packet[..end]);
        }
        packets += 1;
    }
    assert!(packets >= 20, "the corpus has only {packets} packets");
}

#[test]
fn every_flip_of_a_bit_is_read_alike_by_both_parsers() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/parse_packet");
    for entry in fs::read_dir(corpus).unwrap() {
        let packet = fs::read(entry.unwrap().path()).unwrap();
        for bit in 0..packet.len() * 8 {
            let mut flipped = packet.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            reference::check(&flipped);
        }
    }
}
