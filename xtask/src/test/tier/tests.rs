//! Tests of the tiers.

use super::{Tier, is_alone};

#[test]
fn a_binary_and_a_name_give_the_tier() {
    check(None, "alert::tests::holds", Tier::Unit, false);
    check(Some("it"), "joins::by_bootstrap", Tier::Component, false);
    check(Some("it"), "mdns::netns_two_nodes_join", Tier::Kernel, true);
    check(
        None,
        "host::tests::netns_sees_an_address",
        Tier::Kernel,
        true,
    );
    check(
        Some("it"),
        "mdns::names_netns_in_the_middle",
        Tier::Component,
        false,
    );
    check(Some("kernel"), "packets::vlan", Tier::Kernel, true);
    check(Some("host"), "addresses", Tier::Kernel, true);
    check(Some("nft"), "table::many", Tier::Kernel, true);
    check(Some("e2e"), "three_nodes", Tier::EndToEnd, true);
    check(Some("cli"), "status", Tier::CommandLine, false);
}

#[test]
fn nextest_runs_the_same_binaries_alone() {
    let config = include_str!("../../../../.config/nextest.toml");
    let filter = config
        .lines()
        .find(|line| line.starts_with("filter"))
        .unwrap();
    let (_, rest) = filter.split_once("binary(/^(").unwrap();
    let (binaries, rest) = rest.split_once(")$/)").unwrap();
    assert_eq!(binaries, "kernel|host|nft|e2e|lab");
    for binary in binaries.split('|') {
        assert!(is_alone(Some(binary), "any"), "{binary}");
    }
    assert!(rest.contains("test(/(^|::)netns_/)"), "{rest}");
}

#[track_caller]
fn check(binary: Option<&str>, test: &str, tier: Tier, alone: bool) {
    assert_eq!(Tier::of(binary, test), tier, "{binary:?} {test}");
    assert_eq!(is_alone(binary, test), alone, "{binary:?} {test}");
}
