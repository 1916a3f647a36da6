//! What the trust model costs for each report it hears: a case judged and closed, and one in
//! twenty learned from, as in the arena, with 50, 200 and 1,000 peers that all speak.

#![expect(
    clippy::unwrap_used,
    reason = "a bench whose set-up fails has nothing to measure"
)]

use std::hint::black_box;

use aegis_core::trust::aegis::AegisModel;
use aegis_core::trust::model::{Case, Introduction, TrustModel, Voice};
use aegis_core::{Confidence, Evidence, NodeId, Opinion, Score, Timestamp, Topic, Truth};
use divan::{Bencher, counter::ItemsCount};

const START: Timestamp = Timestamp::from_secs(1_790_000_000);

/// Cases between two of which the truth becomes known.
const LEARNED_EVERY: u64 = 20;
/// Cases behind a model that is measured: its ring of columns is full.
const CASES_BEFORE: u64 = 300;

fn main() {
    divan::main();
}

/// Judges and closes one case, and learns from every twentieth.
#[divan::bench(args = [50, 200, 1_000])]
fn hear_a_case(bencher: Bencher<'_, '_>, peers: u64) {
    let mut model = AegisModel::default();
    for number in 0..peers {
        model.meet(START, peer(number), Introduction::default());
    }
    let mut number = 0;
    while number < CASES_BEFORE {
        hear(&mut model, peers, number);
        number += 1;
    }
    assert!(model.trust_of(START, &peer(0)).influence > 0.0);
    bencher.counter(ItemsCount::new(peers)).bench_local(|| {
        number += 1;
        black_box(hear(&mut model, peers, number))
    });
}

fn hear(model: &mut AegisModel, peers: u64, number: u64) -> f64 {
    let truth = if mixed(number, 0) % 10 < 3 {
        Truth::Malicious
    } else {
        Truth::Benign
    };
    let mut voices: Vec<Voice> = (0..peers).map(|it| voice(it, number, truth)).collect();
    voices.sort_unstable_by_key(|it| it.peer);
    let case = Case {
        topic: Topic::Access,
        voices: &voices,
        local: None,
    };
    let verdict = model.judge(START, &case);
    model.conclude(START, &case, &verdict);
    if number.is_multiple_of(LEARNED_EVERY) {
        model.learn(START, &case, truth);
    }
    verdict.probability.value()
}

/// Returns what a peer says that is right in 85 cases of a hundred.
fn voice(number: u64, case: u64, truth: Truth) -> Voice {
    let is_right = mixed(number + 1, case) % 100 < 85;
    let says_malicious = (truth == Truth::Malicious) == is_right;
    Voice {
        peer: peer(number),
        opinion: Opinion {
            score: Score::new(if says_malicious { 0.9 } else { -0.9 }).unwrap(),
            confidence: Confidence::new(0.9).unwrap(),
            sightings: 1,
            age: std::time::Duration::ZERO,
        },
        evidence: Evidence::Verified,
    }
}

fn peer(number: u64) -> NodeId {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&number.to_be_bytes());
    NodeId::from_public_key(key)
}

/// Returns a number that looks like chance and is the same in every run (SplitMix64's finish).
fn mixed(a: u64, b: u64) -> u64 {
    let mut state = a
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .wrapping_add(b.wrapping_mul(0xd1b5_4a32_d192_ed03));
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}
