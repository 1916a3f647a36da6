//! Tests of words.

use super::{check, parts};

#[test]
fn our_names_say_what_they_are() {
    for bad in [
        "struct PeerManager;",
        "fn test_helper() {}",
        "mod utils;",
        "const BLACKLIST: u8 = 1;",
        "    whitelist: Vec<IpAddr>,",
        "fn a(ip_blacklist: &[u8]) {}",
        "let mut helpers = 1;",
        "use b::C as Manager;",
    ] {
        assert_eq!(check("a.rs", bad).len(), 1, "{bad}");
    }
}

#[test]
fn foreign_names_are_as_they_are() {
    for good in [
        "use aya_ebpf::helpers::bpf_jiffies64;",
        "let now = helpers::bpf_jiffies64();",
        "struct Managerial;",
        "fn a(blocklist: &Blocklist) {}",
        "use hyper_util::rt::TokioIo;",
    ] {
        assert_eq!(check("a.rs", good), [], "{good}");
    }
}

#[test]
fn nothing_is_left_unfinished() {
    for bad in [
        "todo!(\" \")",
        "unimplemented!()",
        "#[ignore]",
        "#[ignore = \" \"]",
        "#![allow(x)]",
    ] {
        assert_eq!(check("a.rs", bad).len(), 1, "{bad}");
    }
    assert_eq!(check("a.rs", "#[expect(unsafe_code)]"), []);
}

#[test]
fn splits_names() {
    assert_eq!(parts("PeerManager"), ["peer", "manager"]);
    assert_eq!(parts("IP_BLACKLIST"), ["ip", "blacklist"]);
    assert_eq!(parts("a1B"), ["a1", "b"]);
}
