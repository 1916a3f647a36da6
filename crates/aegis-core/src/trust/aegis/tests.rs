//! Tests of AEGIS's own trust model, mechanism by mechanism.

mod copy;
mod encoding;
mod governor;
mod misdeed;
mod property;
mod schism;

use std::time::Duration;

use super::*;
use crate::{
    Evidence, Opinion, Topic,
    trust::model::{Stance, Voice},
};

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);
const DAY: Duration = Duration::from_secs(86_400);
use Truth::{Benign, Malicious};

#[test]
fn history_of_a_peer_fits_into_512_bytes() {
    assert!(size_of::<(NodeId, History)>() <= 512);
}

#[test]
fn strangers_move_nothing_however_many() {
    let mut model = AegisModel::default();
    let crowd: Vec<_> = (0..2_000).map(|it| (it, Malicious)).collect();
    for peer in 0..10_000 {
        model.meet(NOW, id(peer), Introduction::default());
    }
    let verdict = judge(&model, &crowd, None);
    assert_eq!(verdict, judge(&model, &[], None));
    assert_eq!(verdict.voices, 0.0);
    assert!(model.peers.len() <= AegisConfig::default().peers_max);
}

#[test]
fn nobody_counts_who_was_never_met() {
    let mut model = AegisModel::default();
    for _ in 0..20 {
        learn(&mut model, &[(1, Malicious)], Malicious);
    }
    assert_eq!(
        judge(&model, &[(1, Malicious)], None),
        judge(&model, &[], None)
    );
}

#[test]
fn verified_words_earn_weight_and_wrong_ones_lose_it() {
    let mut model = met(1..=1);
    let mut last = 0.0;
    for _ in 0..10 {
        learn(&mut model, &[(1, Malicious)], Malicious);
        learn(&mut model, &[(1, Benign)], Benign);
        let influence = influence(&model, 1);
        assert!(influence >= last);
        last = influence;
    }
    assert!(last > 1.5, "{last}");
    for _ in 0..3 {
        learn(&mut model, &[(1, Benign)], Malicious);
    }
    assert!(influence_on(&model, 1, Benign) < 0.3);
}

#[test]
fn liars_count_nothing_and_never_the_opposite() {
    let mut model = met(1..=1);
    for _ in 0..50 {
        learn(&mut model, &[(1, Malicious)], Benign);
        learn(&mut model, &[(1, Benign)], Malicious);
    }
    for said in [Malicious, Benign] {
        assert_eq!(judge(&model, &[(1, said)], None), judge(&model, &[], None));
    }
}

#[test]
fn what_says_the_same_of_everything_says_nothing() {
    let mut model = met(1..=1);
    for _ in 0..50 {
        learn(&mut model, &[(1, Malicious)], Benign);
        learn(&mut model, &[(1, Malicious)], Malicious);
    }
    assert_eq!(influence(&model, 1), 0.0);
}

#[test]
fn one_pretrusted_word_is_enough_and_its_trust_fades() {
    let mut model = AegisModel::default();
    introduce(&mut model, 1, 1.0, false);
    let verdict = judge(&model, &[(1, Malicious)], None);
    assert!(verdict.probability.value() >= 0.75, "{verdict:?}");
    assert_eq!(verdict.stance, Stance::Malicious);
    assert!(model.trust_of(NOW, &id(1)).service_trust.value() > 0.999);
    for _ in 0..8 {
        learn(&mut model, &[(1, Malicious)], Benign);
        learn(&mut model, &[(1, Benign)], Malicious);
    }
    assert_eq!(influence(&model, 1), 0.0);
}

#[test]
fn fixed_trust_stays_at_either_end() {
    for (pretrust, least, most) in [(0.0, 0.0, 0.0), (0.5, 0.8, 0.9), (1.0, 2.19, 2.21)] {
        let mut model = AegisModel::default();
        introduce(&mut model, 1, pretrust, true);
        for truth in [Benign, Malicious] {
            for _ in 0..30 {
                learn(&mut model, &[(1, Malicious)], truth);
            }
            let influence = influence(&model, 1);
            assert!(
                (least..=most).contains(&influence),
                "{pretrust}: {influence}"
            );
        }
    }
}

#[test]
fn introduction_leaves_what_a_peer_did() {
    let mut model = proven(1..=1);
    let before = model.clone();
    introduce(&mut model, 1, 1.0, false);
    introduce(&mut model, 1, 0.0, false);
    assert_eq!(model.peers, before.peers);
}

#[test]
fn own_detectors_speak_where_nobody_else_does() {
    let model = AegisModel::default();
    assert_eq!(
        judge(&model, &[], Some(Malicious)).stance,
        Stance::Malicious
    );
    assert_eq!(judge(&model, &[], Some(Benign)).stance, Stance::Benign);
    assert_eq!(judge(&model, &[], None).stance, Stance::Unknown);
}

#[test]
fn block_that_always_agrees_has_one_voice() {
    let mut model = proven(1..=30);
    let crowd: Vec<_> = (1..=20).map(|it| (it, Malicious)).collect();
    let before = judge(&model, &crowd, None).voices;
    for round in 0..40 {
        let said = if round % 3 == 0 { Malicious } else { Benign };
        let words: Vec<_> = (1..=20).map(|it| (it, said)).collect();
        conclude(&mut model, &words);
    }
    let after = judge(&model, &crowd, None).voices;
    assert!(before > 10.0 && after < 1.1, "{before} {after}");
}

#[test]
fn block_that_begins_to_lie_as_one_loses_to_few_who_are_independent() {
    let mut model = proven(1..=30);
    // Twenty-five of thirty, who dissented before as often as the others, lie from now on.
    let words = |truth, odd: usize| -> Vec<_> {
        let against = if truth == Malicious {
            Benign
        } else {
            Malicious
        };
        (1..=30)
            .map(|it| {
                (
                    it,
                    if it <= 25 || it == 26 + odd as u32 {
                        against
                    } else {
                        truth
                    },
                )
            })
            .collect()
    };
    for round in 0..6 {
        conclude(&mut model, &words(Malicious, round % 5));
    }
    let verdict = judge(&model, &words(Benign, 1), None);
    assert_eq!(verdict.stance, Stance::Benign, "{verdict:?}");
}

#[test]
fn division_that_was_there_before_is_recognised() {
    let mut model = proven(1..=30);
    let words = |round: u32| -> Vec<_> {
        (1..=30)
            .map(|it| {
                (
                    it,
                    if it <= 25 || it == 26 + round % 5 {
                        Benign
                    } else {
                        Malicious
                    },
                )
            })
            .collect()
    };
    for round in 0..4 {
        conclude(&mut model, &words(round));
        for quiet in 0..20 {
            conclude(&mut model, &noisy(1..=30, quiet + round));
        }
    }
    let voices = voices(&words(1));
    let weighed = model.weigh(NOW, &case(&voices, None));
    assert!(weighed.split > 0.9, "{}", weighed.split);
    assert!(weighed.sides[1] < weighed.sides[0], "{:?}", weighed.sides);
}

#[test]
fn division_is_worth_a_check() {
    let model = proven(1..=10);
    let value = |words: &[(u32, Truth)]| {
        let voices = voices(words);
        let case = case(&voices, None);
        model.check_value(NOW, &case, &model.judge(NOW, &case))
    };
    let agreed: Vec<_> = (1..=10).map(|it| (it, Malicious)).collect();
    let divided: Vec<_> = (1..=10)
        .map(|it| (it, if it % 2 == 0 { Malicious } else { Benign }))
        .collect();
    assert!(value(&divided) > value(&agreed) + 0.4);
}

#[test]
fn absence_fades_a_word_slowly_and_liars_are_remembered() {
    let model = proven(1..=1);
    let at = |later: Duration| model.trust_of(NOW + later, &id(1)).influence;
    assert_eq!(at(DAY), at(Duration::ZERO));
    assert!(at(30 * DAY) > 0.7 * at(DAY));
    assert!(at(400 * DAY) < 0.1 * at(DAY));

    let mut model = AegisModel::new(AegisConfig {
        peers_max: 10,
        ..AegisConfig::default()
    });
    model.meet(NOW, id(0), Introduction::default());
    for _ in 0..3 {
        learn(&mut model, &[(0, Malicious)], Benign);
    }
    for peer in 1..100 {
        model.meet(NOW + DAY, id(peer), Introduction::default());
    }
    assert_eq!(model.peers.len(), 10);
    assert_eq!(model.trust_of(NOW, &id(0)).wrong, 3);
}

#[test]
fn recommendations_shift_by_one_pseudo_count_and_only_from_those_trusted() {
    let praise = Recommendation {
        malicious_right: 1_000,
        benign_right: 1_000,
        ..Recommendation::default()
    };
    let slander = Recommendation {
        malicious_wrong: 1_000,
        benign_wrong: 1_000,
        ..Recommendation::default()
    };
    let mut model = proven(1..=2);
    let shift = |model: &mut AegisModel, witness, said| {
        model.consider(NOW, id(2), &[(id(witness), said)]);
        model.peers[&id(2)].hearsay
    };
    assert_eq!(shift(&mut model, 9, praise), 0.0, "a stranger");
    assert_eq!(shift(&mut model, 2, praise), 0.0, "the peer itself");
    assert_eq!(
        shift(&mut model, 1, Recommendation::default()),
        0.0,
        "knows nothing"
    );
    assert_eq!(shift(&mut model, 1, praise), 1.0);
    assert_eq!(shift(&mut model, 1, slander), -1.0);
    model.meet(NOW, id(3), Introduction::default());
    model.consider(NOW, id(3), &[(id(1), praise)]);
    assert_eq!(influence(&model, 3), 0.0, "praise is no verified history");
}

#[test]
fn what_it_recommends_are_counts() {
    let model = proven(1..=1);
    let said = model.recommend(&id(1)).unwrap();
    assert!(said.malicious_right > 20 && said.benign_right > 20);
    assert_eq!((said.malicious_wrong, said.benign_wrong), (0, 0));
    assert_eq!(met(1..=1).recommend(&id(1)), None);
}

#[test]
fn deeds_earn_nothing() {
    let mut model = met(1..=1);
    let before = model.peers.clone();
    for deed in [
        Deed::Ping { is_good: true },
        Deed::Asked,
        Deed::Alerted,
        Deed::Answered,
    ] {
        model.book(NOW, id(1), deed);
    }
    assert_eq!(model.peers, before);
}

/// Returns peer number `number`; their order as keys is not that of their numbers.
fn id(number: u32) -> NodeId {
    let mut key = [0; 32];
    key[..4].copy_from_slice(&number.wrapping_mul(2_654_435_761).to_be_bytes());
    NodeId::from_public_key(key)
}

fn opinion(said: Truth) -> Opinion {
    Opinion {
        score: match said {
            Malicious => Score::MALICIOUS,
            Benign => Score::BENIGN,
        },
        confidence: Confidence::FULL,
        sightings: 1,
        age: Duration::ZERO,
    }
}

fn voices(words: &[(u32, Truth)]) -> Vec<Voice> {
    let mut voices: Vec<_> = words
        .iter()
        .map(|(peer, said)| Voice {
            peer: id(*peer),
            opinion: opinion(*said),
            evidence: Evidence::Verified,
        })
        .collect();
    voices.sort_by_key(|it| it.peer);
    voices
}

fn case(voices: &[Voice], local: Option<Truth>) -> Case<'_> {
    Case {
        topic: Topic::Access,
        voices,
        local: local.map(opinion),
    }
}

fn judge(model: &AegisModel, words: &[(u32, Truth)], local: Option<Truth>) -> Verdict {
    model.judge(NOW, &case(&voices(words), local))
}

fn conclude(model: &mut AegisModel, words: &[(u32, Truth)]) {
    let voices = voices(words);
    let case = case(&voices, None);
    let verdict = model.judge(NOW, &case);
    model.conclude(NOW, &case, &verdict);
}

fn learn(model: &mut AegisModel, words: &[(u32, Truth)], truth: Truth) {
    model.learn(NOW, &case(&voices(words), None), truth);
}

fn introduce(model: &mut AegisModel, peer: u32, pretrust: f64, is_fixed: bool) {
    let introduction = Introduction {
        pretrust: Confidence::new(pretrust).unwrap(),
        is_fixed,
    };
    model.meet(NOW, id(peer), introduction);
}

fn met(peers: impl IntoIterator<Item = u32>) -> AegisModel {
    let mut model = AegisModel::default();
    for peer in peers {
        model.meet(NOW, id(peer), Introduction::default());
    }
    model
}

/// Returns a model to which the peers have proved themselves, one by one, and in whose columns
/// each dissents now and then.
fn proven(peers: impl IntoIterator<Item = u32> + Clone) -> AegisModel {
    let mut model = met(peers.clone());
    for peer in peers.clone() {
        for _ in 0..30 {
            learn(&mut model, &[(peer, Malicious)], Malicious);
            learn(&mut model, &[(peer, Benign)], Benign);
        }
    }
    for round in 0..100 {
        conclude(&mut model, &noisy(peers.clone(), round));
    }
    model
}

/// Returns what independent peers say of a benign case: one in six errs.
fn noisy(peers: impl IntoIterator<Item = u32>, round: u32) -> Vec<(u32, Truth)> {
    // The finaliser of splitmix64, so that nobody's errors go with anybody else's.
    let errs = |peer: u32| {
        let mixed = (u64::from(peer) << 32 | u64::from(round)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ mixed >> 27) % 6 == 0
    };
    let word = |peer| (peer, if errs(peer) { Malicious } else { Benign });
    peers.into_iter().map(word).collect()
}

fn influence(model: &AegisModel, peer: u32) -> f64 {
    model.trust_of(NOW, &id(peer)).influence
}

fn influence_on(model: &AegisModel, peer: u32, said: Truth) -> f64 {
    let voices = voices(&[(peer, said)]);
    let weighed = model.weigh(NOW, &case(&voices, None));
    (weighed.experts(&model.config).network - weighed.own).abs()
}
