//! What is saved comes back, and nothing else does.

use super::*;
use crate::trust::aegis::row::COLUMNS;

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

/// Returns peer 1 as it was saved while half as many columns were kept, and whether each peer turned;
/// before `misdeeds` were kept, too.
pub(super) fn saved_of_old(model: &AegisModel, misdeeds: bool) -> Vec<u8> {
    /// Bytes of what stands after where that was kept: four numbers, the row, and misdeeds.
    const REST: usize = 4 * 8 + ROW + MISDEEDS;
    const ROW: usize = 2 * COLUMNS / 8;
    const MISDEEDS: usize = 3 * 8;
    let bytes = model.save(&id(1)).unwrap();
    let (head, rest) = bytes.split_at(bytes.len() - REST);
    let (numbers, rest) = rest.split_at(4 * 8);
    let mut older = [head, &3.0_f64.to_le_bytes(), numbers].concat();
    older[0] = if misdeeds { 3 } else { 2 };
    let row = &model.peers[&id(1)].row;
    for bits in [row.spoke, row.malicious] {
        let mut words = [0_u64; 4];
        for age in 0..256 {
            let place = model.column.place_of(age);
            let bit = bits[place / 64] >> (place % 64) & 1;
            let older = (model.column.0.wrapping_sub(age) % 256) as usize;
            words[older / 64] |= bit << (older % 64);
        }
        older.extend(words.iter().flat_map(|it| it.to_le_bytes()));
    }
    older.extend(if misdeeds { &rest[ROW..] } else { &[] });
    older
}

#[test]
fn what_was_saved_while_fewer_columns_were_kept_comes_back_without_the_oldest() {
    let mut model = proven(1..=1);
    for round in 0..300 {
        conclude(&mut model, &noisy(1..=1, round));
    }
    for misdeeds in [false, true] {
        let mut other = AegisModel::default();
        assert!(other.restore_shared(&model.save_shared()));
        assert!(other.restore(id(1), &saved_of_old(&model, misdeeds)));
        let mut expected = model.peers[&id(1)].clone();
        for age in 256..COLUMNS as u64 {
            let place = model.column.place_of(age);
            expected.row.spoke[place / 64] &= !(1 << (place % 64));
            expected.row.malicious[place / 64] &= !(1 << (place % 64));
        }
        assert!(expected.row != model.peers[&id(1)].row);
        assert_eq!(other.peers[&id(1)], expected);
    }
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
