//! The doctor's facts on a real host.

use std::path::Path;

use aegis_enforce::probe::{Check, State, checks};

use crate::namespace::Namespace;

#[test]
fn whatever_is_wrong_comes_with_a_command() {
    let names = ["lo".to_owned(), "aegis-none".to_owned()];
    let checks = checks(&names, Path::new("/proc"));
    for check in &checks {
        assert!(check.state == State::Ok || check.fix.is_some(), "{check:?}");
        assert!(!check.detail.is_empty(), "{check:?}");
    }
    assert_eq!(find(&checks, "kernel", "Linux").state, State::Ok);
    assert_eq!(find(&checks, "bpffs", "/proc").state, State::Fail);
    assert_eq!(find(&checks, "interface", "aegis-none").state, State::Fail);
    assert!(
        find(&checks, "interface", "lo: ")
            .detail
            .contains("loopback"),
        "{checks:#?}"
    );
    assert_eq!(find(&checks, "mtu", "lo: ").state, State::Ok);
}

#[test]
fn tells_what_an_interface_is() {
    let Some(namespace) = Namespace::make("probe") else {
        return;
    };
    namespace.ip("link set aegis1 mtu 9000");
    namespace.ip("link set aegis1 down");
    namespace.ip("tuntap add aegistun mode tun");
    namespace.run(async || {
        let names = ["aegis0", "aegis1", "aegistun"].map(str::to_owned);
        let checks = checks(&names, Path::new("/sys/fs/bpf"));
        let device = find(&checks, "interface", "aegis0: ");
        assert_eq!((device.state, device.detail.as_str()), {
            (State::Ok, "aegis0: Ethernet, driver veth")
        });
        assert_eq!(find(&checks, "native xdp", "aegis0: ").state, State::Ok);
        assert_eq!(find(&checks, "xdp hook", "aegis0: ").detail, "aegis0: free");
        assert_eq!(
            find(&checks, "mtu", "aegis0: ").detail,
            "aegis0: 1500 bytes"
        );
        let down = find(&checks, "interface", "aegis1: ");
        assert_eq!(down.fix.as_deref(), Some("sudo ip link set dev aegis1 up"));
        // veth spreads jumbo frames over several buffers.
        let mtu = find(&checks, "mtu", "aegis1: ");
        assert_eq!(
            (mtu.state, mtu.detail.as_str()),
            (State::Ok, "aegis1: 9000 bytes")
        );
        let tunnel = find(&checks, "interface", "aegistun: ");
        assert!(
            tunnel.detail.contains("without an Ethernet header"),
            "{tunnel:?}"
        );
    });
}

#[track_caller]
fn find<'a>(checks: &'a [Check], name: &str, start: &str) -> &'a Check {
    let mut named = checks.iter().filter(|it| it.name == name);
    let found = named.find(|it| it.detail.contains(start));
    found.unwrap_or_else(|| panic!("no check {name:?} with {start:?}: {checks:#?}"))
}
