//! Blocks end by themselves: never early, and with nobody alive at most some seconds late.

use std::time::Duration;

use aegis_core::{Change, Ruleset, Timestamp};
use aegis_enforce::Enforcer;

use crate::{
    packet::{SYN, tcp},
    support::{Action, HOUR, Instance, T0, block_all, clock, parse, unwrap, wait_until},
};

const SOON: Duration = Duration::from_millis(700);
/// The kernel program counts time in units of some two seconds.
const LATE_MAX: Duration = Duration::from_secs(4);

/// Blocks `indicator` for a while and checks when packets from `source` pass again.
#[track_caller]
fn check(indicator: &str, source: &str, is_owner_alive: bool) {
    let Some(instance) = Instance::new() else {
        return;
    };
    let mut enforcer = Some(instance.start());
    let packet = tcp(source, SYN).bytes();
    let start = clock();
    let blocking = enforcer.as_mut().unwrap();
    unwrap(blocking.blocklist_ip(T0, parse(indicator), SOON));
    if !is_owner_alive {
        enforcer = None;
    }
    loop {
        // Read before the packet runs: what is dropped later than this was dropped in time.
        let before = start.elapsed();
        if instance.run(&packet) == Action::Pass {
            assert!(start.elapsed() >= SOON, "early: {:?}", start.elapsed());
            assert!(before < SOON + LATE_MAX, "late: {before:?}");
            break;
        }
        assert!(before < SOON + LATE_MAX, "still blocked after {before:?}");
    }
    drop(enforcer);
}

#[test]
fn an_address_passes_again_in_time() {
    check("203.0.113.7", "203.0.113.7", true);
    check("2001:db8::7", "2001:db8::7", true);
}

#[test]
fn a_prefix_passes_again_in_time() {
    check("203.0.113.0/24", "203.0.113.7", true);
    check("2001:db8::/64", "2001:db8::7", true);
    check("2001:db8::/48", "2001:db8::7", true);
}

#[test]
fn a_block_ends_without_anybody_alive() {
    check("203.0.113.7", "203.0.113.7", false);
}

#[test]
fn an_expired_prefix_hides_no_wider_live_one() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let mut enforcer = instance.start();
    let packet = tcp("10.1.2.3", SYN).bytes();
    unwrap(enforcer.blocklist_ip(T0, parse("10.0.0.0/8"), HOUR));
    unwrap(enforcer.blocklist_ip(T0, parse("10.1.0.0/16"), SOON));
    unwrap(enforcer.blocklist_ip(T0, parse("10.1.2.0/24"), SOON));
    let later = T0 + SOON + LATE_MAX;
    let start = clock();
    wait_until("the end of the narrow blocks", LATE_MAX * 2, || {
        assert_eq!(
            instance.run(&packet),
            Action::Drop,
            "after {:?}",
            start.elapsed()
        );
        start.elapsed() > SOON + LATE_MAX
    });
    // The wide one goes: only the expired ones are left, and they block nobody.
    assert!(unwrap(
        enforcer.remove_from_blocklist(later, parse("10.0.0.0/8"))
    ));
    assert_eq!(instance.run(&packet), Action::Pass);
    assert!(!unwrap(enforcer.is_blocklisted(later, parse("10.1.2.3"))));
}

#[test]
fn a_wide_block_that_comes_later_reaches_expired_narrow_ones() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let mut enforcer = instance.start();
    let packet = tcp("10.1.2.3", SYN).bytes();
    unwrap(enforcer.blocklist_ip(T0, parse("10.1.2.0/24"), Duration::from_millis(1)));
    wait_until("the end of the narrow block", LATE_MAX, || {
        instance.run(&packet) == Action::Pass
    });
    unwrap(enforcer.blocklist_ip(T0, parse("10.0.0.0/8"), HOUR));
    assert_eq!(instance.run(&packet), Action::Drop);
    // Sweeping the expired one must not let its addresses through.
    assert_eq!(unwrap(enforcer.sweep(T0)), 1);
    assert_eq!(instance.run(&packet), Action::Drop);
}

#[test]
fn what_is_over_is_not_listed_and_is_swept() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let mut enforcer = instance.start();
    block_all(&mut enforcer, &["203.0.113.9"]);
    for indicator in [
        "203.0.113.7",
        "2001:db8::7",
        "2001:db8::/64",
        "10.0.0.0/8",
        "2001::/24",
    ] {
        unwrap(enforcer.blocklist_ip(T0, parse(indicator), Duration::from_millis(1)));
    }
    let listed = |enforcer: &Enforcer| unwrap(enforcer.get_blocklist(T0)).len();
    wait_until("the end of the short blocks", LATE_MAX, || {
        listed(&enforcer) == 1
    });
    assert_eq!(unwrap(enforcer.sweep(T0)), 5);
    assert_eq!(unwrap(enforcer.sweep(T0)), 0);
    assert_eq!(listed(&enforcer), 1);
}

#[test]
fn a_block_for_no_time_ends_the_one_that_stands() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let mut enforcer = instance.start();
    block_all(&mut enforcer, &["203.0.113.7"]);
    unwrap(enforcer.blocklist_ip(T0, parse("203.0.113.7"), Duration::ZERO));
    assert_eq!(instance.run(&tcp("203.0.113.7", SYN).bytes()), Action::Pass);
}

#[test]
fn a_sweep_mends_deadlines_after_the_host_slept() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let mut enforcer = instance.start();
    let packet = tcp("203.0.113.7", SYN).bytes();
    block_all(&mut enforcer, &["203.0.113.7"]);
    // The wall clock is half an hour on and the ticks are not: half an hour is left.
    let half = T0 + HOUR / 2;
    assert_eq!(unwrap(enforcer.sweep(half)), 0);
    assert_eq!(instance.run(&packet), Action::Drop);
    // Two hours on: the block ended in its sleep.
    let late: Timestamp = T0 + HOUR * 2;
    unwrap(enforcer.sweep(late));
    assert_eq!(instance.run(&packet), Action::Pass);
    assert_eq!(unwrap(enforcer.get_blocklist(late)), []);
}

const DAY: Duration = Duration::from_secs(86_400);

#[test]
fn no_block_comes_back_after_a_sleep_of_weeks() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let mut enforcer = instance.start();
    let packet = tcp("203.0.113.7", SYN).bytes();
    block_all(&mut enforcer, &["203.0.113.7"]);
    for days in [13, 20, 40] {
        unwrap(enforcer.sweep(T0 + DAY * days));
        assert_eq!(instance.run(&packet), Action::Pass, "after {days} days");
        block_for(&mut enforcer, T0 + DAY * days, HOUR);
        assert_eq!(instance.run(&packet), Action::Drop, "after {days} days");
    }
}

#[test]
fn a_long_block_outlives_a_clock_that_steps_back() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let mut enforcer = instance.start();
    let packet = tcp("203.0.113.7", SYN).bytes();
    block_for(&mut enforcer, T0, DAY * 20);
    unwrap(enforcer.sweep(T0 - HOUR));
    assert_eq!(instance.run(&packet), Action::Drop);
    // And it ends neither when an entry can say no more nor late.
    unwrap(enforcer.sweep(T0 + DAY * 19));
    assert_eq!(instance.run(&packet), Action::Drop);
    unwrap(enforcer.sweep(T0 + DAY * 20 + LATE_MAX));
    assert_eq!(instance.run(&packet), Action::Pass);
}

#[test]
fn a_long_block_keeps_its_end_over_a_restart() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let packet = tcp("203.0.113.7", SYN).bytes();
    let mut enforcer = instance.start();
    block_for(&mut enforcer, T0, DAY * 20);
    drop(enforcer);
    let mut enforcer = instance.start();
    let mut ruleset = Ruleset::default();
    ruleset.apply(Change::Block {
        indicator: parse("203.0.113.7"),
        expires_at: T0 + DAY * 20,
    });
    unwrap(enforcer.reconcile(T0, &ruleset));
    unwrap(enforcer.sweep(T0 + DAY * 13));
    assert_eq!(instance.run(&packet), Action::Drop);
}

#[test]
fn a_block_made_before_the_sweep_after_a_sleep_holds() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let mut enforcer = instance.start();
    let packet = tcp("203.0.113.7", SYN).bytes();
    let awake = T0 + HOUR * 2;
    block_for(&mut enforcer, awake, HOUR);
    unwrap(enforcer.sweep(awake));
    assert_eq!(instance.run(&packet), Action::Drop);
}

#[test]
fn a_reconciled_block_ends_no_earlier_than_asked_for() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let mut enforcer = instance.start();
    for more in 0..10 {
        block_for(&mut enforcer, T0, HOUR);
        let expires_at = T0 + HOUR + Duration::from_millis(300 * more);
        let mut ruleset = Ruleset::default();
        ruleset.apply(Change::Block {
            indicator: parse("203.0.113.7"),
            expires_at,
        });
        unwrap(enforcer.reconcile(T0, &ruleset));
        let ends_at = unwrap(enforcer.get_blocklist(T0))[0].expires_at;
        let early = expires_at.since(ends_at);
        assert!(early < Duration::from_millis(200), "{more}: {early:?}");
    }
}

fn block_for(enforcer: &mut Enforcer, now: Timestamp, duration: Duration) {
    unwrap(enforcer.blocklist_ip(now, parse("203.0.113.7"), duration));
}
