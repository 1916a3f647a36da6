//! The live set: what it is asked for stays current.

use proptest::{collection::vec, prelude::*};

use super::*;

#[test]
fn equal_sets_have_equal_digests_whatever_happened_before() {
    let mut one = LiveSet::new(1);
    let mut other = LiveSet::new(2);
    for number in 0..500 {
        one.insert(id(number));
    }
    for number in (0..800).rev() {
        other.insert(id(number));
    }
    assert_ne!(one.digest(), other.digest());
    (500..800).for_each(|it| other.depart(id(it), NOW));
    assert_eq!(one.digest(), other.digest());
    assert_eq!(one.digest().to_string().len(), 16);
    assert_ne!(one.digest(), LiveSet::new(1).digest());
}

#[test]
fn a_departed_id_is_remembered_until_its_time_is_over() {
    let mut live = LiveSet::new(1);
    live.insert(id(1));
    live.depart(id(1), NOW + secs(10));
    live.depart(id(2), NOW + secs(20));
    assert!(!live.contains(&id(1)) && live.has_departed(&id(1)) && live.has_departed(&id(2)));
    live.forget_departed(NOW + secs(10));
    assert!(!live.has_departed(&id(1)) && live.has_departed(&id(2)));
    live.insert(id(2));
    assert!(live.contains(&id(2)) && !live.has_departed(&id(2)));
}

#[test]
fn a_flood_of_departed_ids_stays_bounded() {
    let mut live = LiveSet::new(1);
    for number in 0..120_000 {
        live.depart(id(number), NOW + Duration::from_millis(number));
    }
    assert_eq!(live.departed(), 100_000);
    assert!(live.has_departed(&id(119_999)) && !live.has_departed(&id(0)));
}

#[test]
fn the_salt_is_anothers_and_another_each_time() {
    let (mut one, other) = (LiveSet::new(1), LiveSet::new(2));
    let first = one.cells(1).0;
    assert_ne!(first, other.cells(1).0);
    one.insert(id(1));
    one.renew_salt();
    assert_ne!(first, one.cells(1).0);
    assert_eq!(one.cells(1).1[0].count, 1, "the set is still in it");
}

proptest! {
    #[test]
    fn the_cells_are_those_of_the_ids(steps in vec((0u64..400, any::<bool>()), 0..1500)) {
        let mut live = LiveSet::new(7);
        let mut model = BTreeSet::new();
        for (number, is_in) in steps {
            if is_in {
                prop_assert_eq!(live.insert(id(number)), model.insert(id(number)));
            } else {
                live.depart(id(number), NOW);
                model.remove(&id(number));
            }
        }
        let (salt, cells) = live.cells(CELLS_MAX);
        let mut fresh = Sketch::new(salt, cells.len());
        model.iter().for_each(|it| fresh.insert(it));
        prop_assert_eq!(fresh.cells(), cells);
        let mut digest = SetDigest::default();
        model.iter().for_each(|it| digest.add(it));
        prop_assert_eq!(digest, live.digest());
    }
}

#[test]
fn what_is_known_is_walked_in_order_whether_in_or_departed() {
    let mut live = LiveSet::new(1);
    for number in 0..50 {
        live.insert(id(number));
    }
    for number in 30..70 {
        live.depart(id(number), NOW);
    }
    let all: BTreeSet<_> = (0..70).map(id).collect();
    let first = Prefix::of(all.iter().nth(20).unwrap());
    let walked: Vec<_> = live.known_from(first).collect();
    assert_eq!(walked, all.into_iter().skip(20).collect::<Vec<_>>());
}
