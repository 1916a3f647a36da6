//! Interfaces of every kind, judged.

use super::super::State;
use super::super::link::Attached;
use super::super::tests::is_whole;
use super::*;

use State::{Fail, Note, Ok, Warn};

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
    let with = |change: fn(&mut Link)| {
        let mut link = ethernet();
        change(&mut link);
        link
    };
    check(&with(|it| it.is_up = false), [Warn, Ok, Ok, Ok]);
    check(
        &with(|it| it.native = Some(Native::Absent)),
        [Ok, Warn, Ok, Ok],
    );
    check(&with(|it| it.native = None), [Ok, Note, Ok, Ok]);
    check(&with(|it| it.mtu = 3498), [Ok, Ok, Ok, Ok]);
    check(&with(|it| it.mtu = 3499), [Ok, Ok, Warn, Ok]);
    check(&with(|it| it.mtu = u32::MAX), [Ok, Ok, Warn, Ok]);
    check(
        &with(|it| it.xdp = Some(attached("other"))),
        [Ok, Ok, Ok, Warn],
    );
    check(
        &with(|it| it.xdp = Some(attached("aegis_xdp"))),
        [Ok, Ok, Ok, Ok],
    );
}

#[test]
fn a_device_without_ethernet_frames_is_refused() {
    let tunnel = Link {
        layer: Layer::Other(65_534),
        kind: Some("wireguard".into()),
        ..ethernet()
    };
    let checks = judge(&alone(&tunnel));
    assert_eq!(checks.len(), 1, "there is no mode to judge: {checks:#?}");
    assert_eq!(checks[0].state, Fail);
    assert!(
        checks[0].detail.contains("type 65534, driver wireguard"),
        "{checks:#?}"
    );
    is_whole(&checks[0]);
}

#[test]
fn the_mtu_is_judged_by_what_the_driver_takes() {
    let table = [
        ("veth", 3506, Ok),
        ("veth", 3507, Warn),
        ("virtio_net", 3506, Ok),
        ("virtio_net", 9000, Warn),
        ("ena", 3498, Ok),
        ("ena", 9001, Warn),
        ("unheard_of", 3499, Warn),
    ];
    for (driver, bytes, state) in table {
        let link = Link {
            mtu: bytes,
            ..ethernet()
        };
        let subject = Subject {
            hardware: Hardware {
                driver: Some(driver.into()),
                ..Hardware::default()
            },
            ..alone(&link)
        };
        let check = mtu(&subject);
        assert_eq!(check.state, state, "{driver} {bytes}: {check:?}");
        is_whole(&check);
    }
    let fragments = Link {
        mtu: 9000,
        native: Some(Native::Fragments),
        ..ethernet()
    };
    check(&fragments, [Ok, Ok, Ok, Ok]);
}

#[test]
fn of_a_pair_the_other_end_decides() {
    let own = Link {
        kind: Some("veth".into()),
        below: Some(8),
        mtu: 1500,
        ..ethernet()
    };
    let other = Link {
        index: 8,
        name: "other end".into(),
        mtu: 9000,
        ..own.clone()
    };
    let links = [own.clone(), other];
    let subject = Subject {
        links: &links,
        ..alone(&own)
    };
    let check = mtu(&subject);
    assert_eq!(check.state, Warn, "{check:?}");
    assert_eq!(
        check.fix.as_deref(),
        Some("sudo ip link set dev 'other end' mtu 3506")
    );
    assert_eq!(mtu(&alone(&own)).state, Ok, "the other end lies elsewhere");
}

#[test]
fn tells_where_to_attach_instead() {
    let vlan = Link {
        kind: Some("vlan".into()),
        below: Some(8),
        ..ethernet()
    };
    check_place(
        &vlan,
        Some((Warn, "eth0: a vlan on bond0", "aegis run --interface bond0")),
    );
    let stray = Link {
        below: Some(99),
        ..vlan
    };
    check_place(
        &stray,
        Some((
            Warn,
            "eth0: a vlan on another",
            "ip -details link   # its parent is not here",
        )),
    );
    let port = |kind: &str| Link {
        port: Some(Port {
            kind: kind.into(),
            of: 8,
        }),
        ..ethernet()
    };
    let bond = port("bond");
    check_place(
        &bond,
        Some((
            Warn,
            "eth0: a port of bond bond0",
            "aegis run --interface bond0",
        )),
    );
    check_place(
        &port("bridge"),
        Some((Note, "eth0: a port of bridge bond0", "")),
    );
    check_place(&port("vrf"), None);
    let kind = |kind: &str| Link {
        kind: Some(kind.into()),
        ..ethernet()
    };
    check_place(&kind("bond"), Some((Note, "eth0: a bond master", "")));
    check_place(
        &kind("bridge"),
        Some((
            Note,
            "eth0: a bridge",
            "bridge link   # shows its ports, to name instead",
        )),
    );
    check_place(
        &kind("veth"),
        Some((Note, "eth0: one end of a veth pair", "")),
    );
    check_place(&kind("no such kind\u{1b}"), None);
    check_place(&ethernet(), None);
}

#[test]
fn a_taken_hook_is_told_with_its_program() {
    let taken = hook(&Link {
        xdp: Some(attached("other")),
        ..ethernet()
    });
    let shown = "program other (id 42) in native mode";
    assert!(taken.detail.contains(shown), "{taken:?}");
    let fix = taken.fix.as_deref().unwrap_or_default();
    assert!(
        fix.starts_with("sudo bpftool prog show id 42 && "),
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
    let fix = nameless.fix.as_deref().unwrap_or_default();
    assert!(fix.starts_with("sudo bpftool net show && "), "{nameless:?}");
}

#[test]
fn a_missing_interface_fails_and_names_those_there_are() {
    let check = missing("eth7", &[ethernet()]);
    assert_eq!(check.state, Fail);
    let shown = "eth7: no such interface; there are eth0";
    assert!(check.detail.contains(shown), "{check:?}");
    is_whole(&check);
}

#[test]
fn nothing_to_defend_is_told() {
    let checks = checks(&[]);
    assert_eq!(checks.len(), 1);
    assert_eq!(checks[0].state, Fail);
    is_whole(&checks[0]);
}

#[track_caller]
fn check(link: &Link, expected: [State; 4]) {
    let checks = judge(&alone(link));
    let names = ["interface", "native xdp", "mtu", "xdp hook"];
    let state = |name| checks.iter().find(|it| it.name == name).map(|it| it.state);
    assert_eq!(names.map(state), expected.map(Some), "{checks:#?}");
    for check in &checks {
        is_whole(check);
        assert!(check.detail.starts_with("eth0: "), "{check:?}");
    }
}

#[track_caller]
fn check_place(link: &Link, expected: Option<(State, &str, &str)>) {
    let master = Link {
        index: 8,
        name: "bond0".into(),
        ..ethernet()
    };
    let links = [link.clone(), master];
    let found = place(&Subject {
        links: &links,
        ..alone(link)
    });
    if let Some(check) = &found {
        is_whole(check);
    }
    let found = found.as_ref().map(|it| {
        let fix = it.fix.as_deref().unwrap_or_default();
        (it.state, it.detail.as_str(), fix)
    });
    assert_eq!(found, expected);
}

fn alone(link: &Link) -> Subject<'_> {
    Subject {
        link,
        links: std::slice::from_ref(link),
        hardware: Hardware::default(),
        neighbours: Vec::new(),
        cpus: 2,
    }
}

fn ethernet() -> Link {
    Link {
        index: 7,
        name: "eth0".into(),
        kind: None,
        port: None,
        below: None,
        layer: Layer::Ethernet,
        mtu: 1500,
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
