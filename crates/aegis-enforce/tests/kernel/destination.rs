//! Destinations under a SYN flood from many sources: told, held, and never blocked.

use std::time::Duration;

use aegis_enforce::{Counter, Finding, KernelEvent};

use crate::{
    detector::events,
    packet::{SYN, tcp},
    sketch::{SOURCE_V6, check_told, instance, spoof},
    support::{HOUR, Instance, T0, count, parse, unwrap, wait_until},
};

/// An instance that tells of destinations, in windows of an hour.
fn destination(threshold: u32, sources_min: u32, hold_for: Duration) -> Option<Instance> {
    instance(|it| {
        let it = &mut it.syn_flood_destination;
        it.enabled = true;
        it.threshold = threshold;
        it.sources_min = sources_min;
        it.window = HOUR;
        it.hold_for = hold_for;
    })
}

#[test]
fn a_destination_under_a_flood_from_many_is_told_once_and_nobody_is_blocked() {
    let Some(instance) = destination(500, 50, HOUR) else {
        return;
    };
    let enforcer = instance.start();
    spoof(&instance, 3_000);
    let told: Vec<KernelEvent> = events(&enforcer);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].finding, Finding::SynFloodDestination);
    assert_eq!(told[0].indicator, parse("192.0.2.1"), "the destination");
    assert!((500..=600).contains(&told[0].count), "{told:?}");
    assert!(told[0].blocked_for.is_some_and(|it| it > HOUR));
    assert_eq!(told[0].to_detection(T0), None);
    assert_eq!(unwrap(enforcer.get_blocklist(T0)), []);
    assert_eq!(count(&enforcer, Counter::Dropped), 0);
    assert_eq!(count(&enforcer, Counter::DestinationFloods), 1);
}

#[test]
fn an_ipv6_destination_is_told_whole() {
    let Some(instance) = destination(100, 1, HOUR) else {
        return;
    };
    let enforcer = instance.start();
    for _ in 0..200 {
        instance.run(&tcp(SOURCE_V6, SYN).bytes());
    }
    let address = "fefe:fefe:fefe:fefe:fefe:fefe:fefe:fefe";
    check_told(&enforcer, &[(Finding::SynFloodDestination, address)]);
}

#[test]
fn few_sources_are_no_flood_from_many() {
    let Some(instance) = destination(100, 50, HOUR) else {
        return;
    };
    let enforcer = instance.start();
    for number in 0..2_000 {
        let source = format!("203.0.113.{}", number % 20);
        instance.run(&tcp(&source, SYN).bytes());
    }
    assert_eq!(events(&enforcer), []);
}

#[test]
fn an_attack_that_lasts_is_told_again_at_half_the_threshold() {
    let Some(instance) = destination(200, 20, HOUR) else {
        return;
    };
    let mut enforcer = instance.start();
    spoof(&instance, 150);
    assert_eq!(events(&enforcer).len(), 0);
    spoof(&instance, 100);
    assert_eq!(events(&enforcer).len(), 1);
    spoof(&instance, 1_000);
    assert_eq!(events(&enforcer).len(), 0, "once in a window");
    // Another window: a change begins one.
    unwrap(enforcer.set_detectors(&instance.config.detectors));
    spoof(&instance, 80);
    assert_eq!(events(&enforcer).len(), 0);
    spoof(&instance, 50);
    assert_eq!(events(&enforcer).len(), 1);
}

#[test]
fn an_attack_that_is_over_takes_the_whole_threshold_again() {
    let hold_for = Duration::from_millis(40);
    let Some(mut instance) = destination(200, 20, hold_for) else {
        return;
    };
    instance.config.detectors.syn_flood_destination.window = hold_for;
    let mut enforcer = instance.start();
    let mut told = Vec::new();
    wait_until("a window with a crossing", HOUR / 60, || {
        spoof(&instance, 250);
        told.extend(events(&enforcer));
        !told.is_empty()
    });
    let held = told[0].blocked_for.unwrap_or_default();
    assert!(held <= hold_for * 2 + Duration::from_millis(20), "{held:?}");
    let start = crate::support::clock();
    wait_until("the end of the attack", HOUR / 60, || {
        start.elapsed() > held * 2
    });
    let mut detectors = instance.config.detectors;
    detectors.syn_flood_destination.window = HOUR;
    unwrap(enforcer.set_detectors(&detectors));
    events(&enforcer);
    spoof(&instance, 150);
    assert_eq!(events(&enforcer).len(), 0);
    spoof(&instance, 100);
    assert_eq!(events(&enforcer).len(), 1);
}
