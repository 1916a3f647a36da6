//! Walks by ranges: wherever one begins it goes round once, and several begin apart.

use proptest::{collection::btree_set, prelude::*};

use super::{super::walk::Walk, *};

/// Walks from `origin` in steps of at most `step`; returns the ranges in order.
fn ranges(origin: u64, step: u64) -> Vec<(u64, u64)> {
    let mut walk = Walk::from(Prefix::new(origin));
    let mut ranges = Vec::new();
    while let Some((first, end)) = walk.left() {
        let reached = first.value().saturating_add(step - 1).min(end.value());
        ranges.push((first.value(), reached));
        walk.reach(Prefix::new(reached));
    }
    ranges
}

#[test]
fn a_walk_goes_round_once() {
    const HALF: u64 = 1 << 63;
    assert_eq!(
        ranges(0, u64::MAX),
        [(0, u64::MAX - 1), (u64::MAX, u64::MAX)]
    );
    assert_eq!(
        ranges(HALF, HALF),
        [(HALF, u64::MAX), (0, HALF - 1)],
        "up to where it began"
    );
    assert_eq!(ranges(u64::MAX, u64::MAX)[0], (u64::MAX, u64::MAX));
    for origin in [0, 1, HALF, u64::MAX - 1, u64::MAX] {
        let mut ranges = ranges(origin, u64::MAX / 7);
        ranges.sort_unstable();
        assert_eq!((ranges[0].0, ranges[ranges.len() - 1].1), (0, u64::MAX));
        let is_gapless = |it: &[(u64, u64)]| it[0].1 + 1 == it[1].0;
        assert!(ranges.windows(2).all(is_gapless), "{origin}: {ranges:?}");
    }
}

#[test]
fn another_walk_begins_where_the_others_come_last() {
    let begins = |walks: &[u64]| {
        let walks = walks.iter().map(|it| Prefix::new(*it));
        origin_beside(walks.collect()).value()
    };
    const QUARTER: u64 = 1 << 62;
    assert_eq!(begins(&[]), 0);
    assert_eq!(begins(&[0]), 2 * QUARTER);
    assert_eq!(begins(&[3 * QUARTER]), QUARTER);
    assert_eq!(begins(&[0, 2 * QUARTER]), 3 * QUARTER);
    assert_eq!(begins(&[2 * QUARTER, 3 * QUARTER, 0]), QUARTER);
    assert_eq!(begins(&[5, 5]), 5 + 2 * QUARTER, "two that walk together");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn wherever_a_walk_begins_both_ends_become_equal(
        ours in btree_set(0u64..3_000, 0..2_000),
        theirs in btree_set(0u64..3_000, 0..2_000),
        origin in prop_oneof![Just(u64::MAX), any::<u64>()],
    ) {
        let mut asker = Node::new(3, ours.iter().copied());
        let mut other = Node::new(4, theirs.iter().copied());
        let told = reconcile_at(&mut asker, &mut other, Opening::Ranges, Prefix::new(origin));
        prop_assert_eq!(&told.end, &Next::Done);
        let all: BTreeSet<_> = ours.union(&theirs).map(|it| alert(*it).id()).collect();
        prop_assert_eq!(&asker.ids(), &all);
        prop_assert_eq!(&other.ids(), &all);
        prop_assert_eq!(told.tally.heard, theirs.difference(&ours).count());
        prop_assert_eq!(told.tally.given, ours.difference(&theirs).count());
    }
}
