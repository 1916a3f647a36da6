//! Cells: the difference comes out of few of them, and nothing else ever.

use proptest::{collection::btree_set, prelude::*};

use super::*;

/// Returns the cells it took to find `difference` scattered over both of two sets of `size`.
#[track_caller]
fn cells_needed(salt: Salt, size: u64, difference: u64) -> usize {
    let ours: BTreeSet<_> = (0..size).map(id).collect();
    let theirs: BTreeSet<_> = (difference / 2..size + difference.div_ceil(2))
        .map(id)
        .collect();
    let wanted = Difference {
        theirs: theirs.difference(&ours).copied().collect(),
        ours: ours.difference(&theirs).copied().collect(),
    };
    // The cells of the difference alone are those of both sets, subtracted.
    let mut whole = Sketch::new(salt, 2 * difference as usize + 64);
    wanted.theirs.iter().for_each(|id| whole.insert(id));
    let mut count = 1;
    loop {
        let cells = whole.cells()[..count].to_vec();
        match Sketch::from_cells(salt, cells).difference(wanted.ours.iter()) {
            Ok(mut found) => {
                found.theirs.sort();
                found.ours.sort();
                assert_eq!(found, wanted);
                return count;
            }
            Err(_) => count = (count + 1).max(count * 33 / 32),
        }
        assert!(count <= whole.cells().len(), "{difference} differences");
    }
}

#[test]
fn twice_the_difference_and_some_is_always_enough() {
    for difference in [0, 1, 2, 10, 100, 1_000] {
        for salt in 0..20 {
            let salt = Salt::from_bytes([salt; 16]);
            let count = cells_needed(salt, difference, difference);
            assert!(
                count <= 2 * difference as usize + 40,
                "{difference}: {count}"
            );
        }
    }
    let count = cells_needed(SALT, 100_000, 10_000);
    assert!(count <= 20_000, "{count}");
}

#[test]
fn a_hundred_differences_come_out_of_the_first_256_cells() {
    let worst = (0..100).map(|salt| cells_needed(Salt::from_bytes([salt; 16]), 100, 100));
    let worst = worst.max().unwrap();
    assert!(worst <= 230, "{worst}");
}

#[test]
fn cells_of_two_sets_give_what_their_difference_gives() {
    let mut sketch = Sketch::new(SALT, 64);
    (10..1_000).for_each(|it| sketch.insert(&id(it)));
    let ours: Vec<_> = (0..990).map(id).collect();
    let mut found = sketch.difference(ours.iter()).unwrap();
    found.theirs.sort();
    found.ours.sort();
    let mut wanted = Difference {
        theirs: (990..1_000).map(id).collect(),
        ours: (0..10).map(id).collect(),
    };
    wanted.theirs.sort();
    wanted.ours.sort();
    assert_eq!(found, wanted);
}

#[test]
fn too_few_cells_say_about_how_much_differs() {
    for (mine, theirs) in [(500, 500), (5_000, 5_000), (0, 3_000), (4_000, 100)] {
        let mut sketch = Sketch::new(SALT, 256);
        (0..theirs).for_each(|it| sketch.insert(&id(it)));
        let ours: Vec<_> = (100_000..100_000 + mine).map(id).collect();
        let undecoded = sketch.difference(ours.iter()).unwrap_err();
        let (told, truth) = (undecoded.estimate as f64, (mine + theirs) as f64);
        assert!((0.6..1.5).contains(&(told / truth)), "{told} of {truth}");
    }
}

#[test]
fn an_id_lies_in_every_cell_as_often_as_the_mapping_says() {
    let mut hits = [0; 200];
    for number in 0..20_000 {
        let mut sketch = Sketch::new(SALT, 200);
        sketch.insert(&id(number));
        for (hit, cell) in hits.iter_mut().zip(sketch.cells()) {
            *hit += cell.count;
        }
    }
    for (place, hit) in hits.iter().enumerate() {
        let expected = 20_000.0 * 2.0 / (place as f64 + 2.0);
        let deviation = (expected * (1.0 - 2.0 / (place as f64 + 2.0))).sqrt();
        let off = (f64::from(*hit) - expected).abs();
        assert!(off <= 5.0 * deviation, "cell {place}: {hit} of {expected}");
    }
}

proptest! {
    #[test]
    fn sets_give_their_difference(
        ours in btree_set(0u64..300, 0..150),
        theirs in btree_set(0u64..300, 0..150),
        salt: [u8; 16],
    ) {
        let salt = Salt::from_bytes(salt);
        let mut sketch = Sketch::new(salt, 700);
        theirs.iter().for_each(|it| sketch.insert(&id(*it)));
        let mine: Vec<_> = ours.iter().map(|it| id(*it)).collect();
        let found = sketch.difference(mine.iter()).unwrap();
        let only = |one: &BTreeSet<u64>, other: &BTreeSet<u64>| -> BTreeSet<AlertId> {
            one.difference(other).map(|it| id(*it)).collect()
        };
        prop_assert_eq!(found.theirs.into_iter().collect::<BTreeSet<_>>(), only(&theirs, &ours));
        prop_assert_eq!(found.ours.into_iter().collect::<BTreeSet<_>>(), only(&ours, &theirs));
    }

    #[test]
    fn whatever_the_cells_hold_it_ends(
        cells in prop::collection::vec((any::<u128>(), any::<u64>(), -3i32..4), 1..200),
        planted in 0u64..50,
    ) {
        let mut sketch = Sketch::new(SALT, cells.len());
        (0..planted).for_each(|it| sketch.insert(&id(it)));
        let cells: Vec<_> = cells.iter().zip(sketch.cells()).enumerate().map(|(place, (junk, true_cell))| {
            if place % 7 == 3 {
                Cell { ids: junk.0, checks: junk.1, count: junk.2 }
            } else {
                *true_cell
            }
        }).collect();
        let count = cells.len();
        if let Ok(found) = Sketch::from_cells(SALT, cells).difference([].iter()) {
            prop_assert!(found.theirs.len() + found.ours.len() <= count);
        }
    }
}
