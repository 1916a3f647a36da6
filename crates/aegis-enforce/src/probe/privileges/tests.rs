//! Privileges as /proc tells them.

use super::super::State;
use super::super::tests::is_whole;
use super::*;

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
fn the_fix_is_one_that_works_here() {
    let status = |rest: &str| format!("Uid:\t7\t7\t7\t7\nCapEff:\t0\n{rest}");
    let fix = |rest: &str| capabilities(&status(rest)).fix.unwrap();
    assert_eq!(fix(""), SETCAP);
    assert_eq!(fix("CapBnd:\t000001ffffffffff\nNoNewPrivs:\t0\n"), SETCAP);
    assert_eq!(fix("CapBnd:\t000001ffffffffff\nNoNewPrivs:\t1\n"), AMBIENT);
    assert_eq!(
        fix("CapBnd:\t00000000a80425fb\nNoNewPrivs:\t0\n"),
        CONTAINER
    );
    assert_eq!(fix("CapBnd:\tgarbage\n"), SETCAP);
}

#[track_caller]
fn check(effective: &str, uid: u32, state: State, detail: &str) {
    let status = format!("Name:\taegis\nUid:\t7\t{uid}\t7\t7\nCapEff:\t{effective}\n");
    let check = capabilities(&status);
    assert_eq!(check.state, state, "{check:?}");
    assert!(check.detail.contains(detail), "{check:?}");
    is_whole(&check);
}

fn bits(set: &[u32]) -> String {
    format!("{:016x}", set.iter().fold(0_u64, |all, bit| all | 1 << bit))
}
