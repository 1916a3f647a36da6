//! What the sets hold: many entries, full tables, refused interfaces.

use std::time::Duration;

use aegis_core::{Change, Ruleset};
use aegis_enforce::{EnforceError, Enforcer};

use crate::support::{
    HOUR, Instance, apply, block, blocked, explain, is_blocked,
    namespace::{Cable, INTERFACE},
    now, parse, pause, unwrap,
};

const MANY: u32 = 100_000;

fn many(count: u32) -> Vec<Change> {
    let octets = |it: u32| format!("20.{}.{}.{}", it >> 16, it >> 8 & 255, it & 255);
    (0..count).map(|it| block(&octets(it), HOUR)).collect()
}

#[test]
fn a_hundred_thousand_addresses_are_all_there_and_change_one_by_one() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let cable = Cable::new();
    let defender = &cable.defender;
    let mut enforcer = instance.start(defender);
    apply(&mut enforcer, defender, &many(MANY));
    assert_eq!(blocked(&enforcer, defender).len(), MANY as usize);
    assert!(is_blocked(&enforcer, defender, "20.0.0.7"));
    assert!(is_blocked(&enforcer, defender, "20.1.134.159"));
    assert!(!is_blocked(&enforcer, defender, "20.1.134.160"));
    apply(&mut enforcer, defender, &[block("21.0.0.0/24", HOUR)]);
    apply(
        &mut enforcer,
        defender,
        &[Change::Unblock(parse("20.0.0.7"))],
    );
    assert!(!is_blocked(&enforcer, defender, "20.0.0.7"));
    assert!(is_blocked(&enforcer, defender, "21.0.0.7"));
    // What was read last goes along with what was changed since.
    let entries = defender.enter(|| {
        let asked = ["20.0.0.7", "20.0.0.8", "21.0.0.0/24"].map(parse);
        unwrap(enforcer.entries(now(), &asked))
    });
    let told: Vec<String> = entries.iter().map(|it| it.indicator.to_string()).collect();
    assert_eq!(told, ["20.0.0.8", "21.0.0.0/24"]);
    drop(enforcer);
    let mut enforcer = instance.start(defender);
    let mut ruleset = Ruleset::default();
    for change in many(MANY) {
        ruleset.apply(change);
    }
    let done = defender.enter(|| unwrap(enforcer.reconcile(now(), &ruleset)));
    assert_eq!((done.added, done.removed), (1, 1));
    assert_eq!(blocked(&enforcer, defender).len(), MANY as usize);
}

#[test]
fn a_full_table_refuses_what_is_new_and_takes_everything_else() {
    let Some(mut instance) = Instance::new() else {
        return;
    };
    instance.config.capacity.hosts_v4 = 2;
    let cable = Cable::new();
    let defender = &cable.defender;
    let mut enforcer = instance.start(defender);
    let short = Duration::from_millis(100);
    apply(&mut enforcer, defender, &[block("192.0.2.1", short)]);
    pause(short); // what is over takes up no room
    let changes = [
        block("192.0.2.2", HOUR),
        block("192.0.2.3", HOUR),
        block("2001:db8::1", HOUR),
        block("192.0.2.4", HOUR),
    ];
    let error = defender
        .enter(|| enforcer.apply(now(), &changes))
        .unwrap_err();
    assert!(
        matches!(
            error,
            EnforceError::TableFull {
                capacity: 2,
                refused: 1,
                ..
            }
        ),
        "{error:?}"
    );
    assert_eq!(
        blocked(&enforcer, defender),
        ["192.0.2.2", "192.0.2.3", "2001:db8::1"]
    );
}

#[test]
fn every_prefix_length_blocks_what_lies_in_it() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let cable = Cable::new();
    let defender = &cable.defender;
    let mut enforcer = instance.start(defender);
    let v4 = (8..=32).map(|len| format!("20.1.2.3/{len}"));
    let v6 = (19..=128).map(|len| format!("2001:db8:1:2:3:4:5:6/{len}"));
    let all: Vec<Change> = v4.chain(v6).map(|it| block(&it, HOUR)).collect();
    apply(&mut enforcer, defender, &all);
    assert_eq!(blocked(&enforcer, defender).len(), all.len());
    // Taken away one by one, widest first, the narrower ones stay.
    for change in &all {
        let Change::Block { indicator, .. } = *change else {
            continue;
        };
        apply(&mut enforcer, defender, &[Change::Unblock(indicator)]);
        let told = defender.enter(|| unwrap(enforcer.is_blocklisted(now(), indicator)));
        assert!(!told, "{indicator}");
    }
    assert_eq!(blocked(&enforcer, defender), [""; 0]);
}

#[test]
fn an_interface_that_cannot_be_hooked_is_refused_with_the_reason() {
    let Some(mut instance) = Instance::new() else {
        return;
    };
    let cable = Cable::new();
    for (name, says) in [
        ("aegisnone", "none of this name"),
        ("a\"; flush ruleset; #", "other characters"),
        ("cable*", "other characters"),
    ] {
        instance.config.interfaces = vec![INTERFACE.into(), name.into()];
        let result = cable
            .defender
            .enter(|| Enforcer::start(&instance.config, now()));
        let error = explain(&result.unwrap_err());
        assert!(error.contains(says), "{name}: {error}");
    }
    assert_eq!(cable.defender.run("nft", &["list", "ruleset"]), "");
}
