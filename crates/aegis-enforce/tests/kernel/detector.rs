//! The SYN-flood detector: catches at the threshold, tells once, blocks by itself.

use std::{net::Ipv4Addr, time::Duration};

use aegis_core::{Change, Indicator};
use aegis_enforce::{Counter, Enforcer, EventStream, KernelEvent, SourceDetector};

use crate::{
    packet::{ACK, FRAGMENT, OPTIONS, SYN, VLAN, tcp},
    support::{Action, HOUR, Instance, T0, count, parse, unwrap, wait_until},
};

const THRESHOLD: u32 = 20;
const SOURCE: &str = "203.0.113.7";

fn instance() -> Option<Instance> {
    let mut instance = Instance::new()?;
    instance.config.detectors.syn_flood = SourceDetector {
        enabled: true,
        threshold: THRESHOLD,
        window: HOUR,
        block_for: Duration::from_secs(60),
    };
    Some(instance)
}

/// Takes what the kernel has told so far.
pub(crate) fn events(enforcer: &Enforcer) -> Vec<KernelEvent> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut stream: EventStream = unwrap(enforcer.events());
        let mut events = Vec::new();
        while let Some(event) = stream.try_next() {
            events.push(event);
        }
        events
    })
}

#[test]
fn catches_exactly_at_the_threshold_and_tells_once() {
    let Some(instance) = instance() else { return };
    let enforcer = instance.start();
    let packet = tcp(SOURCE, SYN).bytes();
    for number in 1..THRESHOLD {
        assert_eq!(instance.run(&packet), Action::Pass, "request {number}");
    }
    assert_eq!(unwrap(enforcer.get_blocklist(T0)), []);
    for _ in 0..50 {
        assert_eq!(instance.run(&packet), Action::Drop);
    }
    assert_eq!(instance.run(&tcp(SOURCE, ACK).bytes()), Action::Drop);
    let blocked = unwrap(enforcer.get_blocklist(T0));
    assert_eq!(blocked.len(), 1);
    assert_eq!(blocked[0].indicator, parse(SOURCE));
    assert_eq!(blocked[0].violations, 1);
    assert_eq!(blocked[0].packets, 51);
    assert!(blocked[0].is_from_detector);
    let left = blocked[0].expires_at.since(T0);
    assert!(
        left > Duration::from_secs(30) && left < Duration::from_secs(61),
        "{left:?}"
    );
    let events = events(&enforcer);
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(events[0].indicator, parse(SOURCE));
    assert_eq!(events[0].violations, 1);
    assert!(!events[0].is_observed);
    assert!(
        events[0]
            .blocked_for
            .is_some_and(|it| it > Duration::from_secs(30))
    );
    assert!(events[0].rate > 0);
    assert_eq!(count(&enforcer, Counter::SynFloods), 1);
    assert_eq!(count(&enforcer, Counter::MatchedDetector), 1);
    assert_eq!(count(&enforcer, Counter::EarlyDrops), 50);
}

#[test]
fn an_ipv6_flood_blocks_its_64() {
    let Some(instance) = instance() else { return };
    let enforcer = instance.start();
    for number in 0..THRESHOLD {
        let source = format!("2001:db8:0:1::{number:x}");
        let expected = if number + 1 < THRESHOLD {
            Action::Pass
        } else {
            Action::Drop
        };
        assert_eq!(
            instance.run(&tcp(&source, SYN).bytes()),
            expected,
            "{source}"
        );
    }
    assert!(unwrap(
        enforcer.is_blocklisted(T0, parse("2001:db8:0:1::/64"))
    ));
    assert_eq!(
        instance.run(&tcp("2001:db8:0:1::ffff", ACK).bytes()),
        Action::Drop
    );
    assert_eq!(
        instance.run(&tcp("2001:db8:0:2::1", ACK).bytes()),
        Action::Pass
    );
    assert_eq!(events(&enforcer)[0].indicator, parse("2001:db8:0:1::/64"));
}

#[test]
fn only_requests_count() {
    let Some(instance) = instance() else { return };
    let enforcer = instance.start();
    for _ in 0..THRESHOLD * 2 {
        for packet in [
            tcp(SOURCE, ACK),
            tcp(SOURCE, SYN | ACK),
            tcp(SOURCE, SYN).fragment(1),
            tcp(SOURCE, SYN).payload(17, &[SYN; 20]),
        ] {
            assert_eq!(instance.run(&packet.bytes()), Action::Pass);
        }
    }
    assert_eq!(count(&enforcer, Counter::Syns), 0);
    assert_eq!(events(&enforcer), []);
}

#[test]
fn finds_requests_behind_everything_it_looks_through() {
    let Some(instance) = instance() else { return };
    let enforcer = instance.start();
    let packets = [
        tcp("203.0.113.1", SYN).tags(&[VLAN; 4]),
        tcp("203.0.113.2", SYN).options(10),
        tcp("203.0.113.3", SYN).fragment(0x2000),
        tcp("2001:db8:0:1::1", SYN).extensions(&[OPTIONS; 6]),
        tcp("2001:db8:0:2::1", SYN).extensions(&[FRAGMENT]),
    ];
    for packet in &packets {
        for number in 1..=THRESHOLD {
            let expected = if number < THRESHOLD {
                Action::Pass
            } else {
                Action::Drop
            };
            assert_eq!(
                instance.run_tc(&packet.bytes()),
                expected,
                "request {number}"
            );
        }
    }
    assert_eq!(events(&enforcer).len(), packets.len());
}

#[test]
fn a_slow_source_is_never_caught() {
    let Some(mut instance) = instance() else {
        return;
    };
    instance.config.detectors.syn_flood.threshold = 3;
    instance.config.detectors.syn_flood.window = Duration::from_millis(40);
    let enforcer = instance.start();
    let packet = tcp(SOURCE, SYN).bytes();
    for _ in 0..5 {
        assert_eq!(instance.run(&packet), Action::Pass);
        assert_eq!(instance.run(&packet), Action::Pass);
        let start = crate::support::clock();
        wait_until("the next window", Duration::from_secs(1), || {
            start.elapsed() > Duration::from_millis(60)
        });
    }
    assert_eq!(count(&enforcer, Counter::SynFloods), 0);
}

#[test]
fn a_repeated_flood_is_another_violation() {
    let Some(mut instance) = instance() else {
        return;
    };
    instance.config.detectors.syn_flood.block_for = Duration::from_millis(50);
    let enforcer = instance.start();
    let packet = tcp(SOURCE, SYN).bytes();
    for violation in 1..=3 {
        for _ in 0..THRESHOLD {
            instance.run(&packet);
        }
        assert_eq!(events(&enforcer)[0].violations, violation);
        // A packet that is no request does not count towards the next crossing.
        let innocent = tcp(SOURCE, ACK).bytes();
        wait_until("the end of the block", Duration::from_secs(2), || {
            instance.run(&innocent) == Action::Pass
        });
    }
}

#[test]
fn changes_while_it_runs() {
    let Some(instance) = instance() else { return };
    let mut enforcer = instance.start();
    let program = instance.program_id();
    let mut detectors = instance.config.detectors;
    unwrap(enforcer.set_detectors(&detectors.disabled()));
    let packet = tcp(SOURCE, SYN).bytes();
    for _ in 0..THRESHOLD * 2 {
        assert_eq!(instance.run(&packet), Action::Pass);
    }
    detectors.syn_flood.threshold = 3;
    unwrap(enforcer.set_detectors(&detectors));
    let actions = [(); 3].map(|()| instance.run(&packet));
    assert_eq!(actions, [Action::Pass, Action::Pass, Action::Drop]);
    assert_eq!(instance.program_id(), program, "it was not loaded anew");
}

#[test]
fn what_the_kernel_blocked_stays_blocked_without_detectors_and_by_other_programs() {
    const LISTED: u32 = 20_000; // more than there is room for at first: another generation
    let Some(mut instance) = instance() else {
        return;
    };
    instance.config.capacity.hosts_v4 = LISTED;
    let mut enforcer = instance.start();
    let offender = tcp(SOURCE, SYN).bytes();
    for _ in 0..THRESHOLD {
        instance.run(&offender);
    }
    let check = |what: &str| assert_eq!(instance.run(&offender), Action::Drop, "{what}");
    check("by the program that caught it");
    let program = instance.program_id();
    let listed = (0..LISTED).map(|it| Change::Block {
        indicator: Indicator::host(Ipv4Addr::from(0x0a00_0000 + it).into()),
        expires_at: T0 + HOUR,
    });
    unwrap(enforcer.apply(T0, &listed.collect::<Vec<_>>()));
    assert_ne!(instance.program_id(), program, "it is another generation");
    check("by the next program");
    unwrap(enforcer.set_detectors(&instance.config.detectors.disabled()));
    check("without detectors");
    drop(enforcer);
    let _enforcer = instance.start();
    check("after a restart");
}

#[test]
fn observing_counts_and_tells_and_drops_nothing() {
    let Some(mut instance) = instance() else {
        return;
    };
    instance.config.observe = true;
    let mut enforcer = instance.start();
    assert!(enforcer.is_observing());
    let packet = tcp(SOURCE, SYN).bytes();
    for _ in 0..THRESHOLD + 5 {
        assert_eq!(instance.run(&packet), Action::Pass);
        assert_eq!(instance.run_tc(&tcp(SOURCE, ACK).bytes()), Action::Pass);
    }
    let events = events(&enforcer);
    assert_eq!(events.len(), 1);
    assert!(events[0].is_observed);
    assert_eq!(count(&enforcer, Counter::Dropped), 0);
    assert_eq!(count(&enforcer, Counter::EarlyDrops), 0);
    let packets = u64::from(THRESHOLD + 5) * 2;
    assert_eq!(count(&enforcer, Counter::Passed), packets);
    // The crossing, five requests after it, and the six other packets from then on.
    assert_eq!(count(&enforcer, Counter::WouldHaveDropped), 1 + 5 + 6);
    unwrap(enforcer.set_observe(false));
    assert_eq!(instance.run(&packet), Action::Drop);
}

#[test]
fn an_unblocked_source_starts_afresh() {
    let Some(instance) = instance() else { return };
    let mut enforcer = instance.start();
    let packet = tcp(SOURCE, SYN).bytes();
    for _ in 0..THRESHOLD * 2 {
        instance.run(&packet);
    }
    assert!(unwrap(enforcer.remove_from_blocklist(T0, parse(SOURCE))));
    for number in 1..THRESHOLD {
        assert_eq!(instance.run(&packet), Action::Pass, "request {number}");
    }
    assert_eq!(instance.run(&packet), Action::Drop);
}

#[test]
fn a_full_ring_loses_events_and_says_how_many() {
    let Some(mut instance) = instance() else {
        return;
    };
    instance.config.detectors.syn_flood.threshold = 1;
    instance.config.detectors.blocks_per_second_max = u32::MAX;
    instance.config.capacity.hosts_v4 = 8192;
    let enforcer = instance.start();
    let total = 4000_u64;
    for number in 0..total {
        let source = format!("10.0.{}.{}", number / 250, number % 250);
        assert_eq!(instance.run(&tcp(&source, SYN).bytes()), Action::Drop);
    }
    let told = events(&enforcer).len() as u64;
    let lost = count(&enforcer, Counter::EventsLost);
    assert_eq!(told + lost, total);
    assert!(lost > 0 && told > 3000, "{told} told, {lost} lost");
    // Lost or not, the kernel blocked every one of them.
    assert_eq!(unwrap(enforcer.get_blocklist(T0)).len() as u64, total);
}

#[test]
fn waiting_for_an_event_wakes_up() {
    let Some(instance) = instance() else { return };
    let enforcer = instance.start();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let event = runtime.block_on(async {
        let mut stream = unwrap(enforcer.events());
        let packet = tcp(SOURCE, SYN).bytes();
        let flood = async {
            tokio::task::yield_now().await; // the reader waits first
            for _ in 0..THRESHOLD {
                instance.run(&packet);
            }
        };
        let wait = tokio::time::timeout(Duration::from_secs(5), stream.next());
        tokio::join!(wait, flood).0
    });
    assert_eq!(event.unwrap().unwrap().indicator, parse(SOURCE));
}
