//! What is saved comes back, and nothing else does.

use super::*;

#[test]
fn saved_peers_come_back_as_they_were() {
    let mut model = proven(1..=8);
    learn(&mut model, &[(1, Malicious), (2, Benign)], Benign);
    let mut other = AegisModel::default();
    for peer in 1..=8 {
        let bytes = model.save(&id(peer)).unwrap();
        assert!(bytes.len() <= 512, "{}", bytes.len());
        assert!(other.restore(id(peer), &bytes));
    }
    assert!(other.restore_shared(&model.save_shared()));
    assert_eq!(other.peers, model.peers);
    assert_eq!((other.local, other.column), (model.local, model.column));
}

#[test]
fn junk_is_refused_and_changes_nothing() {
    let mut model = proven(1..=2);
    let before = model.clone();
    let good = model.save(&id(1)).unwrap();
    let shared = model.save_shared();
    let mut nan = good.clone();
    nan[1..9].copy_from_slice(&f64::NAN.to_le_bytes());
    let mut negative = good.clone();
    negative[1..9].copy_from_slice(&(-1.0_f64).to_le_bytes());
    let mut newer = good.clone();
    newer[0] = 0x7f;
    let longer = [good.clone(), vec![0]].concat();
    for junk in [
        &[][..],
        &good[..good.len() - 1],
        &longer,
        &nan,
        &negative,
        &newer,
        &shared,
    ] {
        assert!(!model.restore(id(1), junk));
        assert!(!model.restore(id(9), junk));
    }
    for junk in [&[][..], &shared[1..], &good] {
        assert!(!model.restore_shared(junk));
    }
    assert_eq!(model.peers, before.peers);
    assert_eq!(model.column, before.column);
}

#[test]
fn columns_that_passed_in_between_are_empty() {
    let mut model = proven(1..=2);
    let bytes = model.save(&id(1)).unwrap();
    for round in 0..10 {
        conclude(&mut model, &noisy(2..=2, round));
    }
    model.forget(&id(1));
    assert!(model.restore(id(1), &bytes));
    let spoke = |peer: u32| -> u32 {
        let row = &model.peers[&id(peer)].row;
        row.spoke.iter().map(|it| it.count_ones()).sum()
    };
    assert_eq!((spoke(1), spoke(2)), (100, 110));
}
