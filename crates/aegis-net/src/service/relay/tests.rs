//! In what order alerts that wait are passed on, and when.

use super::*;

const T0: Timestamp = Timestamp::from_secs(1_800_000_000);

fn said(number: usize) -> Relay {
    Relay::Said(number.to_be_bytes().into())
}

#[track_caller]
fn check(relay: Option<Relay>, number: usize) {
    let is_it = matches!(&relay, Some(Relay::Said(it)) if *it == number.to_be_bytes());
    assert!(is_it, "{relay:?} is not {number}");
}

#[test]
fn alerts_are_passed_on_in_the_order_in_which_they_came() {
    let mut relays = Relays::default();
    for number in 0..RELAYS_PER_TURN + 1 {
        assert!(relays.push(T0, said(number)).is_none());
    }
    let some = relays.take_some();
    assert_eq!(some.len(), RELAYS_PER_TURN);
    for (number, relay) in some.into_iter().enumerate() {
        check(Some(relay), number);
    }
    check(relays.take_some().pop(), RELAYS_PER_TURN);
    assert!(relays.is_empty() && relays.take_some().is_empty());
}

#[test]
fn none_waits_longer_than_a_second() {
    let mut relays = Relays::default();
    let tick = Duration::from_millis(1);
    assert!(relays.push(T0, said(0)).is_none());
    assert!(relays.push(T0 + tick, said(1)).is_none());
    assert!(relays.take_overdue(T0 + WAITS_MAX - tick).is_none());
    check(relays.take_overdue(T0 + WAITS_MAX), 0);
    assert!(relays.take_overdue(T0 + WAITS_MAX).is_none());
    check(relays.take_overdue(T0 + WAITS_MAX + tick), 1);
}

#[test]
fn after_a_clock_was_put_back_none_waits() {
    let mut relays = Relays::default();
    assert!(relays.push(T0, said(0)).is_none());
    assert!(relays.push(T0, said(1)).is_none());
    let tick = Duration::from_millis(1);
    assert!(relays.take_overdue(T0).is_none());
    check(relays.take_overdue(T0 - tick), 0);
    check(relays.take_overdue(T0 - Duration::from_secs(3600)), 1);
}

#[test]
fn the_eldest_goes_first_where_there_is_no_room() {
    let mut relays = Relays::default();
    for number in 0..WAITING_MAX {
        assert!(relays.push(T0, said(number)).is_none());
    }
    check(relays.push(T0, said(WAITING_MAX)), 0);
    check(relays.push(T0, said(WAITING_MAX + 1)), 1);
}

/// A task that becomes ready meanwhile has run when the quiet is over.
#[tokio::test]
async fn it_is_quiet_once_the_others_have_run() {
    let has_run = std::rc::Rc::new(std::cell::Cell::new(false));
    let other = async {
        tokio::task::yield_now().await;
        has_run.set(true);
    };
    let watch = async {
        quiet().await;
        assert!(has_run.get());
    };
    tokio::join!(watch, other);
}
