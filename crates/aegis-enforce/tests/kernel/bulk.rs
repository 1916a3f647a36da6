//! Large sets in place: in force at once, with the program that was there.

use std::{
    net::{Ipv4Addr, Ipv6Addr},
    time::Duration,
};

use aegis_abi::{config_flag, table::End};
use aegis_core::{Change, Indicator};
use aegis_enforce::Enforcer;
use aya::maps::{Array, Map, MapData};

use crate::{
    packet::{ACK, tcp},
    support::{Action, HOUR, Instance, T0, block, block_all, parse, unwrap},
};

/// Hosts that are there before, and so many more come at once: more than are written one by one.
const BEFORE: u32 = 70_000;
const MORE: u32 = 9_000;
/// So much may pass from a change until it is looked at by a clock that stands still meanwhile.
const LATE: Duration = Duration::from_secs(600);
/// And so many of each other kind.
const OTHERS: u16 = 100;

fn host(number: u32) -> Indicator {
    Indicator::host(Ipv4Addr::from(0x0a00_0000 + number).into())
}

fn until(indicator: Indicator) -> Change {
    Change::Block {
        indicator,
        expires_at: T0 + HOUR,
    }
}

/// Returns what comes at once: addresses, networks and prefixes.
fn many() -> Vec<Change> {
    let mut changes: Vec<Change> = (BEFORE..BEFORE + MORE).map(|it| until(host(it))).collect();
    for number in 0..OTHERS {
        let v6 = |low| Ipv6Addr::new(0x2001, 0xdb8, number, low, 0, 0, 0, 7);
        let prefix = |address: Ipv6Addr, length| Indicator::prefix(address.into(), length).unwrap();
        changes.push(until(prefix(v6(1), 64)));
        changes.push(until(prefix(v6(2), 128)));
        changes.push(until(prefix(
            Ipv6Addr::new(0x2002, number, 0, 0, 0, 0, 0, 0),
            48,
        )));
        let v4 = Ipv4Addr::new(203, number as u8, 0, 0);
        changes.push(until(Indicator::prefix(v4.into(), 24).unwrap()));
    }
    changes
}

/// Returns a started instance that holds `BEFORE` hosts, with room for more.
fn started() -> Option<(Instance, Enforcer)> {
    let mut instance = Instance::new()?;
    instance.config.capacity.hosts_v4 = BEFORE + MORE + 1;
    let mut enforcer = instance.start();
    let before: Vec<Change> = (0..BEFORE).map(|it| until(host(it))).collect();
    unwrap(enforcer.apply(T0, &before));
    Some((instance, enforcer))
}

#[track_caller]
fn check(instance: &Instance, source: impl ToString, expected: Action) {
    let source = source.to_string();
    let packet = tcp(&source, ACK).bytes();
    assert_eq!(instance.run(&packet), expected, "{source}, XDP");
    assert_eq!(
        instance.run_tc(&packet),
        expected,
        "{source}, traffic control"
    );
}

#[test]
fn what_is_expected_has_the_tables_grow_once_in_however_many_parts_it_comes() {
    let Some(mut instance) = Instance::new() else {
        return;
    };
    instance.config.capacity.hosts_v4 = 2 * BEFORE;
    let mut enforcer = instance.start();
    let first = enforcer.map_ids();
    let all: Vec<Indicator> = (0..BEFORE).map(host).collect();
    let mut parts = all.chunks(5_000);
    let part = parts.next().unwrap();
    enforcer.expect(part, all.len());
    let apply = |enforcer: &mut Enforcer, part: &[Indicator]| {
        let changes: Vec<Change> = part.iter().map(|it| until(*it)).collect();
        unwrap(enforcer.apply(T0, &changes));
    };
    apply(&mut enforcer, part);
    let grown = enforcer.map_ids();
    assert_ne!(grown, first);
    for part in parts {
        apply(&mut enforcer, part);
    }
    assert_eq!(enforcer.map_ids(), grown);
    check(&instance, host(BEFORE - 1).address(), Action::Drop);
}

#[test]
fn many_blocks_come_into_force_with_the_program_that_is_there() {
    let Some((instance, mut enforcer)) = started() else {
        return;
    };
    let program = instance.program_id();
    let changes = many();
    unwrap(enforcer.apply(T0, &changes));
    assert_eq!(instance.program_id(), program, "no other was needed");
    for number in [0, 1, BEFORE - 1, BEFORE, BEFORE + 4321, BEFORE + MORE - 1] {
        check(&instance, host(number), Action::Drop);
    }
    check(&instance, host(BEFORE + MORE), Action::Pass);
    for (source, expected) in [
        ("203.99.0.200", Action::Drop),
        ("203.100.0.200", Action::Pass),
        ("2001:db8:63:1::9", Action::Drop),
        ("2001:db8:63:2::7", Action::Drop),
        ("2001:db8:63:2::8", Action::Pass),
        ("2002:63::1", Action::Drop),
        ("2002:64::1", Action::Pass),
    ] {
        check(&instance, source, expected);
    }
    let listed = unwrap(enforcer.get_blocklist(T0));
    assert_eq!(listed.len(), BEFORE as usize + changes.len());
    assert!(listed.iter().all(|it| it.expires_at >= T0 + HOUR - LATE));
    // What is put in one by one afterwards, removed or kept through a restart, is as ever.
    unwrap(enforcer.remove_from_blocklist(T0, host(BEFORE)));
    check(&instance, host(BEFORE), Action::Pass);
    drop(enforcer);
    let enforcer = instance.start();
    check(&instance, host(BEFORE + 1), Action::Drop);
    let again = unwrap(enforcer.get_blocklist(T0));
    assert_eq!(again.len(), listed.len() - 1);
}

#[test]
fn many_blocks_again_are_renewed_and_counted_once() {
    let Some((instance, mut enforcer)) = started() else {
        return;
    };
    for hours in 1..=3 {
        let mut changes = many();
        for change in &mut changes {
            if let Change::Block { expires_at, .. } = change {
                *expires_at = T0 + HOUR * hours;
            }
        }
        // One of them twice.
        changes.push(changes[0]);
        unwrap(enforcer.apply(T0, &changes));
        let listed = unwrap(enforcer.get_blocklist(T0));
        assert_eq!(listed.len(), BEFORE as usize + changes.len() - 1);
        let renewed = listed
            .iter()
            .filter(|it| it.expires_at >= T0 + HOUR * hours - LATE);
        assert!(renewed.count() >= changes.len() - 1);
        check(&instance, host(BEFORE + 77), Action::Drop);
    }
}

type Buckets = Array<MapData, [u8; 64]>;
const CONFIG_BYTES: usize = size_of::<aegis_abi::Config>();

/// Stages the entry of an address, as an owner that was cut short leaves it, and says whether it
/// was shown.
#[track_caller]
fn leave_staged(instance: &Instance, address: Ipv4Addr, is_shown: bool) {
    let open = |name: &str| {
        let data = MapData::from_pin(instance.pin(name)).unwrap();
        Map::from_map_data(data).unwrap()
    };
    let mut buckets: Buckets = open("HOSTS_V4").try_into().unwrap();
    // An address as a bucket holds it: its first byte is a tag, the others lie round the end.
    let [low, middle, high, tag] = address.to_bits().wrapping_mul(0x9e37_79b1).to_le_bytes();
    let mut found = 0;
    for index in 0..buckets.len() {
        let mut bucket = buckets.get(&index, 0).unwrap();
        for slot in 0..6 {
            let rest = &bucket[slot * 8 + 2..][..3];
            if bucket[56 + slot] == tag && rest == [low, middle, high] {
                let end = &mut bucket[slot * 8 + 4..][..4];
                let bits = u32::from_ne_bytes(end.try_into().unwrap());
                let staged = End::from_bits(bits).staged().bits();
                end.copy_from_slice(&staged.to_ne_bytes());
                buckets.set(index, bucket, 0).unwrap();
                found += 1;
            }
        }
    }
    assert_eq!(found, 1);
    let mut config: Array<_, [u8; CONFIG_BYTES]> = open("CONFIG").try_into().unwrap();
    let mut bytes = config.get(&0, 0).unwrap();
    let mut flags = u32::from_ne_bytes(bytes[4..8].try_into().unwrap());
    if is_shown {
        flags |= config_flag::SHOW_STAGED;
    }
    bytes[4..8].copy_from_slice(&flags.to_ne_bytes());
    config.set(0, bytes, 0).unwrap();
}

#[test]
fn what_an_owner_left_staged_is_finished_or_undone() {
    for is_shown in [false, true] {
        let Some(instance) = Instance::new() else {
            return;
        };
        let mut enforcer = instance.start();
        block_all(&mut enforcer, &["203.0.113.7", "203.0.113.8"]);
        leave_staged(&instance, Ipv4Addr::new(203, 0, 113, 7), is_shown);
        check(&instance, "203.0.113.7", Action::Pass);
        drop(enforcer);
        let mut enforcer = instance.start();
        let expected = if is_shown { Action::Drop } else { Action::Pass };
        check(&instance, "203.0.113.7", expected);
        check(&instance, "203.0.113.8", Action::Drop);
        let listed = unwrap(enforcer.get_blocklist(T0));
        assert_eq!(listed.len(), 1 + usize::from(is_shown));
        // And can be blocked like any other.
        unwrap(enforcer.apply(T0, &[block("203.0.113.7")]));
        check(&instance, "203.0.113.7", Action::Drop);
        assert!(unwrap(enforcer.is_blocklisted(T0, parse("203.0.113.7"))));
    }
}
