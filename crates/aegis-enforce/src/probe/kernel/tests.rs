//! Kernels of all ages, and their switches.

use super::super::State;
use super::*;

const UPGRADE: &str = "sudo apt install linux-generic && sudo reboot";

#[test]
fn reads_versions() {
    assert_eq!(version("6.1.0-18-amd64"), Some((6, 1)));
    assert_eq!(version("5.15.0"), Some((5, 15)));
    assert_eq!(version("6.18-rc3"), Some((6, 18)));
    assert_eq!(version("6.18"), Some((6, 18)));
    for bad in [
        "",
        "6",
        "Linux 6.1",
        "six.one",
        "-6.1",
        ".",
        "99999999999.1",
    ] {
        assert_eq!(version(bad), None, "{bad:?}");
    }
}

#[test]
fn climbs_the_ladder() {
    use State::{Fail, Ok, Warn};
    check("4.19.0", [Fail, Warn, Warn, Warn]);
    check("5.14.9", [Fail, Warn, Warn, Ok]);
    check("5.15.0", [Ok, Warn, Warn, Ok]);
    check("6.0.0", [Ok, Ok, Warn, Ok]);
    check("6.5.13", [Ok, Ok, Warn, Ok]);
    check("6.6.0", [Ok, Ok, Ok, Ok]);
    check("7.0.0", [Ok, Ok, Ok, Ok]);
}

#[test]
fn a_version_that_cannot_be_read_fails() {
    let checks = by_version("", UPGRADE);
    assert_eq!(
        checks.iter().map(|it| it.state).collect::<Vec<_>>(),
        [State::Fail]
    );
}

#[test]
fn names_the_upgrade_command_of_the_distribution() {
    check_upgrade(
        "ID=debian\n",
        "apt install linux-image-$(dpkg --print-architecture)",
    );
    check_upgrade("ID=ubuntu\nID_LIKE=debian\n", "apt install linux-generic");
    check_upgrade(
        "NAME=\"Rocky\"\nID=\"rocky\"\nID_LIKE=\"rhel fedora\"\n",
        "dnf upgrade kernel",
    );
    assert!(upgrade("ID=plan9\n").starts_with("uname -r"));
    assert!(upgrade("").starts_with("uname -r"));
}

#[test]
fn judges_the_switches() {
    let denied = || Err(io::ErrorKind::PermissionDenied.into());
    let missing = || Err(io::ErrorKind::NotFound.into());
    let set = |value: &str| Ok(value.to_owned());
    assert_eq!(unprivileged(set("0\n")).state, State::Warn);
    assert_eq!(unprivileged(set("1\n")).state, State::Ok);
    assert_eq!(unprivileged(set("2\n")).state, State::Ok);
    assert_eq!(unprivileged(missing()).state, State::Ok);
    assert_eq!(jit(set("0\n")).state, State::Warn);
    assert_eq!(jit(set("1\n")).state, State::Ok);
    assert_eq!(jit(set("2\n")).state, State::Warn);
    assert_eq!(jit(denied()).fix.as_deref(), Some("sudo aegis doctor"));
    assert_eq!(jit(missing()).state, State::Ok);
    assert_eq!(btf(true, UPGRADE).state, State::Ok);
    assert_eq!(btf(false, UPGRADE).fix.as_deref(), Some(UPGRADE));
}

#[track_caller]
fn check(release: &str, expected: [State; 4]) {
    let checks = by_version(release, UPGRADE);
    assert_eq!(
        checks.iter().map(|it| it.state).collect::<Vec<_>>(),
        expected,
        "{release}"
    );
    for check in checks {
        assert_eq!(check.fix.is_none(), check.state == State::Ok, "{check:?}");
    }
}

#[track_caller]
fn check_upgrade(os_release: &str, expected: &str) {
    assert_eq!(
        upgrade(os_release),
        format!("sudo {expected} && sudo reboot")
    );
}
