//! Mounts as /proc tells them, and folders of all owners.

use super::super::State;
use super::super::tests::is_whole;
use super::*;

const MOUNTS: &str = "\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
25 22 0:22 / /sys rw,nosuid shared:7 - sysfs sysfs rw
30 25 0:30 / /sys/fs/bpf rw,nosuid shared:9 - bpf bpf rw,mode=700
40 22 0:40 / /run/aegis\\040two rw - bpf bpf rw
";

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
    let judge = |mountinfo: &str, path: &str| {
        let check = mounted(
            mount_of(mountinfo, Path::new(path)).as_ref(),
            Path::new(path),
        );
        is_whole(&check);
        check
    };
    let usual = judge("", "/sys/fs/bpf/aegis");
    assert_eq!(usual.state, State::Fail);
    assert_eq!(
        usual.fix.as_deref(),
        Some("sudo mount -t bpf bpf /sys/fs/bpf")
    );
    let other = judge(MOUNTS, "/run/bpf it");
    let fix = "sudo mkdir -p '/run/bpf it' && sudo mount -t bpf bpf '/run/bpf it'";
    assert_eq!(other.fix.as_deref(), Some(fix));
    let good = judge(MOUNTS, "/sys/fs/bpf");
    assert_eq!(good.state, State::Ok);
    assert!(good.detail.contains("rw,nosuid,rw,mode=700"), "{good:?}");
    let read_only = judge("30 25 0:30 / /b rw - bpf bpf ro,mode=700\n", "/b");
    assert_eq!(read_only.state, State::Fail);
    assert_eq!(
        read_only.fix.as_deref(),
        Some("sudo mount -o remount,rw /b")
    );
    let read_only = judge("30 25 0:30 / /b ro - bpf bpf rw\n", "/b");
    assert_eq!(read_only.state, State::Fail);
}

#[test]
fn a_user_must_enter_every_folder_and_write_the_last() {
    check_pins(0, &[(0, 0o700)], State::Ok);
    check_pins(0, &[(0, 0o1777), (0, 0o700)], State::Ok);
    check_pins(990, &[(0, 0o700)], State::Fail);
    check_pins(990, &[(0, 0o755)], State::Fail);
    check_pins(990, &[(0, 0o1777)], State::Ok);
    check_pins(990, &[(0, 0o711), (990, 0o700)], State::Ok);
    check_pins(990, &[(0, 0o710), (990, 0o700)], State::Fail);
    check_pins(990, &[(0, 0o711), (991, 0o700)], State::Fail);
    check_pins(990, &[(990, 0o077)], State::Fail); // the owner's own bits count, not all others
    check_pins(0, &[(0, 0o755), (990, 0o700)], State::Fail); // root passes no closed door
    check_pins(990, &[], State::Ok);
}

#[test]
fn a_closed_folder_comes_with_what_opens_it() {
    let check = check_pins(990, &[(0, 0o700)], State::Fail);
    assert_eq!(
        check.fix.as_deref(),
        Some("sudo chmod a+x /b && sudo install -d -o 990 -m 0700 /b/aegis")
    );
    assert!(
        check.detail.contains("belongs to user 0 with mode 700"),
        "{check:?}"
    );
    let root = check_pins(0, &[(0, 0o755), (990, 0o700)], State::Fail);
    assert!(root.fix.is_some_and(|it| it.starts_with("sudo -u '#990' ")));
}

#[test]
fn unescapes_octal_digits_only() {
    assert_eq!(unescape("/a\\040b\\134c"), Path::new("/a b\\c"));
    assert_eq!(unescape("/a\\04"), Path::new("/a\\04"));
    assert_eq!(unescape("\\999\\"), Path::new("\\999\\"));
}

#[track_caller]
fn check_mount(mountinfo: &str, path: &str, expected: Option<&str>) {
    assert_eq!(
        mount_of(mountinfo, Path::new(path))
            .map(|it| it.kind)
            .as_deref(),
        expected,
        "{path}"
    );
}

#[track_caller]
fn check_pins(user: u32, folders: &[(u32, u32)], state: State) -> Check {
    let paths = ["/b", "/b/aegis"].map(PathBuf::from);
    let folder = |(path, (owner, mode)): (PathBuf, &(u32, u32))| Folder {
        path,
        owner: *owner,
        group: *owner,
        mode: *mode,
    };
    let folders: Vec<Folder> = paths.into_iter().zip(folders).map(folder).collect();
    let check = pins(&folders, User { user, group: user }, Path::new("/b"));
    assert_eq!(check.state, state, "{check:?}");
    is_whole(&check);
    check
}
