//! Two honest nodes: what it costs them to become equal.

use proptest::{collection::btree_set, prelude::*};

use super::*;

/// Two nodes of `size` alerts each of which `difference` differ, half of them at each.
fn pair(size: u64, difference: u64) -> (Node, Node) {
    let half = difference / 2;
    let asker = Node::new(1, 0..size);
    let other = Node::new(2, half..size + difference - half);
    (asker, other)
}

#[track_caller]
fn assert_equal(asker: &Node, other: &Node) {
    assert_eq!(asker.ids(), other.ids());
    assert_eq!(asker.live.digest(), other.live.digest());
}

#[test]
fn a_hundred_scattered_differences_of_a_hundred_thousand_cost_one_round_trip_and_8_kib() {
    let (mut asker, mut other) = pair(100_000, 100);
    let told = reconcile(&mut asker, &mut other, Opening::Cells(256));
    assert_equal(&asker, &other);
    let requests = told.tally.requests;
    assert_eq!(requests, 3, "cells, exchange, give: {told:?}");
    assert!(told.until_known <= 6_800, "{told:?}");
    assert!(told.overhead <= 8_192, "{told:?}");
    assert_eq!((told.tally.heard, told.tally.given), (50, 50));
}

#[test]
fn equal_sets_cost_almost_nothing() {
    let (mut asker, mut other) = pair(1_000, 0);
    let told = reconcile(&mut asker, &mut other, Opening::Cells(256));
    assert_eq!(told.tally.requests, 1);
    assert!(told.overhead <= 40, "{told:?}");
}

#[test]
fn ten_and_a_thousand_differences_cost_in_proportion() {
    let (mut asker, mut other) = pair(20_000, 10);
    let told = reconcile(&mut asker, &mut other, Opening::Cells(32));
    assert_equal(&asker, &other);
    assert!(told.overhead <= 1_100, "{told:?}");
    let (mut asker, mut other) = pair(20_000, 1_000);
    let told = reconcile(&mut asker, &mut other, Opening::Cells(256));
    assert_equal(&asker, &other);
    assert!(
        !told.tally.by_ranges && told.tally.cells <= 2 * 1_000 + 400,
        "{told:?}"
    );
    assert!(told.overhead <= 64 * 1024, "{told:?}");
}

#[test]
fn ten_thousand_differences_are_walked_in_ranges() {
    let (mut asker, mut other) = pair(30_000, 10_000);
    let told = reconcile(&mut asker, &mut other, Opening::Cells(256));
    assert_equal(&asker, &other);
    assert!(told.tally.by_ranges, "{told:?}");
    assert!(told.overhead <= 30_000 * 8 + 80_000, "{told:?}");
}

#[test]
fn a_cold_node_is_sent_everything() {
    let mut asker = Node::new(1, 0..0);
    let mut other = Node::new(2, 0..20_000);
    let told = reconcile(&mut asker, &mut other, Opening::Ranges);
    assert_equal(&asker, &other);
    assert!(told.overhead <= 60_000, "{told:?}");
    let chunks = (20_000 * 400usize).div_ceil(CHUNK_BYTES_MAX - 4096);
    assert!(told.tally.requests <= chunks + 1, "{told:?}");
}

#[test]
fn a_warm_node_leaves_it_to_the_cold_one_to_ask() {
    let mut asker = Node::new(1, 0..20_000);
    let mut other = Node::new(2, 0..100);
    let told = reconcile(&mut asker, &mut other, Opening::Cells(256));
    assert_eq!((told.tally.requests, told.tally.given), (1, 0));
    let told = reconcile(&mut other, &mut asker, Opening::Cells(256));
    assert_equal(&asker, &other);
    assert_eq!(told.tally.heard, 19_900);
}

#[test]
fn what_ended_on_one_node_is_not_asked_for_while_the_other_still_has_it() {
    let (mut asker, mut other) = pair(1_000, 0);
    // The asker's clock is ahead by two minutes: ten alerts are over here already.
    for number in 0..10 {
        asker.live.depart(alert(number).id(), NOW + DEPARTED_FOR);
    }
    for opening in [Opening::Cells(32), Opening::Salted(32), Opening::Ranges] {
        let told = reconcile(&mut asker, &mut other, opening);
        assert_eq!((told.tally.heard, told.tally.given), (0, 0), "{told:?}");
        let told = reconcile(&mut other, &mut asker, opening);
        assert_eq!((told.tally.heard, told.tally.given), (0, 0), "{told:?}");
    }
}

#[test]
fn equal_digests_are_not_trusted_by_a_salted_session() {
    let (mut asker, mut other) = pair(500, 10);
    let lie = Answer::Same;
    let (mut session, asks) = Session::begin(&asker.live, Opening::Salted(64));
    assert!(matches!(asks, Request::Cells { digest: None, .. }));
    let heard = session.handle_answer(&asker.live, asker.find(), lie);
    assert_eq!(heard.next, Next::Misbehaved(Misbehaviour::Unasked));
    reconcile(&mut asker, &mut other, Opening::Salted(64));
    assert_equal(&asker, &other);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_two_nodes_become_equal(
        ours in btree_set(0u64..3_000, 0..2_000),
        theirs in btree_set(0u64..3_000, 0..2_000),
        count in 1usize..400,
        how in 0u8..3,
    ) {
        let mut asker = Node::new(3, ours.iter().copied());
        let mut other = Node::new(4, theirs.iter().copied());
        let opening = match how {
            0 => Opening::Cells(count),
            1 => Opening::Salted(count),
            _ => Opening::Ranges,
        };
        let told = reconcile(&mut asker, &mut other, opening);
        prop_assert_eq!(&told.end, &Next::Done);
        let all: BTreeSet<_> = ours.union(&theirs).map(|it| alert(*it).id()).collect();
        prop_assert_eq!(&asker.ids(), &all);
        prop_assert_eq!(&other.ids(), &all);
        prop_assert_eq!(told.tally.heard, theirs.difference(&ours).count());
        prop_assert_eq!(told.tally.given, ours.difference(&theirs).count());
    }
}
