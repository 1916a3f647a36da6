//! What must hold when some peers turn and err as independently as before.

use super::*;

/// Peers of whom the first twenty-four betray.
const PEERS: std::ops::RangeInclusive<u32> = 1..=30;
const BETRAYERS: u32 = 24;

/// Returns what everybody says of a benign case once the betrayers say the opposite of what they
/// believe.
fn betrayed(round: u32) -> Vec<(u32, Truth)> {
    let words = noisy(PEERS, round).into_iter();
    let turned = |said| match said {
        Malicious => Benign,
        Benign => Malicious,
    };
    words
        .map(|(peer, said)| {
            if peer <= BETRAYERS {
                (peer, turned(said))
            } else {
                (peer, said)
            }
        })
        .collect()
}

#[test]
fn until_a_check_decides_the_sides_of_a_schism_cancel_out() {
    let mut model = proven(PEERS);
    assert_eq!(
        judge(&model, &betrayed(0), None).stance,
        Stance::Malicious,
        "nobody can know yet"
    );
    for round in 0..8 {
        conclude(&mut model, &betrayed(round));
    }
    for local in [None, Some(Malicious), Some(Benign)] {
        let alone = judge(&model, &[], local);
        let verdict = judge(&model, &betrayed(8), local);
        assert_eq!(verdict.probability, alone.probability, "{local:?}");
    }
}

#[test]
fn a_schism_is_worth_a_check_and_one_check_ends_it() {
    let mut model = proven(PEERS);
    for round in 0..8 {
        conclude(&mut model, &betrayed(round));
    }
    let words = betrayed(8);
    let voices = voices(&words);
    let case = case(&voices, None);
    let verdict = model.judge(NOW, &case);
    assert_eq!(model.check_value(NOW, &case, &verdict), 1.0);
    let come_to = |model: &AegisModel, peers: std::ops::RangeInclusive<u32>| -> f64 {
        peers.map(|it| influence(model, it)).sum()
    };
    let before = come_to(&model, 1..=BETRAYERS);
    model.learn(NOW, &case, Benign);
    let after = come_to(&model, 1..=BETRAYERS);
    assert!(after < 0.1 * before, "{before} {after}");
    assert!(after < come_to(&model, BETRAYERS + 1..=30), "{after}");
    let stances = (100..130).map(|it| judge(&model, &betrayed(it), None).stance);
    let (mut right, mut wrong) = (0, 0);
    for stance in stances {
        right += i32::from(stance == Stance::Benign);
        wrong += i32::from(stance == Stance::Malicious);
    }
    assert!(right >= 20 && wrong <= 2, "{right} right, {wrong} wrong");
}

#[test]
fn whom_the_operator_vouches_for_counts_in_a_schism_too() {
    let mut model = proven(PEERS);
    introduce(&mut model, 40, 1.0, true);
    for round in 0..8 {
        conclude(&mut model, &betrayed(round));
    }
    let words = [betrayed(8), vec![(40, Malicious)]].concat();
    let verdict = judge(&model, &words, None);
    let alone = judge(&model, &[(40, Malicious)], None);
    let difference = verdict.probability.value() - alone.probability.value();
    assert!(difference.abs() < 0.01, "{verdict:?} {alone:?}");
}

#[test]
fn errors_make_no_schism() {
    let mut model = proven(PEERS);
    for round in 100..400 {
        let words = noisy(PEERS, round);
        let voices = voices(&words);
        let weighed = model.weigh(NOW, &case(&voices, None));
        assert!(weighed.schism.is_none(), "{round}");
        conclude(&mut model, &words);
    }
}

/// Returns what everybody says when `turned` call everything malicious.
fn accused(turned: &[u32], words: Vec<(u32, Truth)>) -> Vec<(u32, Truth)> {
    let said = |(peer, said)| {
        (
            peer,
            if turned.contains(&peer) {
                Malicious
            } else {
                said
            },
        )
    };
    words.into_iter().map(said).collect()
}

#[test]
fn a_schism_needs_company() {
    // Few voices, so that what the others are suspected of does not hide the one that turned.
    let settings = [(&[1][..], 3..=8, false), (&[1, 2], 8..=8, true)];
    for (turned, sizes, is_schism) in settings {
        let mut model = proven(PEERS);
        for round in 0..30 {
            conclude(&mut model, &accused(turned, noisy(PEERS, round)));
        }
        for size in sizes {
            let words = accused(turned, (1..=size).map(|it| (it, Benign)).collect());
            let voices = voices(&words);
            let weighed = model.weigh(NOW, &case(&voices, None));
            assert_eq!(weighed.schism.is_some(), is_schism, "{turned:?} of {size}");
        }
    }
}

#[test]
fn one_peer_keeps_the_node_back_only_where_others_err_with_it() {
    let mut model = proven(PEERS);
    for round in 0..30 {
        conclude(&mut model, &accused(&[1], noisy(PEERS, round)));
    }
    // Two or three who err in the same rounds by chance may keep the node back now and then; more
    // than one round in ten would be the peer's doing.
    let rounds = 30..230;
    let stances =
        rounds.map(|round| judge(&model, &accused(&[1], noisy(PEERS, round)), None).stance);
    let known = stances.filter(|it| *it == Stance::Benign).count();
    assert!(known >= 180, "{known} of 200");
}

#[test]
fn a_case_from_before_the_betrayal_condemns_nobody() {
    let mut model = proven(PEERS);
    let words = noisy(PEERS, 100);
    conclude(&mut model, &words);
    for round in 0..8 {
        conclude(&mut model, &betrayed(round));
    }
    let voices = voices(&words);
    let case = case(&voices, None);
    let turned = model.weigh_closed(NOW, &case).schism;
    assert!(turned.is_none_or(|it| !it.is_opposed()), "{turned:?}");
}
