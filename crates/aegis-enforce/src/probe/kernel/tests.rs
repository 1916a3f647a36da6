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
    check("4.19.0", [Fail, Warn, Warn, Warn, Warn]);
    check("5.14.9", [Fail, Warn, Warn, Warn, Ok]);
    check("5.15.0", [Ok, Warn, Warn, Warn, Ok]);
    check("5.17.15", [Ok, Warn, Warn, Warn, Ok]);
    check("5.18.0", [Ok, Ok, Warn, Warn, Ok]);
    check("5.19.17", [Ok, Ok, Warn, Warn, Ok]);
    check("6.0.0", [Ok, Ok, Ok, Warn, Ok]);
    check("6.5.13", [Ok, Ok, Ok, Warn, Ok]);
    check("6.6.0", [Ok, Ok, Ok, Ok, Ok]);
    check("7.0.0", [Ok, Ok, Ok, Ok, Ok]);
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
fn type_information_is_there_or_comes_with_another_kernel() {
    assert_eq!(btf(true, UPGRADE).state, State::Ok);
    assert_eq!(btf(false, UPGRADE).fix.as_deref(), Some(UPGRADE));
}

#[test]
fn a_kernel_with_backports_is_not_judged_by_its_number() {
    use State::{Fail, Note, Ok, Warn};
    check("5.14.0-427.el9.x86_64", [Note, Note, Note, Note, Ok]);
    check("4.18.0-553.el8.x86_64", [Fail, Note, Note, Note, Warn]);
    check("5.14.0-elastic", [Fail, Warn, Warn, Warn, Ok]);
}

#[track_caller]
fn check(release: &str, expected: [State; 5]) {
    let checks = by_version(release, UPGRADE);
    assert_eq!(
        checks.iter().map(|it| it.state).collect::<Vec<_>>(),
        expected,
        "{release}"
    );
    for check in checks {
        super::super::tests::is_whole(&check);
    }
}

#[track_caller]
fn check_upgrade(os_release: &str, expected: &str) {
    assert_eq!(
        upgrade(os_release),
        format!("sudo {expected} && sudo reboot")
    );
}
