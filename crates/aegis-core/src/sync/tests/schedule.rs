//! When to ask whom.

use super::*;
use crate::sync::schedule::{Ending, Schedule};

fn peer(number: u8) -> NodeId {
    NodeId::from_public_key([number; 32])
}

/// Lets time pass to `until`; returns who was asked when, each session ending as `ending` says.
fn pass(
    schedule: &mut Schedule,
    until: Timestamp,
    ending: impl Fn(&NodeId) -> Ending,
) -> Vec<(Timestamp, NodeId, bool)> {
    let mut asked = Vec::new();
    while let Some(due) = schedule.next_due().filter(|it| *it <= until) {
        while let Some((peer, is_met)) = schedule.poll(due, |_| false) {
            asked.push((due, peer, is_met));
            schedule.handle_ended(due, peer, ending(&peer));
        }
        assert!(schedule.next_due() > Some(due), "it wakes for nothing");
    }
    asked
}

#[test]
fn a_peer_just_met_is_asked_at_once_by_one_of_two() {
    let mut low = Schedule::new(peer(1), 1);
    low.handle_connected(NOW, peer(2), false);
    let asked = pass(&mut low, NOW + secs(1), |_| Ending::Idle);
    assert_eq!(asked.len(), 1);
    assert!(asked[0].2, "it was just met");
    let mut high = Schedule::new(peer(3), 1);
    high.handle_connected(NOW, peer(2), false);
    assert_eq!(pass(&mut high, NOW + secs(1), |_| Ending::Idle), []);
    assert!(!pass(&mut high, NOW + secs(4), |_| Ending::Idle).is_empty());
    let mut cold = Schedule::new(peer(3), 1);
    cold.handle_connected(NOW, peer(2), true);
    assert_eq!(pass(&mut cold, NOW + secs(1), |_| Ending::Idle).len(), 1);
}

#[test]
fn whoever_asked_and_was_in_step_is_not_asked_because_it_is_new() {
    let mut schedule = Schedule::new(peer(3), 1);
    schedule.handle_connected(NOW, peer(2), false);
    schedule.handle_asked(&peer(2));
    assert!(pass(&mut schedule, NOW + secs(4), |_| Ending::Idle).is_empty());
}

#[test]
fn rounds_that_bring_nothing_become_rare() {
    let mut schedule = Schedule::new(peer(1), 1);
    (2..9).for_each(|it| schedule.handle_connected(NOW, peer(it), false));
    let hour = pass(&mut schedule, NOW + secs(3_600), |_| Ending::Idle);
    assert!((10..=25).contains(&hour.len()), "{}", hour.len());
    let next = pass(&mut schedule, NOW + secs(7_200), |_| Ending::Idle);
    assert!((4..=9).contains(&next.len()), "{}", next.len());
}

#[test]
fn rounds_that_bring_something_stay_quick() {
    let mut schedule = Schedule::new(peer(1), 1);
    (2..9).for_each(|it| schedule.handle_connected(NOW, peer(it), false));
    let minute = pass(&mut schedule, NOW + secs(60), |_| Ending::News);
    assert!((25..=60).contains(&minute.len()), "{}", minute.len());
    let mut every = minute.iter().map(|it| it.1).collect::<Vec<_>>();
    every.sort();
    every.dedup();
    assert_eq!(every.len(), 7, "everybody has a turn");
}

#[test]
fn after_a_change_peers_have_their_turns_each_once() {
    for (peers, sweep) in [(1, 1), (7, 7), (16, 16), (40, 16)] {
        let mut schedule = Schedule::new(peer(1), 1);
        (2..2 + peers).for_each(|it| schedule.handle_connected(NOW, peer(it), false));
        pass(&mut schedule, NOW + secs(7_200), |_| Ending::Idle);
        let later = NOW + secs(7_201);
        schedule.handle_change(later);
        let asked = pass(&mut schedule, later + secs(24), |_| Ending::Idle);
        let swept: BTreeSet<_> = asked.iter().take(sweep).map(|it| it.1).collect();
        assert_eq!(swept.len(), sweep, "of {peers}");
        assert!(asked.len() <= sweep + 3, "{} of {peers}", asked.len());
    }
}

#[test]
fn a_sweep_leaves_out_who_was_in_step_and_comes_to_the_silent_last() {
    let mut schedule = Schedule::new(peer(1), 1);
    (2..22).for_each(|it| schedule.handle_connected(NOW, peer(it), false));
    let is_silent = |it: &NodeId| *it < peer(15);
    let fails = |it: &NodeId| match is_silent(it) {
        true => Ending::Failed,
        false => Ending::Idle,
    };
    pass(&mut schedule, NOW + secs(7_200), fails);
    let later = NOW + secs(7_201);
    schedule.handle_change(later);
    schedule.handle_asked(&peer(20));
    let asked = pass(&mut schedule, later + secs(16), fails);
    let first: BTreeSet<_> = asked.iter().take(6).map(|it| it.1).collect();
    let honest: BTreeSet<_> = [15, 16, 17, 18, 19, 21].map(peer).into();
    assert_eq!(first, honest);
}

#[test]
fn a_peer_that_fails_is_left_alone_ever_longer_and_others_are_not() {
    let mut schedule = Schedule::new(peer(1), 1);
    (2..5).for_each(|it| schedule.handle_connected(NOW, peer(it), false));
    let fails = |it: &NodeId| match *it == peer(2) {
        true => Ending::Failed,
        false => Ending::News,
    };
    let asked = pass(&mut schedule, NOW + secs(3_600), fails);
    let (failing, others): (Vec<_>, Vec<_>) = asked.into_iter().partition(|it| it.1 == peer(2));
    assert!((3..=12).contains(&failing.len()), "{}", failing.len());
    assert!(others.len() > 1_000, "{}", others.len());
}

#[test]
fn where_everybody_fails_nobody_is_pestered_and_time_is_not_wasted() {
    let mut schedule = Schedule::new(peer(1), 1);
    (2..5).for_each(|it| schedule.handle_connected(NOW, peer(it), false));
    let day = pass(&mut schedule, NOW + secs(86_400), |_| Ending::Failed);
    assert!(day.len() <= 3 * 200, "{}", day.len());
}

#[test]
fn without_peers_there_is_nothing_to_wait_for() {
    let mut schedule = Schedule::new(peer(1), 1);
    assert_eq!(schedule.next_due(), None);
    schedule.handle_connected(NOW, peer(2), false);
    schedule.handle_left(&peer(2));
    schedule.handle_change(NOW);
    assert_eq!(schedule.next_due(), None);
}
