//! Restarts, other sizes, two instances, and taking everything out.

use std::{collections::BTreeMap, time::Duration};

use aegis_abi::maps;
use aegis_core::{Change, Exemption};
use aegis_enforce::{Counter, EnforceError, Enforcer, detach};

use crate::{
    packet::{SYN, tcp},
    support::{Action, Instance, T0, block, block_all, count, exempt, parse, unwrap, wait_until},
};

const SOURCE: &str = "203.0.113.7";

#[test]
fn a_restart_keeps_maps_blocks_counters_and_exemptions() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let mut enforcer = instance.start();
    block_all(
        &mut enforcer,
        &[SOURCE, "10.0.0.0/8", "2001:db8::1", "2001:db8:1::/64"],
    );
    unwrap(enforcer.apply(T0, &[exempt("10.0.0.1", Exemption::Protected)]));
    instance.run(&tcp(SOURCE, SYN).bytes());
    let (ids, blocked) = (enforcer.map_ids(), unwrap(enforcer.get_blocklist(T0)));
    let program = instance.program_id();
    drop(enforcer);
    assert_eq!(
        instance.run(&tcp(SOURCE, SYN).bytes()),
        Action::Drop,
        "nobody is alive"
    );
    let enforcer = instance.start();
    assert_eq!(enforcer.map_ids(), ids);
    assert_ne!(instance.program_id(), program);
    let after = unwrap(enforcer.get_blocklist(T0));
    assert_eq!(after.len(), blocked.len());
    assert!(
        after
            .iter()
            .zip(&blocked)
            .all(|(new, old)| new.indicator == old.indicator)
    );
    assert_eq!(count(&enforcer, Counter::Dropped), 2);
    for (source, expected) in [
        (SOURCE, Action::Drop),
        ("10.0.0.1", Action::Pass),
        ("10.0.0.2", Action::Drop),
        ("2001:db8::1", Action::Drop),
        ("2001:db8:1::1", Action::Drop),
    ] {
        assert_eq!(
            instance.run(&tcp(source, SYN).bytes()),
            expected,
            "{source}"
        );
    }
}

#[test]
fn growing_carries_everything_over() {
    let Some(mut instance) = Instance::new() else {
        return;
    };
    instance.config.capacity.hosts_v4 = 10_000;
    let mut enforcer = instance.start();
    block_all(
        &mut enforcer,
        &[SOURCE, "10.0.0.0/8", "2001:db8::1", "2001:db8:1::/64"],
    );
    unwrap(enforcer.apply(T0, &[exempt("10.0.0.1", Exemption::Allowlisted)]));
    instance.run(&tcp(SOURCE, SYN).bytes());
    let ids = |it: &Enforcer| it.map_ids().into_iter().collect::<BTreeMap<_, _>>();
    let before = ids(&enforcer);
    unwrap(enforcer.apply(T0, &many(0..6000)));
    let after = ids(&enforcer);
    assert_ne!(before["HOSTS_V4"], after["HOSTS_V4"]);
    assert_eq!(before["COUNTERS"], after["COUNTERS"]);
    let blocked = unwrap(enforcer.get_blocklist(T0));
    assert_eq!(blocked.len(), 6004);
    let source = blocked
        .iter()
        .find(|it| it.indicator == parse(SOURCE))
        .unwrap();
    assert_eq!(source.packets, 1);
    assert_eq!(instance.run(&tcp("10.0.0.1", SYN).bytes()), Action::Pass);
    assert_eq!(instance.run(&tcp("10.0.0.2", SYN).bytes()), Action::Drop);
    assert_eq!(instance.run(&tcp("192.0.2.7", SYN).bytes()), Action::Drop);
    drop(enforcer);
    // Nothing is left of the change, and the next start takes the new maps over.
    assert_eq!(ids(&instance.start()), after);
}

#[test]
fn larger_lists_are_made_before_they_are_wanted() {
    let Some(mut instance) = Instance::new() else {
        return;
    };
    instance.config.capacity.hosts_v4 = 20_000;
    let ahead = instance.pin(&format!("next_{}", maps::CONFIG));
    let made = || wait_until("larger lists", Duration::from_secs(30), || ahead.exists());
    let mut enforcer = instance.start();
    unwrap(enforcer.apply(T0, &many(0..3000)));
    assert!(!ahead.exists(), "there is room for as many again");
    unwrap(enforcer.apply(T0, &many(3000..4000)));
    made();
    drop(enforcer);
    assert!(!ahead.exists(), "nobody took them, and they stayed");

    let mut enforcer = instance.start();
    unwrap(enforcer.apply(T0, &many(4000..4001)));
    made();
    let before = enforcer.map_ids();
    unwrap(enforcer.apply(T0, &many(4001..6000)));
    assert_ne!(enforcer.map_ids(), before);
    assert!(!ahead.exists(), "they were wanted, and others were made");
    assert_eq!(unwrap(enforcer.get_blocklist(T0)).len(), 6000);
    assert_eq!(instance.run(&tcp("192.0.0.0", SYN).bytes()), Action::Drop);
    assert_eq!(
        instance.run(&tcp("192.0.23.249", SYN).bytes()),
        Action::Drop
    );
    assert_eq!(instance.run(&tcp("192.0.24.0", SYN).bytes()), Action::Pass);
}

/// Blocks of addresses that no other part of a test uses.
fn many(numbers: std::ops::Range<u32>) -> Vec<Change> {
    numbers
        .map(|it| block(&format!("192.0.{}.{}", it / 250, it % 250)))
        .collect()
}

#[test]
fn a_capacity_too_small_for_what_stands_is_refused() {
    let Some(mut instance) = Instance::new() else {
        return;
    };
    let mut enforcer = instance.start();
    block_all(&mut enforcer, &["10.0.0.1", "10.0.0.2", "10.0.0.3"]);
    drop(enforcer);
    let capacity = instance.config.capacity;
    instance.config.capacity.hosts_v4 = 2;
    let result = Enforcer::start(&instance.config, T0);
    assert!(matches!(
        result,
        Err(EnforceError::TableFull { capacity: 2, .. })
    ));
    instance.config.capacity = capacity;
    let enforcer = instance.start();
    assert_eq!(unwrap(enforcer.get_blocklist(T0)).len(), 3);
}

#[test]
fn one_instance_has_one_owner() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let owner = instance.start();
    let second = Enforcer::start(&instance.config, T0);
    assert!(matches!(second, Err(EnforceError::AlreadyRunning { .. })));
    let detached = detach(instance.name(), &instance.config.bpffs);
    assert!(
        matches!(detached, Err(EnforceError::AlreadyRunning { .. })),
        "{detached:?}"
    );
    drop(owner);
    drop(instance.start());
}

#[test]
fn two_instances_share_nothing() {
    let (Some(one), Some(other)) = (Instance::new(), Instance::new()) else {
        return;
    };
    let (mut first, second) = (one.start(), other.start());
    block_all(&mut first, &[SOURCE]);
    assert_eq!(one.run(&tcp(SOURCE, SYN).bytes()), Action::Drop);
    assert_eq!(other.run(&tcp(SOURCE, SYN).bytes()), Action::Pass);
    assert_eq!(unwrap(second.get_blocklist(T0)), []);
    let ids = second.map_ids();
    assert_eq!(ids.len(), 17);
    assert!(first.map_ids().iter().all(|it| !ids.contains(it)));
}

#[test]
fn detaching_leaves_nothing() {
    let Some(instance) = Instance::new() else {
        return;
    };
    drop(instance.start());
    let folder = instance.pin("");
    assert!(folder.exists());
    let report = unwrap(detach(instance.name(), &instance.config.bpffs));
    assert_eq!(report.pins.len(), 20, "{report:?}");
    assert!(!folder.exists());
    let again = unwrap(detach(instance.name(), &instance.config.bpffs));
    assert_eq!(again, aegis_enforce::DetachReport::default());
}

#[test]
fn an_object_that_is_none_is_refused_with_its_path() {
    let Some(mut instance) = Instance::new() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in [("garbage.o", &b"not an object"[..]), ("empty.o", b"")] {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        instance.config.object = Some(path.clone());
        match Enforcer::start(&instance.config, T0) {
            Err(EnforceError::Load { origin, .. }) => {
                assert_eq!(origin, path.display().to_string());
            }
            other => panic!("{other:?}"),
        }
    }
    instance.config.object = Some(folder.path().join("missing.o"));
    let result = Enforcer::start(&instance.config, T0);
    assert!(
        matches!(result, Err(EnforceError::Load { .. })),
        "{result:?}"
    );
    instance.config.object = Some(concat!(env!("CARGO_MANIFEST_DIR"), "/bpf/aegis.bpf.o").into());
    drop(instance.start());
}

#[test]
fn a_folder_without_a_bpf_file_system_is_refused() {
    let Some(mut instance) = Instance::new() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    instance.config.bpffs = folder.path().into();
    let result = Enforcer::start(&instance.config, T0);
    assert!(
        matches!(result, Err(EnforceError::Bpffs { .. })),
        "{result:?}"
    );
}
