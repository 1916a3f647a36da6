//! Privileges and mounts as /proc tells them.

use super::super::State;
use super::*;

const MOUNTS: &str = "\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
25 22 0:22 / /sys rw,nosuid shared:7 - sysfs sysfs rw
30 25 0:30 / /sys/fs/bpf rw,nosuid shared:9 - bpf bpf rw,mode=700
40 22 0:40 / /run/aegis\\040two rw - bpf bpf rw
";

#[test]
fn root_and_the_right_capabilities_suffice() {
    check("000001ffffffffff", 0, State::Ok, "root, with every");
    check(
        &bits(&[12, 38, 39]),
        1000,
        State::Ok,
        "not root, with every",
    );
    check(&bits(&[12, 21]), 1000, State::Ok, "not root, with every");
}

#[test]
fn names_the_capabilities_that_are_missing() {
    check(
        "0",
        1000,
        State::Fail,
        "without CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON",
    );
    check(
        &bits(&[12, 39]),
        0,
        State::Fail,
        "root, without CAP_PERFMON",
    );
    check(&bits(&[21]), 0, State::Fail, "root, without CAP_NET_ADMIN");
    check("zzz", 0, State::Fail, "cannot be read");
    assert_eq!(capabilities("").state, State::Fail);
}

#[test]
fn a_user_namespace_is_no_root() {
    assert_eq!(
        user_namespace("         0          0 4294967295\n").state,
        State::Ok
    );
    assert_eq!(
        user_namespace("         0       1000          1\n").state,
        State::Fail
    );
    assert_eq!(user_namespace("").state, State::Fail);
}

#[test]
fn finds_the_file_system_of_a_path() {
    check_mount(MOUNTS, "/sys/fs/bpf", Some("bpf"));
    check_mount(MOUNTS, "/sys/fs/bpf/aegis/eth0", Some("bpf"));
    check_mount(MOUNTS, "/sys/fs/bpf2", Some("sysfs"));
    check_mount(MOUNTS, "/sys/fs", Some("sysfs"));
    check_mount(MOUNTS, "/run/aegis two/x", Some("bpf"));
    check_mount(MOUNTS, "/home", Some("ext4"));
    check_mount("", "/home", None);
    check_mount("garbage - \n1 2 3 4 - bpf\n - bpf\n", "/home", None);
    // What is mounted over a mount hides it.
    let covered = format!("{MOUNTS}50 30 0:50 / /sys/fs/bpf rw - tmpfs tmpfs rw\n");
    check_mount(&covered, "/sys/fs/bpf", Some("tmpfs"));
}

#[test]
fn tells_how_to_mount() {
    let usual = mounted("", Path::new("/sys/fs/bpf/aegis"));
    assert_eq!(usual.state, State::Fail);
    assert_eq!(
        usual.fix.as_deref(),
        Some("sudo mount -t bpf bpf /sys/fs/bpf")
    );
    let other = mounted(MOUNTS, Path::new("/run/bpf"));
    let fix = "sudo mkdir -p '/run/bpf' && sudo mount -t bpf bpf '/run/bpf'";
    assert_eq!(other.fix.as_deref(), Some(fix));
    assert_eq!(mounted(MOUNTS, Path::new("/sys/fs/bpf")).state, State::Ok);
}

#[test]
fn unescapes_octal_digits_only() {
    assert_eq!(unescape("/a\\040b\\134c"), Path::new("/a b\\c"));
    assert_eq!(unescape("/a\\04"), Path::new("/a\\04"));
    assert_eq!(unescape("\\999\\"), Path::new("\\999\\"));
}

#[track_caller]
fn check(effective: &str, uid: u32, state: State, detail: &str) {
    let status = format!("Name:\taegis\nUid:\t7\t{uid}\t7\t7\nCapEff:\t{effective}\n");
    let check = capabilities(&status);
    assert_eq!(check.state, state, "{check:?}");
    assert!(check.detail.contains(detail), "{check:?}");
    assert_eq!(check.fix.is_none(), state == State::Ok, "{check:?}");
}

#[track_caller]
fn check_mount(mountinfo: &str, path: &str, expected: Option<&str>) {
    assert_eq!(
        file_system(mountinfo, Path::new(path)).as_deref(),
        expected,
        "{path}"
    );
}

fn bits(set: &[u32]) -> String {
    format!("{:016x}", set.iter().fold(0_u64, |all, bit| all | 1 << bit))
}
