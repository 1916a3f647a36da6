//! Tests of running a program, with programs that are not nft.

use std::{fs, os::unix::fs::PermissionsExt as _, sync::Mutex};

use super::*;

/// One at a time: a program that is being written while another thread starts one stays open for
/// writing in the copy, and does not run.
static ALONE: Mutex<()> = Mutex::new(());

/// Makes a program of this body and runs `work` with it.
fn with(body: &str, work: impl FnOnce(Tool)) {
    let _alone = ALONE
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("nft");
    fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    let mut tool = Tool::find_in([folder.path()].into_iter()).unwrap();
    tool.time_max = Duration::from_secs(2);
    work(tool);
}

#[test]
fn a_missing_program_is_told_with_what_to_install() {
    let folder = tempfile::tempdir().unwrap();
    let error = Tool::find_in([folder.path()].into_iter()).unwrap_err();
    assert!(error.to_string().contains("install the package nftables"));
}

#[test]
fn the_script_goes_in_and_the_output_comes_out_however_long_both_are() {
    let script = "x".repeat(3_000_000);
    with("exec /bin/cat", |tool| {
        let output = tool.run(&[], &script, script.len()).unwrap();
        assert!(output == script.as_bytes());
    });
}

#[test]
fn a_stuck_program_is_killed() {
    with("exec /bin/sleep 600", |tool| {
        let error = tool.change("").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut, "{error}");
    });
    with("exec >&- 2>&-; exec /bin/sleep 600", |tool| {
        let error = tool.change("").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut, "{error}");
    });
}

#[test]
fn output_without_end_is_cut_off() {
    with("while :; do echo xxxxxxxxxxxxxxxxxxxxxxxx; done", |tool| {
        let error = tool.list(&["chains"], 1000).unwrap_err();
        assert!(
            error.to_string().contains("more than 1000 bytes"),
            "{error}"
        );
    });
}

#[test]
fn a_complaint_becomes_one_line_that_says_what_is_wrong() {
    let check = |complaint: &str, says: &str, kind: io::ErrorKind| {
        with(&format!("echo '{complaint}' >&2; exit 1"), |tool| {
            let error = tool.change("").unwrap_err();
            assert_eq!(error.to_string(), says);
            assert_eq!(error.kind(), kind);
        });
    };
    check(
        "/dev/stdin:1:2-3: Error: Could not process rule: File exists\nadd x\n  ^^",
        "nft: Could not process rule: File exists",
        io::ErrorKind::AlreadyExists,
    );
    check(
        "Operation not permitted (you must be root)",
        "nft: Operation not permitted (you must be root) (CAP_NET_ADMIN is needed)",
        io::ErrorKind::PermissionDenied,
    );
    check(
        "netlink: Error: Could not process rule: Message too long",
        "nft: Could not process rule: Message too long (the kernel takes no message of this size \
         from here: raise net.core.wmem_max)",
        io::ErrorKind::ArgumentListTooLong,
    );
    with("exit 3", |tool| {
        let error = tool.change("").unwrap_err();
        assert_eq!(
            error.to_string(),
            "nft ended with exit status: 3 and no word"
        );
    });
}
