//! Hardware of several makes, judged.

use std::collections::BTreeMap;

use super::super::State;
use super::super::tests::is_whole;
use super::*;

use State::{Note, Ok, Warn};

#[test]
fn a_device_that_tells_nothing_is_not_judged() {
    check(&Hardware::default(), &[]);
}

#[test]
fn merging_packets_is_told_with_the_switch() {
    check(&features(&[(LRO, false, true)]), &[("offloads", Ok, "")]);
    check(
        &features(&[(LRO, true, true)]),
        &[("offloads", Warn, "sudo ethtool -K eth0 lro off")],
    );
    check(
        &features(&[(GRO_HW, true, true), (LRO, true, true)]),
        &[
            ("offloads", Warn, "sudo ethtool -K eth0 lro off"),
            ("offloads", Warn, "sudo ethtool -K eth0 gro-hw off"),
        ],
    );
}

#[test]
fn what_the_guest_cannot_turn_off_is_for_the_host() {
    check(
        &features(&[(GRO_HW, true, false)]),
        &[("offloads", Warn, "guest_tso4=off")],
    );
}

#[test]
fn a_tag_that_the_card_takes_is_only_worth_a_note() {
    check(
        &features(&[(VLAN, true, true)]),
        &[("offloads", Ok, ""), ("vlan offload", Note, "")],
    );
    check(&features(&[(VLAN, false, true)]), &[("offloads", Ok, "")]);
}

#[test]
fn queues_are_judged_by_what_the_driver_needs() {
    let table = [
        ("ena", 2, 8, Ok, ""),
        ("ena", 4, 8, Ok, ""),
        ("ena", 5, 8, Warn, "sudo ethtool -L eth0 combined 4"),
        ("ena", 1, 1, Warn, "sudo ethtool -L eth0 combined 1"),
        ("virtio_net", 2, 4, Ok, ""),
        ("virtio_net", 3, 4, Note, "sudo ethtool -L eth0 combined 2"),
        ("virtio_net", 1, 1, Note, "queues=3"),
        ("virtio_net", u32::MAX, 1, Note, "queues=4294967295"),
        ("mlx5_core", 8, 8, Ok, ""),
        ("", 8, 8, Ok, ""),
    ];
    for (driver, combined, combined_max, state, fix) in table {
        let hardware = Hardware {
            driver: Some(driver.to_owned()),
            features: BTreeMap::new(),
            queues: Some(Queues {
                combined,
                combined_max,
            }),
        };
        check(&hardware, &[("queues", state, fix)]);
    }
}

#[test]
fn a_name_with_a_command_in_it_is_quoted() {
    let checks = judge("e;reboot", &features(&[(LRO, true, true)]), 2);
    let fix = checks[0].fix.as_deref();
    assert_eq!(fix, Some("sudo ethtool -K 'e;reboot' lro off"));
}

#[track_caller]
fn check(hardware: &Hardware, expected: &[(&str, State, &str)]) {
    let checks = judge("eth0", hardware, 2);
    let found: Vec<_> = checks.iter().map(|it| (it.name, it.state)).collect();
    let wanted: Vec<_> = expected.iter().map(|it| (it.0, it.1)).collect();
    assert_eq!(found, wanted, "{checks:#?}");
    for (check, (_, _, fix)) in checks.iter().zip(expected) {
        is_whole(check);
        let said = check.fix.as_deref().unwrap_or_default();
        assert!(
            said.starts_with(fix) && said.is_empty() == fix.is_empty(),
            "{check:?}"
        );
        assert!(check.detail.starts_with("eth0: "), "{check:?}");
    }
}

fn features(features: &[(&str, bool, bool)]) -> Hardware {
    let feature = |(name, is_on, is_changeable): &(&str, bool, bool)| {
        let feature = Feature {
            is_on: *is_on,
            is_changeable: *is_changeable,
        };
        ((*name).to_owned(), feature)
    };
    Hardware {
        driver: Some("virtio_net".to_owned()),
        features: features.iter().map(feature).collect(),
        queues: None,
    }
}
