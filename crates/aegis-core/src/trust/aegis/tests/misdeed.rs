//! Misdeeds take weight, within a bound, from whoever committed them and from nobody else.

use super::*;

const DAY: Duration = Duration::from_secs(86_400);

fn commit(model: &mut AegisModel, peer: u32, times: usize) {
    for _ in 0..times {
        model.book(NOW, id(peer), Deed::Misbehaved);
    }
}

fn influence_at(model: &AegisModel, peer: u32, now: Timestamp) -> f64 {
    model.trust_of(now, &id(peer)).influence
}

#[test]
fn each_halves_what_a_word_weighs_down_to_a_sixteenth_and_a_day_forgives_half_of_them() {
    let whole = influence(&proven(1..=2), 1);
    assert!(whole > 1.0);
    for (times, share) in [(0, 1.0), (1, 2.0), (2, 4.0), (4, 16.0), (1_000, 16.0)] {
        let mut model = proven(1..=2);
        commit(&mut model, 1, times);
        assert_eq!(influence(&model, 1), whole / share, "{times}");
        assert_eq!(
            influence(&model, 2),
            whole,
            "of {times} that another committed"
        );
        let told = model.trust_of(NOW, &id(1));
        assert_eq!(told.misdeeds, times as u64);
        assert_eq!(told.penalty.value(), 1.0 - 1.0 / share);
    }
    let mut model = proven(1..=2);
    commit(&mut model, 1, 4);
    assert_eq!(influence_at(&model, 1, NOW + DAY), whole / 4.0);
    assert_eq!(influence_at(&model, 1, NOW + 2 * DAY), whole / 2.0);
    assert!(influence_at(&model, 1, NOW + 6 * DAY) > 0.95 * whole);
}

#[test]
fn a_verdict_follows() {
    let mut model = proven(1..=2);
    let says = voices(&[(1, Malicious)]);
    let case = Case {
        topic: Topic::Flood,
        voices: &says,
        local: None,
    };
    let before = model.judge(NOW, &case);
    commit(&mut model, 1, 4);
    let after = model.judge(NOW, &case);
    assert_eq!(before.stance, Stance::Malicious);
    assert_eq!(after.stance, Stance::Unknown);
}

#[test]
fn whoever_has_no_history_has_nothing_to_lose_and_nothing_is_kept_of_it() {
    let mut model = met(1..=1);
    commit(&mut model, 1, 4);
    assert_eq!(influence(&model, 1), 0.0);
    assert_eq!(influence_at(&model, 1, NOW + 100 * DAY), 0.0);
    commit(&mut model, 9, 4);
    assert!(!model.peers.contains_key(&id(9)), "never met");
    // Ten thousand of them leave a verdict as it is, to the last bit.
    let mut crowd = proven(1..=2);
    let says = voices(&[(1, Malicious), (2, Malicious)]);
    let case = Case {
        topic: Topic::Flood,
        voices: &says,
        local: None,
    };
    let before = crowd.judge(NOW, &case);
    for peer in 10..1_010 {
        crowd.meet(NOW, id(peer), Introduction::default());
        commit(&mut crowd, peer, 10);
    }
    assert_eq!(crowd.judge(NOW, &case), before);
}

#[test]
fn whose_trust_the_operator_fixed_keeps_it() {
    let mut model = met(1..=1);
    let introduction = Introduction {
        pretrust: Confidence::FULL,
        is_fixed: true,
    };
    model.meet(NOW, id(1), introduction);
    let before = influence(&model, 1);
    commit(&mut model, 1, 4);
    assert_eq!(influence(&model, 1), before);
    let told = model.trust_of(NOW, &id(1));
    assert_eq!(told.misdeeds, 4, "told all the same");
    assert_eq!(told.penalty, Confidence::NONE);
}

#[test]
fn they_outlast_a_restart_and_what_was_kept_before_there_were_any_is_read() {
    let mut model = proven(1..=2);
    let older = encoding::saved_of_old(&model, false);
    commit(&mut model, 1, 3);
    let bytes = model.save(&id(1)).unwrap();
    let mut other = model.clone();
    other.forget(&id(1));
    other.meet(NOW, id(1), Introduction::default());
    assert!(other.restore(id(1), &bytes));
    assert_eq!(other.trust_of(NOW, &id(1)), model.trust_of(NOW, &id(1)));
    assert!(other.restore(id(2), &older));
    assert_eq!(other.trust_of(NOW, &id(2)).misdeeds, 0);
    let mut impossible = bytes.clone();
    let marks = bytes.len() - 24;
    impossible[marks..marks + 8].copy_from_slice(&5.0_f64.to_le_bytes());
    assert!(!other.restore(id(1), &impossible), "beyond the bound");
}
