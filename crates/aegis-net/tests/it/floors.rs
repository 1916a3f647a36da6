//! Versions with known remote faults do not get back in: the advisory database lacks some of them.

use std::{fs, path::Path};

/// The oldest versions without a known fault that a remote peer can use.
const FLOORS: [(&str, [u64; 3]); 5] = [
    ("libp2p-gossipsub", [0, 50, 1]), // PRUNE and GRAFT: panics and memory
    ("libp2p-yamux", [0, 48, 0]),     // below it yamux 0.12, which is never mended
    ("yamux", [0, 13, 10]),           // oversized SYN frame and window: panics
    ("quinn-proto", [0, 11, 15]),     // reassembly memory, parameter panic
    ("hickory-proto", [0, 26, 1]),    // endless work on a crafted answer
];

#[test]
fn every_version_is_at_or_above_its_floor() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock");
    let lock = fs::read_to_string(path).unwrap();
    for (name, floor) in FLOORS {
        let versions = versions_of(&lock, name);
        assert!(!versions.is_empty(), "{name} is not in Cargo.lock");
        for version in versions {
            assert!(version >= floor, "{name} {version:?} is below {floor:?}");
        }
    }
}

#[test]
fn a_version_below_its_floor_is_noticed() {
    let lock = "[[package]]\nname = \"yamux\"\nversion = \"0.12.1\"\n";
    assert_eq!(versions_of(lock, "yamux"), [[0, 12, 1]]);
}

fn versions_of(lock: &str, name: &str) -> Vec<[u64; 3]> {
    let name = format!("name = \"{name}\"");
    let packages = lock.split("[[package]]");
    let named = packages.filter(|it| it.lines().any(|line| line == name));
    named.map(version_in).collect()
}

fn version_in(package: &str) -> [u64; 3] {
    let line = package.lines().find_map(|it| it.strip_prefix("version = "));
    let text = line.unwrap().trim_matches('"');
    let release = text.split(['-', '+']).next().unwrap();
    let numbers: Vec<u64> = release.split('.').map(|it| it.parse().unwrap()).collect();
    numbers.try_into().unwrap()
}
