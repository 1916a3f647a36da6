//! The tables as the daemon sees them: read back, reconciled, and looked up as the kernel does.

use std::{collections::BTreeSet, time::Duration};

use aegis_core::{Change, Exemption, Indicator, Ruleset, Timestamp};
use aegis_enforce::{Counter, Enforcer};

use crate::{
    packet::{SYN, tcp},
    support::{Action, HOUR, Instance, T0, block, block_all, count, exempt, parse, unwrap},
};

fn listed(enforcer: &Enforcer) -> BTreeSet<Indicator> {
    unwrap(enforcer.get_blocklist(T0))
        .iter()
        .map(|it| it.indicator)
        .collect()
}

#[test]
fn every_kind_of_indicator_is_listed_as_it_was_given() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let mut enforcer = instance.start();
    let indicators = [
        "0.0.0.0",
        "203.0.113.7",
        "255.255.255.255",
        "10.0.0.0/8",
        "203.0.113.0/25",
        "203.0.113.6/31",
        "::",
        "2001:db8::7",
        "2001::/19",
        "2001:db8::/63",
        "2001:db8::/64",
        "2001:db8::/65",
        "2001:db8::/127",
    ];
    block_all(&mut enforcer, &indicators);
    let expected: BTreeSet<Indicator> = indicators.iter().map(|it| parse(it)).collect();
    assert_eq!(listed(&enforcer), expected);
    for entry in unwrap(enforcer.get_blocklist(T0)) {
        assert_ends_at(entry.expires_at, T0 + HOUR);
    }
    for indicator in indicators {
        assert!(
            unwrap(enforcer.remove_from_blocklist(T0, parse(indicator))),
            "{indicator}"
        );
        assert!(
            !unwrap(enforcer.remove_from_blocklist(T0, parse(indicator))),
            "{indicator}"
        );
    }
    assert_eq!(listed(&enforcer), BTreeSet::new());
}

/// All that tells one of these from another is the tag of a slot, which an empty slot has as well.
#[test]
fn the_first_address_of_each_large_network_is_blocked_where_it_is_listed_and_nowhere_else() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let mut enforcer = instance.start();
    let action = |first: u8, last: u8| {
        let source = format!("{first}.0.0.{last}");
        instance.run(&tcp(&source, SYN).bytes())
    };
    block_all(&mut enforcer, &["198.51.100.7"]);
    for first in 1..=223 {
        assert_eq!(action(first, 0), Action::Pass, "{first}");
    }
    let all: Vec<String> = (1..=223)
        .flat_map(|it| [format!("{it}.0.0.0"), format!("{it}.0.0.1")])
        .collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    block_all(&mut enforcer, &all);
    for first in 1..=223 {
        let actions = [0, 1, 2].map(|it| action(first, it));
        assert_eq!(
            actions,
            [Action::Drop, Action::Drop, Action::Pass],
            "{first}"
        );
    }
    for first in 1..=223 {
        let address = parse(&format!("{first}.0.0.0"));
        assert!(unwrap(enforcer.remove_from_blocklist(T0, address)));
        let actions = [0, 1].map(|it| action(first, it));
        assert_eq!(actions, [Action::Pass, Action::Drop], "{first}");
    }
}

#[test]
fn a_large_list_is_read_back_whole() {
    let Some(mut instance) = Instance::new() else {
        return;
    };
    instance.config.capacity.hosts_v4 = 20_000;
    let mut enforcer = instance.start();
    let host = |it: u32| Indicator::host(std::net::Ipv4Addr::from(0x0a00_0000 + it).into());
    let changes: Vec<Change> = (0..15_000)
        .map(|it| Change::Block {
            indicator: host(it),
            expires_at: T0 + HOUR,
        })
        .collect();
    unwrap(enforcer.apply(T0, &changes));
    assert_eq!(listed(&enforcer), (0..15_000).map(host).collect());
}

#[test]
fn says_of_a_prefix_only_what_holds_for_all_of_it() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let mut enforcer = instance.start();
    block_all(
        &mut enforcer,
        &["203.0.113.0/24", "198.51.100.7", "2001:db8::/64"],
    );
    for (indicator, expected) in [
        ("203.0.113.7", true),
        ("203.0.113.0/25", true),
        ("203.0.113.0/24", true),
        ("203.0.112.0/23", false),
        ("198.51.100.7", true),
        ("198.51.100.0/24", false),
        ("2001:db8::1", true),
        ("2001:db8::/65", true),
        ("2001:db8::/64", true),
        ("2001:db8::/63", false),
    ] {
        assert_eq!(
            unwrap(enforcer.is_blocklisted(T0, parse(indicator))),
            expected,
            "{indicator}"
        );
    }
}

#[test]
fn applying_twice_is_harmless() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let mut enforcer = instance.start();
    let changes = [
        block("203.0.113.7"),
        block("10.0.0.0/8"),
        exempt("10.0.0.1", Exemption::Protected),
        Change::Unblock(parse("192.0.2.1")),
        Change::Unexempt(parse("192.0.2.1")),
    ];
    for _ in 0..2 {
        unwrap(enforcer.apply(T0, &changes));
        assert_eq!(listed(&enforcer).len(), 2);
        assert_eq!(instance.run(&tcp("10.0.0.1", SYN).bytes()), Action::Pass);
        assert_eq!(instance.run(&tcp("10.0.0.2", SYN).bytes()), Action::Drop);
    }
}

#[test]
fn reconciling_makes_the_tables_equal_and_keeps_counters() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let mut enforcer = instance.start();
    unwrap(enforcer.apply(
        T0,
        &[
            block("203.0.113.1"),
            block("203.0.113.2"),
            block("10.0.0.0/8"),
            exempt("192.0.2.1", Exemption::Protected),
            exempt("192.0.2.2", Exemption::Allowlisted),
        ],
    ));
    instance.run(&tcp("203.0.113.1", SYN).bytes());
    let mut ruleset = Ruleset::default();
    for change in [
        block("203.0.113.1"),
        block("203.0.113.3"),
        block("2001:db8::/48"),
        Change::Block {
            indicator: parse("10.0.0.0/8"),
            expires_at: T0 + HOUR * 2,
        },
        exempt("192.0.2.1", Exemption::Protected),
        exempt("192.0.2.3", Exemption::Allowlisted),
    ] {
        ruleset.apply(change);
    }
    let done = unwrap(enforcer.reconcile(T0, &ruleset));
    assert_eq!((done.added, done.renewed, done.removed), (3, 1, 2));
    assert_eq!(done.unknown, []);
    assert_eq!(
        listed(&enforcer),
        ruleset.blocks().keys().copied().collect()
    );
    let entries = unwrap(enforcer.get_blocklist(T0));
    let packets = |text: &str| {
        let entry = entries
            .iter()
            .find(|it| it.indicator == parse(text))
            .unwrap();
        (entry.packets, entry.expires_at)
    };
    assert_eq!(packets("203.0.113.1").0, 1);
    assert_ends_at(packets("203.0.113.1").1, T0 + HOUR);
    assert_eq!(packets("10.0.0.0/8").0, 0);
    assert_ends_at(packets("10.0.0.0/8").1, T0 + HOUR * 2);
    let again = unwrap(enforcer.reconcile(T0, &ruleset));
    assert_eq!((again.added, again.renewed, again.removed), (0, 0, 0));
}

#[test]
fn reconciling_leaves_the_detectors_live_blocks() {
    let Some(mut instance) = Instance::new() else {
        return;
    };
    instance.config.detectors.syn_flood.enabled = true;
    instance.config.detectors.syn_flood.threshold = 1;
    let mut enforcer = instance.start();
    instance.run(&tcp("203.0.113.7", SYN).bytes());
    let done = unwrap(enforcer.reconcile(T0, &Ruleset::default()));
    let unknown: Vec<_> = done.unknown.iter().map(|it| it.indicator).collect();
    assert_eq!(unknown, [parse("203.0.113.7")]);
    assert_eq!(done.removed, 0);
    assert_eq!(instance.run(&tcp("203.0.113.7", SYN).bytes()), Action::Drop);
}

#[test]
fn a_table_that_was_emptied_is_looked_at_again() {
    let Some(mut instance) = Instance::new() else {
        return;
    };
    instance.config.detectors.syn_flood.enabled = true;
    instance.config.detectors.syn_flood.threshold = 2;
    let mut enforcer = instance.start();
    let sources = ["203.0.113.7", "2001:db8::7"];
    for round in 0..3 {
        block_all(
            &mut enforcer,
            &["203.0.113.7", "2001:db8::7", "10.0.0.0/8", "2001::/48"],
        );
        for source in sources {
            assert_eq!(
                instance.run(&tcp(source, SYN).bytes()),
                Action::Drop,
                "round {round}"
            );
        }
        for indicator in ["203.0.113.7", "2001:db8::7", "10.0.0.0/8", "2001::/48"] {
            unwrap(enforcer.remove_from_blocklist(T0, parse(indicator)));
        }
        unwrap(enforcer.sweep(T0));
        for source in sources {
            assert_eq!(
                instance.run(&tcp(source, 0x10).bytes()),
                Action::Pass,
                "round {round}"
            );
        }
    }
    // The detector opens what the sweep closed.
    for source in sources {
        let actions = [(); 3].map(|()| instance.run(&tcp(source, SYN).bytes()));
        assert_eq!(
            actions,
            [Action::Pass, Action::Drop, Action::Drop],
            "{source}"
        );
    }
    assert_eq!(count(&enforcer, Counter::SynFloods), 2);
}

/// Checks that a block ends when asked for, or up to the kernel's unit of time later.
#[track_caller]
fn assert_ends_at(found: Timestamp, wanted: Timestamp) {
    let late = found.since(wanted);
    assert!(found >= wanted && late < Duration::from_secs(4), "{late:?}");
}
