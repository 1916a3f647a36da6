//! What is really in force: read from the kernel, told where it differs, and put right.

use std::{collections::BTreeSet, time::Duration};

use aegis_core::{Change, Exemption, Ruleset};
use aegis_enforce::{Enforcement, Enforcer, ModeRequest};
use aya::maps::{Array, Map, MapData};

use crate::{
    packet::{SYN, tcp},
    support::{
        Action, HOUR, Instance, T0, block, exempt,
        namespace::{Cable, INTERFACE},
        parse, unwrap, wait_until,
    },
};

/// Entries of every kind that there is.
const BLOCKS: [&str; 6] = [
    "198.51.100.7",
    "198.51.100.8",
    "203.0.113.0/24",
    "2001:db8:1:2::/64",
    "2001:db8:3::/48",
    "2001:db8:4::7",
];

fn ruleset(changes: &[Change]) -> Ruleset {
    let mut ruleset = Ruleset::default();
    for change in changes {
        ruleset.apply(*change);
    }
    ruleset
}

/// Returns an enforcer with `BLOCKS` in force, and what it is to hold.
#[track_caller]
fn started(instance: &Instance) -> (Enforcer, Ruleset) {
    let mut enforcer = instance.start();
    let mut changes: Vec<Change> = BLOCKS.iter().map(|it| block(it)).collect();
    changes.push(exempt("192.0.2.1", Exemption::Protected));
    unwrap(enforcer.apply(T0, &changes));
    let ruleset = ruleset(&changes);
    let found = unwrap(enforcer.enforcement(T0, &ruleset));
    assert!(found.is_in_agreement(), "{found}");
    assert_eq!((found.intended, found.actual), (BLOCKS.len(), BLOCKS.len()));
    (enforcer, ruleset)
}

/// Overwrites a pinned array with zeros, as somebody with too much power might.
#[track_caller]
fn wipe<const BYTES: usize>(instance: &Instance, name: &str) {
    let map = Map::from_map_data(MapData::from_pin(instance.pin(name)).unwrap()).unwrap();
    let mut array = Array::<_, [u8; BYTES]>::try_from(map).unwrap();
    for index in 0..array.len() {
        array.set(index, [0; BYTES], 0).unwrap();
    }
}

/// Checks that what `wipe` does is seen, and put right.
#[track_caller]
fn check(wipe: impl Fn(&Instance), expected: impl Fn(&Enforcement) -> bool) {
    let Some(instance) = Instance::new() else {
        return;
    };
    let (mut enforcer, ruleset) = started(&instance);
    wipe(&instance);
    let found = unwrap(enforcer.enforcement(T0, &ruleset));
    assert!(!found.is_in_agreement() && expected(&found), "{found}");
    unwrap(enforcer.restore(T0, &ruleset));
    let found = unwrap(enforcer.enforcement(T0, &ruleset));
    assert!(found.is_in_agreement(), "{found}");
    let kept: BTreeSet<_> = unwrap(enforcer.get_blocklist(T0))
        .into_iter()
        .map(|it| it.indicator)
        .collect();
    assert_eq!(kept, BLOCKS.map(parse).into());
    for source in [
        "198.51.100.7",
        "203.0.113.9",
        "2001:db8:3::1",
        "2001:db8:4::7",
    ] {
        assert_eq!(
            instance.run(&tcp(source, SYN).bytes()),
            Action::Drop,
            "{source}"
        );
    }
}

#[test]
fn addresses_that_somebody_wiped_are_missed_and_put_back() {
    check(|it| wipe::<64>(it, "HOSTS_V4"), |it| it.missing == 2);
}

#[test]
fn ipv6_networks_that_somebody_wiped_are_missed_and_put_back() {
    check(|it| wipe::<64>(it, "NETS_V6"), |it| it.missing == 1);
}

#[test]
fn prefixes_that_somebody_wiped_are_missed_and_put_back() {
    check(|it| wipe::<64>(it, "PREFIXES"), |it| it.missing == 2);
}

#[test]
fn entries_that_the_filter_hides_count_as_missing() {
    check(|it| wipe::<8>(it, "FILTER_V4"), |it| it.missing == 2);
    check(|it| wipe::<8>(it, "FILTER_V6"), |it| it.missing == 2);
}

#[test]
fn prefixes_behind_a_shut_gate_count_as_missing() {
    check(|it| wipe::<8>(it, "GATE"), |it| it.missing == 2);
}

#[test]
fn what_nobody_wants_and_what_ends_at_another_time_is_told() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let (mut enforcer, _) = started(&instance);
    let mut other: Vec<Change> = BLOCKS[1..].iter().map(|it| block(it)).collect();
    other.push(Change::Block {
        indicator: parse("198.51.100.8"),
        expires_at: T0 + HOUR / 2,
    });
    let other = ruleset(&other);
    let found = unwrap(enforcer.enforcement(T0, &other));
    let counts = (found.missing, found.surplus, found.misdated);
    assert_eq!(counts, (0, 1, 1), "{found}");
    assert_eq!(
        found.others_differing, 1,
        "the exemption is nobody's: {found}"
    );
    unwrap(enforcer.restore(T0, &other));
    let found = unwrap(enforcer.enforcement(T0, &other));
    assert!(found.is_in_agreement(), "{found}");
}

#[test]
fn a_block_about_to_end_may_be_there_or_not() {
    let Some(instance) = Instance::new() else {
        return;
    };
    let (enforcer, mut ruleset) = started(&instance);
    ruleset.apply(Change::Block {
        indicator: parse("198.51.100.99"),
        expires_at: T0 + Duration::from_millis(1),
    });
    let found = unwrap(enforcer.enforcement(T0, &ruleset));
    assert!(found.is_in_agreement(), "{found}");
    assert_eq!(found.intended, BLOCKS.len());
}

#[test]
fn a_program_that_somebody_took_off_is_told_and_attached_again() {
    for mode in [ModeRequest::Native, ModeRequest::Generic, ModeRequest::Tc] {
        let Some(mut instance) = Instance::new() else {
            return;
        };
        let cable = Cable::new();
        instance.config.interfaces = vec![INTERFACE.to_owned()];
        instance.config.mode = mode;
        cable.defender.enter(|| {
            let (mut enforcer, ruleset) = started(&instance);
            let state = enforcer.interfaces()[0].clone();
            let pin = format!("link_{}_{}", state.index, state.mode);
            std::fs::remove_file(instance.pin(&pin)).unwrap();
            let found = unwrap(enforcer.enforcement(T0, &ruleset));
            assert_eq!(found.taken_off, [INTERFACE], "{mode:?}");
            assert_eq!(enforcer.taken_off(), [INTERFACE]);
            // The kernel takes a link whose pin is gone off a moment later.
            wait_until("the program is back", Duration::from_secs(5), || {
                matches!(enforcer.reattach(), Ok(true))
            });
            let found = unwrap(enforcer.enforcement(T0, &ruleset));
            assert!(found.is_in_agreement(), "{mode:?}: {found}");
            assert!(!unwrap(enforcer.reattach()), "nothing is left to do");
        });
    }
}
