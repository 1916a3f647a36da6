//! Tests of machine traces.

use super::{Places, check};

#[test]
fn a_path_of_a_machine_is_found_in_any_file() {
    let places = Places(vec!["/nowhere/".to_owned()]);
    for bad in [
        &b"see /nowhere/aegis"[..],
        b"\0/nowhere/x\0",
        b"=/nowhere/",
        b"/nowhere/",
    ] {
        assert_eq!(check(&places, "a.o", bad).len(), 1, "{bad:?}");
    }
    for good in [
        &b"https://example.org/nowhere/7"[..],
        b"a/nowhere/b",
        b"/nowhere",
        b"",
    ] {
        assert_eq!(check(&places, "a.o", good), [], "{good:?}");
    }
}

#[test]
fn a_finding_names_its_line() {
    let places = Places(vec!["/nowhere/".to_owned()]);
    let findings = check(&places, "a.md", b"one\ntwo /nowhere/x");
    assert_eq!(findings[0].line, Some(2));
}

#[test]
fn a_lock_file_names_one_registry() {
    let ours = "source = \"registry+https://github.com/rust-lang/crates.io-index\"\n";
    let other = "source = \"sparse+https://mirror.example/index/\"\n";
    let git = "source = \"git+https://example.org/a#b\"\n";
    assert_eq!(check(&Places::default(), "Cargo.lock", ours.as_bytes()), []);
    assert_eq!(
        check(&Places::default(), "Cargo.lock", other.as_bytes()).len(),
        1
    );
    assert_eq!(
        check(&Places::default(), "fuzz/Cargo.lock", git.as_bytes()).len(),
        1
    );
}

#[test]
fn cargo_is_sent_nowhere_else() {
    let bad = b"[source.crates-io]\nreplace-with = \"mirror\"\n";
    assert_eq!(
        check(&Places::default(), ".cargo/config.toml", bad).len(),
        2
    );
    assert_eq!(
        check(
            &Places::default(),
            "Cargo.toml",
            b"[package]\nname = \"a\"\n"
        ),
        []
    );
}
