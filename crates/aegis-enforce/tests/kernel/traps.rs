//! What filters of this kind get wrong, where no other test stands for it. `docs/kernel.md` has
//! the whole list with the test of each.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use aegis_core::{Change, Indicator, Ruleset};
use aegis_enforce::{Enforcer, ModeRequest};
use aya::maps::{Array, Map, MapData};

use crate::{
    packet::{ACK, SYN, tcp},
    support::{
        Action, HOUR, Instance, T0, block, block_all,
        namespace::{ATTACKER, BYSTANDER, Cable, DEFENDER, INTERFACE, is_answered},
        parse, unwrap, wait_until,
    },
};

const DAY: Duration = Duration::from_secs(24 * 3600);
const LIMIT: Duration = Duration::from_secs(10);

/// The bytes of the configuration that an instance keeps.
const CONFIG_BYTES: usize = size_of::<aegis_abi::Config>();
type ConfigMap = Array<MapData, [u8; CONFIG_BYTES]>;

fn config(instance: &Instance) -> ConfigMap {
    let data = MapData::from_pin(instance.pin("CONFIG")).unwrap();
    Array::try_from(Map::from_map_data(data).unwrap()).unwrap()
}

#[test]
fn addresses_that_carry_ipv4_are_blocked_as_the_ipv6_they_are() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let mut enforcer = instance.start();
    block_all(
        &mut enforcer,
        &["2002:cb00:7107::/48", "64:ff9b::203.0.113.7"],
    );
    for (source, action) in [
        ("2002:cb00:7107::1", Action::Drop),
        ("2002:cb00:7108::1", Action::Pass),
        ("64:ff9b::203.0.113.7", Action::Drop),
        ("64:ff9b::203.0.113.8", Action::Pass),
        ("203.0.113.7", Action::Pass),
    ] {
        assert_eq!(
            instance.run(&tcp(source, ACK).bytes()),
            action,
            "{source} by XDP"
        );
        assert_eq!(
            instance.run_tc(&tcp(source, ACK).bytes()),
            action,
            "{source} by traffic control"
        );
    }
}

#[test]
fn a_block_beyond_what_an_entry_can_say_stands_and_is_in_agreement() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let mut enforcer = instance.start();
    let long = Change::Block {
        indicator: parse("203.0.113.7"),
        expires_at: T0 + DAY * 365,
    };
    unwrap(enforcer.apply(T0, &[long]));
    let mut ruleset = Ruleset::default();
    ruleset.apply(long);
    let found = unwrap(enforcer.enforcement(T0, &ruleset));
    assert!(found.is_in_agreement(), "{found}");
    let ends_at = unwrap(enforcer.get_blocklist(T0))[0].expires_at;
    assert!(
        ends_at > T0 + DAY * 7,
        "{ends_at}: a week at any tick rate, with nobody alive"
    );
    // Eight days on, as far as anybody can tell: what is left is written anew.
    let later = T0 + DAY * 8;
    unwrap(enforcer.sweep(later));
    assert_eq!(instance.run(&tcp("203.0.113.7", SYN).bytes()), Action::Drop);
    let renewed = unwrap(enforcer.get_blocklist(later))[0].expires_at;
    assert!(renewed > ends_at + DAY * 7, "{renewed}");
}

#[test]
fn lists_that_nobody_looked_after_for_months_block_nobody_and_come_back_only_by_the_ruleset() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let mut enforcer = instance.start();
    block_all(
        &mut enforcer,
        &["203.0.113.7", "198.51.100.0/24", "2001:db8::/64"],
    );
    drop(enforcer);
    // The moment from which on they are void, behind version and flags: long ago.
    let mut map = config(&instance);
    let mut bytes = map.get(&0, 0).unwrap();
    bytes[8..16].copy_from_slice(&1_u64.to_ne_bytes());
    map.set(0, bytes, 0).unwrap();
    let mut ruleset = Ruleset::default();
    ruleset.apply(block("198.51.100.0/24"));
    let enforcer = unwrap(Enforcer::start_with(&instance.config, T0, &ruleset));
    for (source, action) in [
        ("203.0.113.7", Action::Pass),
        ("198.51.100.7", Action::Drop),
        ("2001:db8::1", Action::Pass),
    ] {
        assert_eq!(instance.run(&tcp(source, ACK).bytes()), action, "{source}");
    }
    assert_eq!(unwrap(enforcer.get_blocklist(T0)).len(), 1);
}

#[test]
fn each_instance_hashes_under_a_key_of_its_own_and_keeps_it() {
    let (Some(one), Some(other)) = (Instance::new(), Instance::new()) else {
        return;
    };
    // Version, flags and the end of the lists come before the key's two halves.
    let key = |it: &Instance| config(it).get(&0, 0).unwrap()[16..32].to_vec();
    let enforcer = one.start();
    let _other = other.start();
    let first = key(&one);
    assert_ne!(first, key(&other));
    assert!(first.iter().any(|it| *it != 0));
    drop(enforcer);
    let _enforcer = one.start();
    assert_eq!(first, key(&one), "entries stay where they are");
}

#[test]
fn lists_of_another_version_are_replaced_and_never_read() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let mut enforcer = instance.start();
    block_all(&mut enforcer, &["203.0.113.7", "203.0.113.8"]);
    drop(enforcer);
    let mut map = config(&instance);
    let mut bytes = map.get(&0, 0).unwrap();
    bytes[..4].copy_from_slice(&(aegis_abi::ABI_VERSION + 1).to_ne_bytes());
    map.set(0, bytes, 0).unwrap();
    let mut ruleset = Ruleset::default();
    ruleset.apply(block("203.0.113.8"));
    let enforcer = unwrap(Enforcer::start_with(&instance.config, T0, &ruleset));
    let found = unwrap(enforcer.enforcement(T0, &ruleset));
    assert!(found.is_in_agreement(), "{found}");
    for (source, action) in [("203.0.113.7", Action::Pass), ("203.0.113.8", Action::Drop)] {
        assert_eq!(instance.run(&tcp(source, SYN).bytes()), action, "{source}");
    }
}

#[test]
fn a_new_generation_of_lists_loses_nothing_and_leaks_nothing() {
    const PORT: u16 = 7;
    const BULK: u32 = 9_000;
    let Some(mut instance) = Instance::new() else {
        return;
    };
    instance.config.interfaces = vec![INTERFACE.into()];
    instance.config.mode = ModeRequest::Auto;
    instance.config.capacity.hosts_v4 = 100_000;
    let cable = Cable::new();
    let address = SocketAddr::new(DEFENDER.parse().unwrap(), PORT);
    let mut enforcer = cable
        .defender
        .enter(|| unwrap(Enforcer::start(&instance.config, T0)));
    let echo = cable.defender.echo(address);
    let bystander = cable.attacker.socket(BYSTANDER, address);
    let attacker = cable.attacker.socket(ATTACKER, address);
    wait_until("the first answer", LIMIT, || is_answered(&bystander));
    wait_until("the attacker's too", LIMIT, || is_answered(&attacker));
    block_all(&mut enforcer, &[ATTACKER]);
    let (before, program) = (echo.seen(), instance.program_id());
    let is_done = AtomicBool::new(false);
    let answers = thread::scope(|scope| {
        let traffic = scope.spawn(|| {
            let mut answers = 0;
            while !is_done.load(Ordering::Relaxed) && answers < 100_000 {
                let _ = attacker.send(b"flood");
                assert!(is_answered(&bystander), "after {answers} answers");
                answers += 1;
            }
            answers
        });
        for round in 0..5 {
            let address = |it| Ipv4Addr::from_bits(0x0b00_0000 + round * BULK + it);
            let bulk: Vec<Change> = (0..BULK)
                .map(|it| Change::Block {
                    indicator: Indicator::host(address(it).into()),
                    expires_at: T0 + HOUR,
                })
                .collect();
            cable.defender.enter(|| unwrap(enforcer.apply(T0, &bulk)));
        }
        is_done.store(true, Ordering::Relaxed);
        traffic.join().unwrap()
    });
    assert_ne!(instance.program_id(), program, "no generation was made");
    assert!(answers >= 5, "only {answers} exchanges over five swaps");
    assert_eq!(echo.seen() - before, answers);
}
