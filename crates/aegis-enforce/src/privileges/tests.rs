//! Sets of capabilities, and folders that refuse.

use super::*;

const ROOT: u64 = (1 << 41) - 1;

#[test]
fn names_exactly_what_is_missing() {
    let all = Bpf.bit() | NetAdmin.bit() | Perfmon.bit();
    check_missing(ROOT, "");
    check_missing(all, "");
    check_missing(all & !Bpf.bit(), "CAP_BPF");
    check_missing(all & !NetAdmin.bit(), "CAP_NET_ADMIN");
    check_missing(all & !Perfmon.bit(), "CAP_PERFMON");
    check_missing(0, "CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON");
    check_missing(SysAdmin.bit(), "CAP_NET_ADMIN");
    check_missing(SysAdmin.bit() | NetAdmin.bit(), "");
}

#[test]
fn keeps_the_three_and_what_else_was_asked_for() {
    let all = Bpf.bit() | NetAdmin.bit() | Perfmon.bit();
    let bind = Capability::NetBindService;
    assert_eq!(kept(ROOT, &[]), all);
    assert_eq!(kept(ROOT, &[bind]), all | bind.bit());
    assert_eq!(kept(all, &[bind]), all, "what is not there is not kept");
    assert_eq!(kept(NetAdmin.bit(), &[]), NetAdmin.bit());
    assert_eq!(kept(0, &[]), 0);
    let old = SysAdmin.bit() | NetAdmin.bit();
    assert_eq!(kept(old, &[]), old, "it stands for what is missing");
}

#[test]
fn capabilities_have_the_kernels_numbers() {
    // include/uapi/linux/capability.h
    let numbers = [Capability::NetBindService, NetAdmin, SysAdmin, Perfmon, Bpf];
    assert_eq!(
        numbers.map(|it| it.bit().trailing_zeros()),
        [10, 12, 21, 38, 39]
    );
}

#[test]
fn reads_the_same_sets_as_proc_shows() {
    let status = fs::read_to_string("/proc/thread-self/status").unwrap();
    let shown = ["CapEff", "CapPrm", "CapInh"].map(|key| {
        let line = status.lines().find(|it| it.starts_with(key)).unwrap();
        u64::from_str_radix(line.split_whitespace().nth(1).unwrap(), 16).unwrap()
    });
    assert_eq!(sets().unwrap(), shown);
}

#[test]
fn a_second_thread_is_a_reason_not_to_reduce() {
    let (end_tx, end_rx) = std::sync::mpsc::channel::<()>();
    let other = std::thread::spawn(move || end_rx.recv());
    assert!(
        reduce(&[]).is_err(),
        "the other thread would keep everything"
    );
    drop(end_tx);
    assert!(other.join().unwrap().is_err(), "it ran all the time");
}

#[test]
fn a_refusal_says_whose_the_folder_is_and_what_makes_it_ours() {
    let folder = Path::new("/sys/fs/bpf/aegis/default");
    let said = |me, owner, nearest: &str| {
        let denied = Denied {
            folder: folder.to_owned(),
            nearest: nearest.into(),
            owner,
            me,
        };
        denied.sentence()
    };
    assert_eq!(
        said(990, 0, "/sys/fs/bpf"),
        "/sys/fs/bpf belongs to user 0 and this process is user 990: sudo chmod a+x \
         '/sys/fs/bpf' && sudo install -d -o 990 -m 0700 '/sys/fs/bpf/aegis'"
    );
    assert_eq!(
        said(0, 990, "/sys/fs/bpf/aegis"),
        "/sys/fs/bpf/aegis belongs to user 990 and this process is user 0: run it as that user, \
         or name another BPF file system"
    );
    assert_eq!(said(990, 990, "/x"), "/x is this user's own");
}

#[test]
fn other_refusals_are_left_as_they_are() {
    let error = explain_denied(Path::new("/none"), io::ErrorKind::NotFound.into());
    assert_eq!(
        error.to_string(),
        io::Error::from(io::ErrorKind::NotFound).to_string()
    );
    let denied = explain_denied(Path::new("/none"), io::ErrorKind::PermissionDenied.into());
    assert_eq!(
        denied.kind(),
        io::ErrorKind::PermissionDenied,
        "it has an exit code of its own"
    );
}

#[track_caller]
fn check_missing(effective: u64, expected: &str) {
    assert_eq!(names(&missing(effective)), expected, "{effective:x}");
}

#[test]
fn a_thread_gets_the_nice_value_it_asks_for() {
    let asked = std::thread::spawn(|| {
        set_nice(7).unwrap();
        fs::read_to_string("/proc/thread-self/stat").unwrap()
    });
    let stat = asked.join().unwrap();
    // proc(5): the 19th field; the second ends with the last parenthesis.
    let after_name = stat.rsplit(") ").next().unwrap();
    assert_eq!(after_name.split(' ').nth(19 - 3), Some("7"), "{stat}");
}
