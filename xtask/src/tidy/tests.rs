//! The rules applied to this repository.

use super::{Finding, check_rust, check_tree};

#[test]
fn the_repository_is_tidy() {
    let findings = check_tree().unwrap();
    let lines: Vec<_> = findings.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "\n{}\n", lines.join("\n"));
}

#[test]
fn a_finding_says_where() {
    assert_eq!(Finding::at("a.rs", 0, "odd").to_string(), "a.rs:1: odd");
    assert_eq!(Finding::in_file("a.rs", "odd").to_string(), "a.rs: odd");
}

#[test]
fn comments_and_literals_may_say_anything() {
    let text = "//! A blacklist of `libp2p::PeerId`.\nconst A: &str = \"todo!() #[ignore]\";\n";
    assert_eq!(check_rust("crates/aegis-core/src/a.rs", text), []);
}
