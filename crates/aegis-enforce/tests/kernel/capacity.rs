//! Full tables: refused aloud, never in silence.

use std::{
    net::{Ipv4Addr, Ipv6Addr},
    time::Duration,
};

use aegis_core::{Change, Exemption};
use aegis_enforce::{Capacity, EnforceError};

use crate::{
    packet::{SYN, tcp},
    support::{Action, Instance, T0, block, block_all, exempt, parse, unwrap, wait_until},
};

fn small() -> Option<Instance> {
    let mut instance = Instance::new()?;
    instance.config.capacity = Capacity {
        hosts_v4: 4,
        hosts_v6: 4,
        prefixes: 4,
    };
    Some(instance)
}

/// Fills one table with four entries and checks that two more are refused by name.
#[track_caller]
fn check(fill: [&str; 6], expected: &str) {
    let Some(instance) = small() else { return };
    let mut enforcer = instance.start();
    let changes: Vec<Change> = fill.iter().map(|it| block(it)).collect();
    match enforcer.apply(T0, &changes) {
        Err(EnforceError::TableFull {
            table,
            capacity,
            refused,
        }) => {
            assert!(table.contains(expected), "{table}");
            assert_eq!((capacity, refused), (4, 2));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(unwrap(enforcer.get_blocklist(T0)).len(), 4);
    // What stands can still be renewed, and room that is made is used.
    block_all(&mut enforcer, &fill[..4]);
    assert!(unwrap(enforcer.remove_from_blocklist(T0, parse(fill[0]))));
    block_all(&mut enforcer, &fill[4..5]);
    assert!(unwrap(enforcer.is_blocklisted(T0, parse(fill[4]))));
}

#[test]
fn a_full_table_names_its_limit() {
    check(
        [
            "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6",
        ],
        "IPv4 addresses",
    );
    check(
        [
            "2001:db8::1",
            "2001:db8::2",
            "2001:db8::3",
            "2001:db8::4",
            "2001:db8::5",
            "2001:db8::6",
        ],
        "IPv6 addresses",
    );
    check(
        [
            "10.1.0.0/16",
            "10.2.0.0/16",
            "10.3.0.0/16",
            "10.4.0.0/16",
            "10.5.0.0/16",
            "10.6.0.0/16",
        ],
        "IPv4 prefixes",
    );
    check(
        [
            "2001:1::/48",
            "2001:2::/48",
            "2001:3::/48",
            "2001:4::/48",
            "2001:5::/48",
            "2001:6::/48",
        ],
        "IPv6 prefixes",
    );
    check(
        [
            "2001:1::/64",
            "2001:2::/64",
            "2001:3::/64",
            "2001:4::/64",
            "2001:5::/64",
            "2001:6::/64",
        ],
        "/64",
    );
}

#[test]
fn a_full_table_keeps_no_other_change_from_being_done() {
    let Some(instance) = small() else { return };
    let mut enforcer = instance.start();
    block_all(
        &mut enforcer,
        &["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"],
    );
    let result = enforcer.apply(
        T0,
        &[
            block("10.0.0.5"),
            block("2001:db8::1"),
            exempt("10.0.0.2", Exemption::Protected),
            Change::Unblock(parse("10.0.0.1")),
        ],
    );
    assert!(
        matches!(result, Err(EnforceError::TableFull { refused: 1, .. })),
        "{result:?}"
    );
    assert!(unwrap(enforcer.is_blocklisted(T0, parse("2001:db8::1"))));
    assert!(!unwrap(enforcer.is_blocklisted(T0, parse("10.0.0.1"))));
    assert_eq!(instance.run(&tcp("10.0.0.2", SYN).bytes()), Action::Pass);
}

#[test]
fn expired_entries_make_room() {
    let Some(instance) = small() else { return };
    let mut enforcer = instance.start();
    for number in 1..=4 {
        let source = parse(&format!("10.0.0.{number}"));
        unwrap(enforcer.blocklist_ip(T0, source, Duration::from_millis(1)));
    }
    wait_until(
        "the end of the short blocks",
        Duration::from_secs(5),
        || unwrap(enforcer.get_blocklist(T0)).is_empty(),
    );
    block_all(
        &mut enforcer,
        &["10.0.0.5", "10.0.0.6", "10.0.0.7", "10.0.0.8"],
    );
    assert_eq!(unwrap(enforcer.get_blocklist(T0)).len(), 4);
}

#[test]
fn a_large_set_that_does_not_fit_is_refused_whole() {
    let Some(mut instance) = small() else { return };
    instance.config.capacity.hosts_v4 = 10_000;
    let mut enforcer = instance.start();
    block_all(&mut enforcer, &["192.0.2.1", "192.0.2.2"]);
    let many = |count: u32| -> Vec<Change> {
        let host = |it: u32| block(&Ipv4Addr::from_bits(0x0a00_0000 + it).to_string());
        (0..count).map(host).collect()
    };
    let mut changes = many(10_001);
    changes.push(Change::Unblock(parse("192.0.2.1")));
    match enforcer.apply(T0, &changes) {
        Err(EnforceError::TableFull {
            capacity, refused, ..
        }) => assert_eq!((capacity, refused), (10_000, 2)),
        other => panic!("{}", other.is_ok()),
    }
    let left: Vec<_> = unwrap(enforcer.get_blocklist(T0));
    assert_eq!(left.len(), 1, "the removal is done, no block of the set is");
    unwrap(enforcer.apply(T0, &many(9_999)));
    assert_eq!(unwrap(enforcer.get_blocklist(T0)).len(), 10_000);
    // What is there already takes no more room.
    unwrap(enforcer.apply(T0, &many(9_999)));
    assert_eq!(instance.run(&tcp("10.0.39.14", SYN).bytes()), Action::Drop);
    assert_eq!(instance.run(&tcp("10.0.39.15", SYN).bytes()), Action::Pass);
}

#[test]
fn nothing_is_left_of_a_large_set_that_failed() {
    let Some(mut instance) = Instance::new() else {
        return;
    };
    instance.config.capacity = Capacity::default();
    let mut enforcer = instance.start();
    let hosts = |first: u32, count: u32| -> Vec<Change> {
        let host = |it: u32| block(&Ipv4Addr::from_bits(first + it).to_string());
        (0..count).map(host).collect()
    };
    let mut refused = hosts(0x0a00_0000, 20_000);
    refused.push(block("4.0.0.0/7"));
    let result = enforcer.apply(T0, &refused);
    assert!(
        matches!(result, Err(EnforceError::TooWide { .. })),
        "{result:?}"
    );
    unwrap(enforcer.apply(T0, &hosts(0x0b00_0000, 9000)));
    assert_eq!(unwrap(enforcer.get_blocklist(T0)).len(), 9000);
    for (source, action) in [("10.0.0.1", Action::Pass), ("11.0.0.1", Action::Drop)] {
        assert_eq!(instance.run(&tcp(source, SYN).bytes()), action, "{source}");
    }
}

#[test]
fn a_prefix_that_is_too_wide_keeps_no_other_change_from_being_done() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let mut enforcer = instance.start();
    unwrap(enforcer.apply(T0, &[block("203.0.113.9")]));
    let changes = [
        block("203.0.113.7"),
        block("4.0.0.0/7"),
        block("203.0.113.8"),
        Change::Unblock(parse("203.0.113.9")),
    ];
    let result = enforcer.apply(T0, &changes);
    assert!(
        matches!(result, Err(EnforceError::TooWide { .. })),
        "{result:?}"
    );
    for (source, action) in [
        ("203.0.113.7", Action::Drop),
        ("203.0.113.8", Action::Drop),
        ("203.0.113.9", Action::Pass),
        ("5.0.0.1", Action::Pass),
    ] {
        assert_eq!(instance.run(&tcp(source, SYN).bytes()), action, "{source}");
    }
}

#[test]
fn every_batch_finds_room_while_a_table_fills_up() {
    const BATCH: u64 = 8000;
    let Some(mut instance) = Instance::new() else {
        return;
    };
    instance.config.capacity = Capacity::default();
    let mut enforcer = instance.start();
    let nets = |first: u64, count: u64| -> Vec<Change> {
        let net = |it: u64| {
            let net = 0x2001_0db8_0000_0000 | it.wrapping_mul(0x9e37_79b1) & 0xffff_ffff;
            block(&format!(
                "{}/64",
                Ipv6Addr::from_bits(u128::from(net) << 64)
            ))
        };
        (first..first + count).map(net).collect()
    };
    let mut first = 90_000;
    unwrap(enforcer.apply(T0, &nets(0, first)));
    for _ in 0..4 {
        unwrap(enforcer.apply(T0, &nets(first, BATCH)));
        first += BATCH;
    }
    assert_eq!(unwrap(enforcer.get_blocklist(T0)).len() as u64, first);
}
