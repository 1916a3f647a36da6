//! Whom a node parts from.

use std::{collections::BTreeSet, time::Duration};

use proptest::prelude::*;

use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_763_640_000);

fn node(n: u8) -> NodeId {
    NodeId::from_public_key([n; 32])
}

/// A stranger that just came, from a prefix of its own.
fn seat(n: u8) -> Seat {
    Seat {
        peer: node(n),
        is_kept: false,
        worth: Worth::default(),
        connected_at: NOW,
        is_in_mesh: false,
        is_dialled: false,
        ip: Some(IpAddr::from([198, 51, n, 1])),
    }
}

fn parted(marks: Marks, seats: &[Seat]) -> BTreeSet<NodeId> {
    surplus(NOW, marks, seats).into_iter().collect()
}

#[test]
fn marks_are_in_order() {
    assert!(Marks::new(1, 1, 1).is_some() && Marks::new(8, 50, 80).is_some());
    for (low, target, high) in [(0, 1, 1), (2, 1, 3), (1, 3, 2)] {
        assert_eq!(Marks::new(low, target, high), None, "{low} {target} {high}");
    }
    assert_eq!(Marks::within(100), Marks::new(12, 50, 80).unwrap());
    assert_eq!(Marks::within(2), Marks::new(1, 1, 2).unwrap());
    assert_eq!(Marks::within(0), Marks::new(1, 1, 1).unwrap());
}

#[test]
fn nobody_leaves_up_to_the_high_mark_and_one_more_leaves_the_target() {
    let marks = Marks::new(1, 4, 8).unwrap();
    let seats: Vec<Seat> = (1..=9).map(seat).collect();
    assert_eq!(surplus(NOW, marks, &seats[..8]), []);
    assert_eq!(surplus(NOW, marks, &seats).len(), 5);
}

#[test]
fn each_reason_to_stay_outweighs_all_that_follow() {
    let old = NOW - Duration::from_secs(3600);
    let base = seat(0);
    let worth = |weight_percent, alerts| Worth {
        weight_percent,
        alerts,
    };
    let by_rank = [
        Seat {
            is_kept: true,
            ..base
        },
        Seat {
            worth: worth(90, 0),
            ..base
        },
        Seat {
            worth: worth(50, 1000),
            ..base
        },
        Seat {
            worth: worth(0, 1000),
            ..base
        },
        Seat {
            worth: worth(0, 1),
            connected_at: old,
            ..base
        },
        Seat {
            connected_at: old,
            ..base
        },
        Seat {
            is_in_mesh: true,
            ..base
        },
        Seat {
            is_dialled: true,
            ..base
        },
        base,
    ];
    let named = by_rank.iter().zip(1_u8..=9).map(|(it, n)| Seat {
        peer: node(n),
        ip: Some(IpAddr::from([198, 51, n, 1])),
        ..*it
    });
    let seats: Vec<Seat> = named.rev().collect();
    let last = seats.len() - 1;
    for target in 1..seats.len() {
        let marks = Marks::new(1, target, last).unwrap();
        let expected = (target as u8 + 1..=seats.len() as u8).map(node).collect();
        assert_eq!(parted(marks, &seats), expected, "{target}");
    }
}

#[test]
fn a_prefix_full_of_old_peers_leaves_places_for_others() {
    let marks = Marks::new(1, 12, 20).unwrap();
    let mut seats: Vec<Seat> = (1..=40).map(seat).collect();
    for of_attacker in &mut seats[..30] {
        of_attacker.ip = Some(IpAddr::from([203, 0, 113, 7]));
        of_attacker.connected_at = NOW - Duration::from_secs(86_400);
    }
    let parted = parted(marks, &seats);
    let stay = |n: u8| !parted.contains(&node(n));
    assert_eq!((1..=30).filter(|it| stay(*it)).count(), 3, "a quarter");
    assert_eq!((31..=40).filter(|it| stay(*it)).count(), 9);
}

#[test]
fn places_that_nobody_else_wants_are_left_to_a_full_prefix() {
    let marks = Marks::new(1, 12, 20).unwrap();
    let mut seats: Vec<Seat> = (1..=21).map(seat).collect();
    for it in &mut seats {
        it.ip = Some(IpAddr::from([203, 0, 113, 7]));
    }
    assert_eq!(parted(marks, &seats).len(), 9);
}

#[test]
fn of_equals_those_of_rarer_prefixes_stay() {
    let marks = Marks::new(1, 3, 4).unwrap();
    let mut seats: Vec<Seat> = (1..=5).map(seat).collect();
    for it in &mut seats[..2] {
        it.ip = Some(IpAddr::from([203, 0, 113, 7]));
    }
    let parted = parted(marks, &seats);
    assert!(
        parted.contains(&node(2)),
        "second of its prefix: {parted:?}"
    );
}

proptest! {
    #[test]
    fn as_many_leave_as_must_and_nobody_who_is_kept(
        seats in proptest::collection::vec(
            (any::<bool>(), 0_u8..=100, 0_u64..100, 0_u64..10_000, any::<bool>(), 0_u8..4),
            0..60,
        ),
        low in 1_usize..10, more in 0_usize..10, most in 0_usize..10,
    ) {
        let marks = Marks::new(low, low + more, low + more + most).unwrap();
        let seats: Vec<Seat> = seats.iter().zip(1_u8..).map(|(it, n)| Seat {
            peer: node(n),
            is_kept: it.0,
            worth: Worth { weight_percent: it.1, alerts: it.2 },
            connected_at: NOW - Duration::from_secs(it.3),
            is_in_mesh: it.4,
            is_dialled: false,
            ip: (it.5 > 0).then(|| IpAddr::from([198, 51, it.5, 1])),
        }).collect();
        let parted = parted(marks, &seats);
        let kept = seats.iter().filter(|it| it.is_kept).count();
        prop_assert!(seats.iter().filter(|it| it.is_kept).all(|it| !parted.contains(&it.peer)));
        let left = seats.len() - parted.len();
        let expected = if seats.len() <= marks.high() {
            seats.len()
        } else {
            marks.target().max(kept).min(seats.len())
        };
        prop_assert_eq!(left, expected);
    }
}
