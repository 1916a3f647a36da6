//! `orgsig` does what users of Iris know, down to its exit codes.
//!
//! The signature compared with was made by another implementation (`aegis-net/vectors`).

use std::{
    fs,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Stdio},
};

use crate::sandbox::{Answer, finish};

const VECTORS: &str = include_str!("../../../aegis-net/vectors/organisation.json");

#[test]
fn a_new_organisation_is_saved_and_signs_peers() {
    let directory = tempfile::tempdir().expect("set up");
    let path = directory.path().join("org.key");
    let made = orgsig(&["-save-key-path", text(&path)]);
    assert_eq!(made.code, Some(0), "{made:?}");
    assert!(
        made.out.starts_with("Running v0.0.1 orgsig\n\n"),
        "{made:?}"
    );
    assert!(made.out.ends_with("\n\nFinished...\n"), "{made:?}");
    let id = line_behind(&made.out, "Organisation's ID (public-key):");
    assert!(id.starts_with("12D3KooW"), "{made:?}");
    let mode = fs::metadata(&path).expect("set up").permissions().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let peer = vector("member");
    let load = ["-load-key-path", text(&path), "-sign-peer", "-peer-id"];
    let signed = orgsig(&[&load[..], &[&peer]].concat());
    assert_eq!(signed.code, Some(0), "{signed:?}");
    assert_eq!(
        line_behind(&signed.out, "Organisation's ID (public-key):"),
        id
    );
    let signature = line_behind(&signed.out, "Peer's signature:");
    check_verified(&id, &peer, &signature, 0);
    check_verified(&id, &vector("other"), &signature, 7);
}

#[test]
fn a_key_file_of_iris_gives_its_signature() {
    let directory = tempfile::tempdir().expect("set up");
    let path = directory.path().join("org.key");
    let digits = vector("organisation_key_file");
    let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).expect("set up");
    let bytes: Vec<u8> = (0..digits.len()).step_by(2).map(byte).collect();
    fs::write(&path, bytes).expect("set up");
    let load = ["-load-key-path", text(&path), "-sign-peer"];
    let signed = orgsig(&[&load[..], &["-peer-id", &vector("member")]].concat());
    let expected = vector("iris_signature");
    assert_eq!(line_behind(&signed.out, "Peer's signature:"), expected);
    check_verified(&vector("organisation"), &vector("member"), &expected, 0);
    // Without the flag it asks.
    let asked = asked(&load, &format!("{}\n", vector("member")));
    assert!(asked.out.contains("Peer ID to sign:\n> "), "{asked:?}");
    assert_eq!(line_behind(&asked.out, "Peer's signature:"), expected);
}

#[test]
fn each_failure_has_its_code() {
    let directory = tempfile::tempdir().expect("set up");
    let path = directory.path().join("org.key");
    let (path, gone) = (text(&path), "/proc/none/org.key");
    check(&[], 1);
    check(&["-peer-id", "x"], 1);
    check(&["-sign-peer"], 2);
    check(&["-no-such-flag"], 2);
    check(&["-load-key-path", gone, "-sign-peer"], 3);
    fs::write(path, "no key").expect("set up");
    check(&["-load-key-path", path, "-sign-peer"], 3);
    check(&["-save-key-path", path, "-sign-peer", "-peer-id", "x"], 4);
    check(&["-save-key-path", path, "-sign-peer"], 4); // nobody answers
    check(&["-save-key-path", gone], 6);
    check(&["-help"], 0);
}

#[track_caller]
fn check(words: &[&str], code: i32) {
    let answer = orgsig(words);
    assert_eq!(answer.code, Some(code), "{words:?}: {answer:?}");
}

#[track_caller]
fn check_verified(organisation: &str, peer: &str, signature: &str, code: i32) {
    let words = [
        "-verify-signature",
        signature,
        "-org-id",
        organisation,
        "-peer-id",
        peer,
    ];
    check(&words, code);
}

fn orgsig(words: &[&str]) -> Answer {
    finish(command().args(words).stdin(Stdio::null()))
}

fn asked(words: &[&str], says: &str) -> Answer {
    let mut command = command();
    command
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = command.spawn().expect("set up");
    let mut stdin = child.stdin.take().expect("set up");
    stdin.write_all(says.as_bytes()).expect("set up");
    drop(stdin);
    let output = child.wait_with_output().expect("set up");
    Answer {
        code: output.status.code(),
        out: String::from_utf8(output.stdout).expect("set up"),
        talk: String::new(),
    }
}

fn command() -> Command {
    Command::new(env!("CARGO_BIN_EXE_orgsig"))
}

/// Returns the line that follows `title`, without the tab in front of it.
#[track_caller]
fn line_behind(out: &str, title: &str) -> String {
    let mut lines = out.lines().skip_while(|it| *it != title).skip(1);
    lines.next().expect("a line").trim_start().to_owned()
}

fn vector(name: &str) -> String {
    let vectors: serde_json::Value = serde_json::from_str(VECTORS).expect("set up");
    vectors[name].as_str().expect("set up").to_owned()
}

fn text(path: &Path) -> &str {
    path.to_str().expect("set up")
}
