//! Interfaces of every kind, judged.

use super::super::State;
use super::super::link::Attached;
use super::*;

use State::{Fail, Ok, Warn};

#[test]
fn a_good_interface_passes() {
    check(&ethernet(), [Ok, Ok, Ok, Ok]);
}

#[test]
fn loopback_is_what_it_is() {
    let loopback = Link {
        layer: Layer::Loopback,
        mtu: 65_536,
        native: Some(Native::Absent),
        ..ethernet()
    };
    check(&loopback, [Ok, Ok, Ok, Ok]);
}

#[test]
fn tells_each_obstacle() {
    check(
        &Link {
            layer: Layer::Other(65_534),
            ..ethernet()
        },
        [Warn, Ok, Ok, Ok],
    );
    check(
        &Link {
            is_up: false,
            ..ethernet()
        },
        [Warn, Ok, Ok, Ok],
    );
    check(
        &Link {
            native: Some(Native::Absent),
            ..ethernet()
        },
        [Ok, Warn, Ok, Ok],
    );
    check(
        &Link {
            mtu: NATIVE_MTU_MAX,
            ..ethernet()
        },
        [Ok, Ok, Ok, Ok],
    );
    check(
        &Link {
            mtu: NATIVE_MTU_MAX + 1,
            ..ethernet()
        },
        [Ok, Ok, Warn, Ok],
    );
    check(
        &Link {
            mtu: 9000,
            ..ethernet()
        },
        [Ok, Ok, Warn, Ok],
    );
    check(
        &Link {
            xdp: Some(attached("other")),
            ..ethernet()
        },
        [Ok, Ok, Ok, Warn],
    );
    check(
        &Link {
            xdp: Some(attached("aegis_xdp")),
            ..ethernet()
        },
        [Ok, Ok, Ok, Ok],
    );
}

#[test]
fn a_taken_hook_is_told_with_its_program() {
    let taken = hook(&Link {
        xdp: Some(attached("other")),
        ..ethernet()
    });
    assert!(
        taken
            .detail
            .contains("program other (id 42) in native mode"),
        "{taken:?}"
    );
    let nameless = Attached {
        id: None,
        name: None,
        hook: Hook::Generic,
    };
    let nameless = hook(&Link {
        xdp: Some(nameless),
        ..ethernet()
    });
    assert_eq!(
        nameless.state, Warn,
        "a nameless program is not taken for ours"
    );
}

#[test]
fn hints_at_offloads_where_they_are_the_usual_obstacle() {
    let virtio = Link {
        driver: Some("virtio_net".into()),
        ..ethernet()
    };
    let check = native(&virtio);
    assert_eq!(check.state, Ok);
    assert!(
        check
            .fix
            .is_some_and(|it| it.starts_with("sudo ethtool -K eth0 lro off"))
    );
}

#[test]
fn a_missing_interface_fails_and_names_those_there_are() {
    let checks = judge("eth7", &[ethernet()]);
    assert_eq!(checks.len(), 1);
    assert_eq!(checks[0].state, Fail);
    assert!(
        checks[0]
            .detail
            .contains("eth7: no such interface; there are eth0"),
        "{checks:?}"
    );
    assert!(checks[0].fix.is_some());
}

#[track_caller]
fn check(link: &Link, expected: [State; 4]) {
    let checks = judge("eth0", std::slice::from_ref(link));
    assert_eq!(
        checks.iter().map(|it| it.state).collect::<Vec<_>>(),
        expected,
        "{checks:#?}"
    );
    for check in checks {
        assert!(check.state == Ok || check.fix.is_some(), "{check:?}");
        assert!(check.detail.starts_with("eth0: "), "{check:?}");
    }
}

fn ethernet() -> Link {
    Link {
        name: "eth0".into(),
        layer: Layer::Ethernet,
        mtu: 1500,
        driver: Some("veth".into()),
        is_up: true,
        xdp: None,
        native: Some(Native::Linear),
    }
}

fn attached(name: &str) -> Attached {
    Attached {
        id: Some(42),
        name: Some(name.into()),
        hook: Hook::Native,
    }
}
