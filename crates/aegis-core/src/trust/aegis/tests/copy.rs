//! Tests of copies: whoever repeats another's words is no voice of its own.

use super::*;

/// Returns a model of `originals` independent peers, numbered from 0, each of whom `copies` others
/// repeat word for word; all of them have proved themselves.
fn parroted(originals: u32, copies: u32) -> AegisModel {
    let mut model = met(0..originals * (copies + 1));
    for peer in 0..originals * (copies + 1) {
        for _ in 0..30 {
            learn(&mut model, &[(peer, Malicious)], Malicious);
            learn(&mut model, &[(peer, Benign)], Benign);
        }
    }
    for round in 0..100 {
        let said = noisy(0..originals, round);
        let all = (0..originals * (copies + 1)).map(|peer| {
            let (_, word) = said[(peer % originals) as usize];
            (peer, word)
        });
        conclude(&mut model, &all.collect::<Vec<_>>());
    }
    model
}

fn moved(model: &AegisModel, words: &[(u32, Truth)]) -> f64 {
    let voices = voices(words);
    let weighed = model.weigh(NOW, &case(&voices, None));
    weighed.sides[0] - weighed.sides[1]
}

fn all_say(peers: impl IntoIterator<Item = u32>, said: Truth) -> Vec<(u32, Truth)> {
    peers.into_iter().map(|peer| (peer, said)).collect()
}

#[test]
fn copies_of_several_voices_count_as_so_many_as_there_are_originals() {
    let model = parroted(5, 3);
    let alone = moved(&model, &all_say(0..5, Malicious));
    let with_copies = moved(&model, &all_say(0..20, Malicious));
    assert!(alone > 5.0, "{alone}");
    assert!((with_copies - alone).abs() < 1e-9, "{with_copies} {alone}");
    let verdict = judge(&model, &all_say(0..20, Malicious), None);
    assert!((verdict.voices - 5.0).abs() < 0.2, "{}", verdict.voices);
}

#[test]
fn independent_voices_are_nobodys_copies() {
    let model = proven(0..12);
    let verdict = judge(&model, &all_say(0..12, Malicious), None);
    assert!(verdict.voices > 11.5, "{}", verdict.voices);
}

#[test]
fn being_repeated_takes_nothing_from_what_a_voice_comes_to() {
    let model = parroted(4, 1);
    for peer in 0..4 {
        let alone = moved(&model, &[(peer, Malicious)]);
        let repeated = moved(&model, &[(peer, Malicious), (peer + 4, Malicious)]);
        assert!(repeated >= alone - 1e-9, "{repeated} {alone}");
    }
}

#[test]
fn who_repeats_a_voice_and_then_contradicts_it_takes_no_more_than_one_voice() {
    let model = parroted(3, 4);
    let mut words = all_say(0..3, Benign);
    words.extend(all_say(3..15, Malicious));
    let verdict = judge(&model, &words, None);
    assert_ne!(verdict.stance, Stance::Malicious, "{verdict:?}");
}

#[test]
fn nobody_takes_from_a_peer_whose_trust_is_fixed_by_repeating_it() {
    let mut model = parroted(3, 2);
    introduce(&mut model, 0, 1.0, true);
    let fixed = |words: &[(u32, Truth)]| {
        let voices = voices(words);
        model.weigh(NOW, &case(&voices, None)).fixed
    };
    let alone = fixed(&[(0, Malicious)]);
    assert!(alone > 2.0, "{alone}");
    let repeated = fixed(&[(0, Malicious), (3, Malicious), (6, Malicious)]);
    assert!(repeated > alone / 2.0, "{repeated} {alone}");
}
