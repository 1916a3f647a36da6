//! The doctor's facts on a real host.

use std::path::Path;
use std::process::Command;

use aegis_enforce::probe::{Check, State, checks};

use crate::namespace::Namespace;
use crate::program::{Hook, Program};

#[test]
fn whatever_is_wrong_comes_with_a_command() {
    let names = ["lo".to_owned(), "aegis-none".to_owned()];
    let checks = checks(&names, Path::new("/proc"));
    for check in &checks {
        assert!(!check.detail.is_empty(), "{check:?}");
        assert_eq!(check.why.is_none(), check.state == State::Ok, "{check:?}");
        assert!(
            check.state < State::Warn || check.fix.is_some(),
            "{check:?}"
        );
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
    for name in [
        "unprivileged bpf",
        "bpf jit",
        "bpf jit hardening",
        "lockdown",
        "tcp_syncookies",
        "privileges",
        "nftables",
    ] {
        find(&checks, name, "");
    }
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
        assert_eq!(find(&checks, "place", "aegis0: ").state, State::Note);
        assert_eq!(
            find(&checks, "tc hook", "aegis0: ").detail,
            "aegis0: nobody else there"
        );
        assert_eq!(find(&checks, "offloads", "aegis0: ").state, State::Ok);
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
        assert_eq!(tunnel.state, State::Fail);
        assert!(
            tunnel.detail.contains("without an Ethernet header"),
            "{tunnel:?}"
        );
    });
}

#[test]
fn tells_where_an_interface_stands() {
    let Some(namespace) = Namespace::make("place") else {
        return;
    };
    namespace.ip("link add aegisbr type bridge");
    namespace.ip("link set aegis0 master aegisbr");
    namespace.ip("link add link aegis1 name aegismac type macvlan");
    namespace.run(async || {
        let names = ["aegisbr", "aegis0", "aegismac"].map(str::to_owned);
        let checks = checks(&names, Path::new("/sys/fs/bpf"));
        let bridge = find(&checks, "place", "aegisbr: ");
        assert_eq!(bridge.detail, "aegisbr: a bridge");
        let native = find(&checks, "native xdp", "aegisbr: ");
        assert_eq!(native.state, State::Warn, "{native:?}");
        let port = find(&checks, "place", "aegis0: ");
        assert_eq!(port.detail, "aegis0: a port of bridge aegisbr");
        let upper = find(&checks, "place", "aegismac: ");
        assert_eq!(upper.detail, "aegismac: a macvlan on aegis1");
        assert_eq!(upper.fix.as_deref(), Some("aegis run --interface aegis1"));
    });
}

#[test]
fn tells_who_else_is_at_the_hooks_and_changes_nothing() {
    let Some(namespace) = Namespace::make("hooks") else {
        return;
    };
    namespace.run(async || {
        let index = std::fs::read_to_string("/proc/thread-self/net/dev_mcast").unwrap();
        let index = index.lines().find(|it| it.contains("aegis0")).unwrap();
        let index: u32 = index.split_whitespace().next().unwrap().parse().unwrap();
        let xdp = Program::attach(Hook::Xdp, "someones_xdp", index);
        let tcx = Program::attach(Hook::Tcx, "someones_tcx", index);
        let ours = Program::attach(Hook::Tcx, "aegis_tc", index);
        tc("qdisc add dev aegis0 clsact");
        tc("filter add dev aegis0 ingress prio 7 bpf bytecode 1,6\u{a0}0\u{a0}0\u{a0}4294967295,");
        let before = state();

        let checks = checks(&["aegis0".to_owned()], Path::new("/sys/fs/bpf"));
        let hook = find(&checks, "xdp hook", "aegis0: ");
        let shown = format!("program someones_xdp (id {}) in native mode", xdp.id);
        assert!(hook.detail.contains(&shown), "{hook:?}");
        assert_eq!(hook.state, State::Warn);
        let shown = format!("aegis0: tcx program someones_tcx (id {})", tcx.id);
        let neighbour = find(&checks, "tc hook", &shown);
        let fix = format!("sudo bpftool prog show id {}   # whose it is", tcx.id);
        assert_eq!(neighbour.fix, Some(fix));
        find(&checks, "tc hook", "aegis0: tc filter bpf (priority 7)");
        let told = checks.iter().filter(|it| it.name == "tc hook").count();
        assert_eq!(told, 2, "ours is nothing to be told of: {checks:#?}");
        assert_eq!(state(), before, "nothing was changed");
        drop((xdp, tcx, ours));
    });
}

/// Returns how the interfaces of this namespace stand, and the programs on them.
fn state() -> String {
    let show = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output().unwrap();
        assert!(output.status.success(), "{program}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let links = show("ip", &["-details", "link"]);
    let qdiscs = show("tc", &["qdisc", "show"]);
    let filters = show("tc", &["filter", "show", "dev", "aegis0", "ingress"]);
    links + &qdiscs + &filters
}

/// Runs `tc` in the namespace of this thread; a no-break blank stands for one within a word.
fn tc(arguments: &str) {
    let arguments = arguments.split(' ').map(|it| it.replace('\u{a0}', " "));
    let status = Command::new("tc").args(arguments).status().unwrap();
    assert!(status.success());
}

#[track_caller]
fn find<'a>(checks: &'a [Check], name: &str, start: &str) -> &'a Check {
    let mut named = checks.iter().filter(|it| it.name == name);
    let found = named.find(|it| it.detail.contains(start));
    found.unwrap_or_else(|| panic!("no check {name:?} with {start:?}: {checks:#?}"))
}
