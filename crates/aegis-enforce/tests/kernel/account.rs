//! What was counted stays counted, once, whichever load of the program counted it.

use std::time::Duration;

use aegis_abi::maps;
use aegis_core::Change;
use aegis_enforce::{Counter, EnforceError, Enforcer};
use aya::maps::MapData;

use crate::{
    packet::{SYN, tcp},
    support::{
        Instance, T0, block, block_all,
        books::{PinnedBooks, load_pins},
        count, parse, unwrap, wait_until,
    },
};

const SOURCE: &str = "203.0.113.7";
const OTHER: &str = "192.0.2.1";
/// Nothing of what many loads counted is waited for any longer, from so many on.
const LOADS_MAX: usize = 16;
/// A busy machine takes its time; the enforcer waits for a second.
const LIMIT: Duration = Duration::from_secs(60);

/// Has one packet dropped and two passed.
fn send(instance: &Instance) {
    for source in [SOURCE, OTHER, OTHER] {
        instance.run(&tcp(source, SYN).bytes());
    }
}

/// Checks that so many times as many were counted, as the enforcer says and as the pins do.
#[track_caller]
fn check(instance: &Instance, enforcer: &Enforcer, times: u64) {
    let counters = [Counter::Packets, Counter::Dropped, Counter::Passed];
    let counted = counters.map(|it| count(enforcer, it));
    assert_eq!(counted, [3 * times, times, 2 * times]);
    let pinned = PinnedBooks::open(instance).sum();
    assert_eq!(pinned[Counter::MatchedHostV4 as usize], times);
}

/// Sweeps until only the map is left that is counted in.
fn settle(instance: &Instance, enforcer: &mut Enforcer) {
    wait_until("the sums", LIMIT, || {
        unwrap(enforcer.sweep(T0));
        load_pins(instance).len() == 1
    });
}

#[test]
fn restarts_and_generations_and_what_is_added_up_lose_no_count() {
    let Some(mut instance) = Instance::new() else {
        return;
    };
    instance.config.capacity.hosts_v4 = 100_000;
    let mut enforcer = instance.start();
    block_all(&mut enforcer, &[SOURCE]);
    let mut times = 0;
    for round in 0..3_u32 {
        send(&instance);
        // So many blocks, one of which goes, make another generation.
        let host = |it: u32| format!("10.{round}.{}.{}", it / 250, it % 250);
        let mut changes: Vec<Change> = (0..8192).map(|it| block(&host(it))).collect();
        changes.push(Change::Unblock(parse("192.0.2.9")));
        unwrap(enforcer.apply(T0, &changes));
        send(&instance);
        times += 2;
        check(&instance, &enforcer, times);
        assert!(load_pins(&instance).len() > 1, "round {round}");
        if round == 1 {
            settle(&instance, &mut enforcer);
            check(&instance, &enforcer, times);
        }
        drop(enforcer);
        send(&instance); // nobody is alive
        times += 1;
        enforcer = instance.start();
        check(&instance, &enforcer, times);
    }
    settle(&instance, &mut enforcer);
    check(&instance, &enforcer, times);
    send(&instance);
    check(&instance, &enforcer, times + 1);
}

#[test]
fn many_starts_in_a_row_leave_few_maps_and_lose_no_count() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let mut enforcer = instance.start();
    block_all(&mut enforcer, &[SOURCE]);
    for times in 1..=40 {
        send(&instance);
        drop(enforcer);
        enforcer = instance.start();
        check(&instance, &enforcer, times);
        assert!(load_pins(&instance).len() <= LOADS_MAX);
    }
}

#[test]
fn starts_that_fail_leave_few_maps_and_lose_no_count() {
    let Some(mut instance) = Instance::new() else {
        return;
    };
    let mut enforcer = instance.start();
    block_all(&mut enforcer, &[SOURCE]);
    drop(enforcer);
    instance.config.interfaces = vec!["aegis-no-such".into()];
    for _ in 0..20 {
        send(&instance); // the program before is in force
        let failed = Enforcer::start(&instance.config, T0);
        assert!(
            matches!(failed, Err(EnforceError::Attach { .. })),
            "{failed:?}"
        );
        assert!(load_pins(&instance).len() <= LOADS_MAX);
    }
    instance.config.interfaces.clear();
    let mut enforcer = instance.start();
    check(&instance, &enforcer, 20);
    settle(&instance, &mut enforcer);
    check(&instance, &enforcer, 20);
}

/// As an owner leaves it that is killed between adding a map to the sums and letting go of it.
#[test]
fn a_map_that_was_added_up_is_not_added_again() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let mut enforcer = instance.start();
    block_all(&mut enforcer, &[SOURCE]);
    send(&instance);
    let [name] = &load_pins(&instance)[..] else {
        panic!("one load");
    };
    let map = MapData::from_pin(instance.pin(name)).unwrap();
    drop(enforcer);
    let mut enforcer = instance.start();
    settle(&instance, &mut enforcer);
    assert!(!load_pins(&instance).contains(name));
    drop(enforcer);
    map.pin(instance.pin(name)).unwrap();
    let mut enforcer = instance.start();
    check(&instance, &enforcer, 1);
    settle(&instance, &mut enforcer);
    check(&instance, &enforcer, 1);
}

#[test]
fn a_map_of_another_layout_is_let_go_of() {
    let Some(instance) = Instance::new() else {
        return;
    };
    drop(instance.start());
    let stranger = instance.pin(&format!("{}1", maps::COUNTED_PIN));
    let map = MapData::from_pin(instance.pin(maps::GATES)).unwrap();
    map.pin(&stranger).unwrap();
    let enforcer = instance.start();
    assert!(!stranger.exists());
    check(&instance, &enforcer, 0);
}
