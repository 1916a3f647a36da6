//! Tests of the arrows.

use super::{ARROWS, Package, check, check_core, inherits_lints};

#[test]
fn arrows_point_inward() {
    check_one("aegis-core", "blake3", None);
    check_one("aegis-net", "aegis-core", None);
    check_one("aegis-enforce", "aegis-abi", None);
    check_one("aegis", "aegis-ui", None);
    check_one(
        "aegis-core",
        "aegis-abi",
        Some("may not depend on aegis-abi"),
    );
    check_one(
        "aegis-net",
        "aegis-store",
        Some("may not depend on aegis-store"),
    );
    check_one(
        "aegis-net",
        "aegis-abi",
        Some("may not depend on aegis-abi"),
    );
    check_one(
        "aegis-ui",
        "aegis-core",
        Some("may not depend on aegis-core"),
    );
    check_one("aegis-sim", "aegis", Some("may not depend on aegis"));
    check_one("aegis", "aegis-sim", Some("may not depend on aegis-sim"));
    check_one("xtask", "aegis-core", Some("may not depend on aegis-core"));
}

#[test]
fn each_library_has_one_wall() {
    check_one("aegis-net", "libp2p", None);
    check_one(
        "aegis",
        "libp2p",
        Some("may not depend on libp2p: only aegis-net may"),
    );
    check_one(
        "aegis-ui",
        "hyper",
        Some("may not depend on hyper: only aegis-api and aegis-fetch may"),
    );
}

#[test]
fn an_unknown_crate_is_noticed() {
    let findings = check(&package("aegis-new", "blake3"));
    assert!(
        findings[0].problem.contains("table of crates"),
        "{findings:?}"
    );
}

#[test]
fn nobody_depends_on_the_programs_but_the_fuzzer_on_what_aegis_parses() {
    for (name, allowed) in ARROWS {
        for program in ["aegis", "xtask", "aegis-fuzz", "aegis-ebpf"] {
            let is_fuzzed = (name, program) == ("aegis-fuzz", "aegis");
            assert_eq!(allowed.contains(&program), is_fuzzed, "{name}");
        }
    }
}

#[test]
fn every_member_inherits_the_lints() {
    assert!(inherits_lints(
        "[package]\n[lints]\nworkspace = true\n\n[dependencies]\n"
    ));
    assert!(!inherits_lints("[package]\n"));
    assert!(!inherits_lints(
        "[lints]\n[dependencies]\nworkspace = true\n"
    ));
    let mut bare = package("aegis-net", "aegis-core");
    bare.manifest.clear();
    assert_eq!(check(&bare).len(), 1);
    bare.is_member = false;
    assert_eq!(check(&bare), []);
}

#[test]
fn the_core_reaches_no_runtime_and_no_format() {
    assert_eq!(
        check_core("aegis-core v0.1.0 (/a)\nblake3 v1.8.7\nserde_bytes v1\n"),
        []
    );
    let findings = check_core("aegis-core v0.1.0\nipnet v2\nserde v1\nserde v1 (*)\n");
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(findings[0].problem.contains("reaches serde"));
}

#[track_caller]
fn check_one(name: &str, dependency: &str, expected: Option<&str>) {
    let findings = check(&package(name, dependency));
    let problems: Vec<_> = findings
        .iter()
        .map(|finding| finding.problem.as_str())
        .collect();
    assert_eq!(
        problems,
        expected.into_iter().collect::<Vec<_>>(),
        "{name} -> {dependency}"
    );
}

fn package(name: &str, dependency: &str) -> Package {
    Package {
        name: name.to_owned(),
        manifest: "[lints]\nworkspace = true\n".to_owned(),
        dependencies: vec![dependency.to_owned()],
        is_member: true,
    }
}
