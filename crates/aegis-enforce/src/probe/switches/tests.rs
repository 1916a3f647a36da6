//! Switches in every position, and files with other things in them.

use super::super::State;
use super::super::tests::is_whole;
use super::*;

use State::{Note, Ok as Good, Warn};

/// Judges what reading a switch gave.
type Judge = fn(Read) -> Check;

#[test]
fn judges_each_position() {
    check(unprivileged, &[("0\n", Warn), ("1\n", Good), ("2\n", Good)]);
    check(jit, &[("0\n", Warn), ("1\n", Good), ("2\n", Warn)]);
    check(hardening, &[("0\n", Good), ("1\n", Good), ("2\n", Warn)]);
    check(syn_cookies, &[("0\n", Warn), ("1\n", Good), ("2\n", Note)]);
    check(
        lockdown,
        &[
            ("[none] integrity confidentiality\n", Good),
            ("none [integrity] confidentiality\n", Good),
            ("none integrity [confidentiality]\n", Note),
        ],
    );
}

#[test]
fn what_makes_no_sense_is_told_and_not_guessed() {
    let long = "9".repeat(1_000_000);
    for judge in [unprivileged, jit, hardening, lockdown, syn_cookies] {
        for text in [
            "",
            "3",
            "-1",
            "\u{1b}[2J",
            "][",
            "[",
            "[none",
            long.as_str(),
        ] {
            let check = judge(Ok(text.to_owned()));
            assert_eq!(check.state, Note, "{text:.20?}: {check:?}");
            assert!(check.detail.len() < 300, "{:?}", check.name);
            assert!(!check.detail.contains('\u{1b}'), "{check:?}");
            is_whole(&check);
        }
    }
}

#[test]
fn what_may_not_be_read_is_no_fault() {
    for judge in [unprivileged, jit, hardening, syn_cookies] {
        let denied = judge(Err(io::ErrorKind::PermissionDenied.into()));
        assert_eq!(denied.fix.as_deref(), Some("sudo aegis doctor"));
        assert_eq!(judge(Err(io::ErrorKind::NotFound.into())).state, Good);
    }
    assert_eq!(lockdown(Err(io::ErrorKind::NotFound.into())).state, Good);
}

#[track_caller]
fn check(judge: Judge, table: &[(&str, State)]) {
    for (text, state) in table {
        let check = judge(Ok((*text).to_owned()));
        assert_eq!(check.state, *state, "{text:?}: {check:?}");
        is_whole(&check);
    }
}
