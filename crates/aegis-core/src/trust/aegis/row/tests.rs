//! A tally counts what counting one by one does.

use super::*;

#[test]
fn a_tally_counts_every_column_by_itself() {
    let mut tally = Tally::default();
    let mut counted = [0.0; COLUMNS];
    let mut bits = 0x9e37_79b9_7f4a_7c15_u64;
    for _ in 0..VOICES_MAX {
        let row = Bits::default().map(|_| {
            bits ^= bits << 13;
            bits ^= bits >> 7;
            bits ^= bits << 17;
            bits
        });
        for (place, count) in counted.iter_mut().enumerate() {
            *count += (row[place / 64] >> (place % 64) & 1) as f64;
        }
        tally.add(row);
    }
    for (place, count) in counted.iter().enumerate() {
        assert_eq!(tally.at(place), *count, "{place}");
    }
}

#[test]
fn a_tally_has_room_for_every_voice_in_one_column() {
    let mut tally = Tally::default();
    for _ in 0..VOICES_MAX {
        tally.add([u64::MAX; WORDS]);
    }
    assert_eq!(tally.at(0), VOICES_MAX as f64);
    assert_eq!(tally.at(COLUMNS - 1), VOICES_MAX as f64);
}

#[test]
fn no_two_ages_lie_at_one_place_however_young_the_ring() {
    for column in [0, 24, 447, 448, 1_000].map(Column) {
        let ages = 0..COLUMNS as u64;
        let places: std::collections::BTreeSet<_> =
            ages.clone().map(|it| column.place_of(it)).collect();
        assert_eq!(places.len(), COLUMNS, "{column:?}");
        assert!(
            ages.into_iter()
                .all(|it| column.age_of(column.place_of(it)) == it)
        );
    }
}
