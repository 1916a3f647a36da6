//! Exemptions come before every block, and no forged flood gets round them.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use aegis_core::{Change, Exemption};
use aegis_enforce::{Capacity, Counter, Enforcer};

use crate::{
    packet::{SYN, tcp},
    support::{Action, Instance, T0, block, block_all, count, exempt, parse, unwrap},
};

#[test]
fn an_exempt_source_passes_whatever_the_blocklist_says() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let mut enforcer = instance.start();
    let sources = ["192.0.2.1", "2001:db8::1"];
    block_all(
        &mut enforcer,
        &["192.0.2.1", "192.0.2.0/24", "2001:db8::1", "2001:db8::/64"],
    );
    for (exemption, counter) in [
        (Exemption::Allowlisted, Counter::Allowlisted),
        (Exemption::Protected, Counter::Protected),
    ] {
        unwrap(enforcer.apply(T0, &sources.map(|it| exempt(it, exemption))));
        for source in sources {
            let before = count(&enforcer, counter);
            assert_eq!(
                instance.run(&tcp(source, SYN).bytes()),
                Action::Pass,
                "{source}"
            );
            assert_eq!(
                instance.run_tc(&tcp(source, SYN).bytes()),
                Action::Pass,
                "{source}"
            );
            assert_eq!(count(&enforcer, counter), before + 2, "{source}");
            assert!(!unwrap(enforcer.is_blocklisted(T0, parse(source))));
        }
        assert_eq!(instance.run(&tcp("192.0.2.2", SYN).bytes()), Action::Drop);
    }
    unwrap(enforcer.apply(T0, &sources.map(|it| Change::Unexempt(parse(it)))));
    for source in sources {
        assert_eq!(
            instance.run(&tcp(source, SYN).bytes()),
            Action::Drop,
            "{source}"
        );
    }
}

#[test]
fn an_exempt_prefix_covers_its_addresses() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let mut enforcer = instance.start();
    block_all(&mut enforcer, &["192.0.2.1", "198.51.100.1"]);
    unwrap(enforcer.apply(T0, &[exempt("192.0.2.0/24", Exemption::Allowlisted)]));
    assert_eq!(instance.run(&tcp("192.0.2.1", SYN).bytes()), Action::Pass);
    assert_eq!(
        instance.run(&tcp("198.51.100.1", SYN).bytes()),
        Action::Drop
    );
}

#[test]
fn a_flood_in_the_name_of_a_protected_address_blocks_nobody() {
    let Some(mut instance) = Instance::new() else {
        return;
    };
    instance.config.detectors.syn_flood.enabled = true;
    instance.config.detectors.syn_flood.threshold = 5;
    let mut enforcer = instance.start();
    // The gateway, a resolver, the node itself; each family.
    let sources = [
        "192.0.2.1",
        "9.9.9.9",
        "192.0.2.77",
        "fe80::1",
        "2620:fe::fe",
        "2001:db8::77",
    ];
    unwrap(enforcer.apply(T0, &sources.map(|it| exempt(it, Exemption::Protected))));
    for source in sources {
        for _ in 0..50 {
            assert_eq!(
                instance.run(&tcp(source, SYN).bytes()),
                Action::Pass,
                "{source}"
            );
        }
    }
    assert_eq!(count(&enforcer, Counter::SynFloods), 0);
    assert_eq!(unwrap(enforcer.get_blocklist(T0)), []);
    check_that_others_are_caught(&instance, &enforcer);
}

fn check_that_others_are_caught(instance: &Instance, enforcer: &Enforcer) {
    for _ in 0..5 {
        instance.run(&tcp("192.0.2.78", SYN).bytes());
    }
    assert_eq!(count(enforcer, Counter::SynFloods), 1);
    assert!(unwrap(enforcer.is_blocklisted(T0, parse("192.0.2.78"))));
}

/// Blocks so many sources at once, one of which is exempt by the same changes, and watches it.
#[track_caller]
fn check_never_dropped(count: u32) {
    let Some(mut instance) = Instance::new() else {
        return;
    };
    instance.config.capacity = Capacity::default();
    let mut enforcer = instance.start();
    block_all(&mut enforcer, &["192.0.2.1"]);
    let mut changes = vec![block("10.0.0.1")];
    changes.extend((2..count).map(|it| block(&format!("10.0.{}.{}", it >> 8, it & 255))));
    changes.push(exempt("10.0.0.1", Exemption::Protected));
    let packet = tcp("10.0.0.1", SYN).bytes();
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut runs = 0_u64;
            while !is_done.load(Ordering::Relaxed) {
                assert_eq!(instance.run(&packet), Action::Pass, "run {runs}");
                runs += 1;
            }
            runs
        });
        let result = enforcer.apply(T0, &changes);
        is_done.store(true, Ordering::Relaxed);
        unwrap(result);
        assert!(watcher.join().unwrap() > 0);
    });
    assert!(unwrap(enforcer.is_blocklisted(T0, parse("10.0.0.2"))));
}

#[test]
fn a_source_that_is_blocked_and_exempt_at_once_is_never_dropped() {
    check_never_dropped(8000);
    check_never_dropped(9000);
}
