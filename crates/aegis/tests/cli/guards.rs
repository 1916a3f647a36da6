//! What is never blocked, and why an address is blocked or is not.

use crate::sandbox::Sandbox;

#[test]
fn what_nobody_may_block_is_refused_with_the_reason() {
    let sandbox = Sandbox::new();
    let _daemon = sandbox.start(&["--no-p2p"]);
    for (ip, reason) in [
        ("127.0.0.1", "loopback"),
        ("::1", "loopback"),
        ("0.0.0.0", "unspecified"),
        ("255.255.255.255", "broadcast"),
        ("224.0.0.1", "multicast"),
        ("ff02::1", "multicast"),
        ("169.254.1.1", "link-local"),
        ("fe80::1", "link-local"),
        ("126.0.0.0/7", "too wide"),
        ("0.0.0.0/0", "too wide"),
        ("2001:db8::/18", "too wide"),
        ("127.0.0.0/8", "loopback"),
    ] {
        for word in ["block", "publish"] {
            let answer = sandbox.run(&format!("{word} {ip} 60 syn_flood 10 --force"));
            assert_eq!(answer.code, Some(1), "{word} {ip}: {answer:?}");
            assert!(
                answer.talk.starts_with("refused: "),
                "{word} {ip}: {answer:?}"
            );
            assert!(answer.talk.contains(reason), "{word} {ip}: {answer:?}");
        }
        assert_eq!(sandbox.run(&format!("check {ip}")).code, Some(1), "{ip}");
    }
    let why = sandbox.json("why 127.0.0.1");
    assert_eq!(why["exempt"]["kind"], "protected");
    assert_eq!(why["commands"], serde_json::json!([]), "none would do it");
    assert_eq!(sandbox.json("list"), serde_json::json!([]));
}

#[test]
fn a_configured_peer_is_only_blocked_on_purpose() {
    let sandbox = Sandbox::new();
    let peer = "/ip4/192.168.77.7/tcp/9/p2p/12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA";
    let _daemon = sandbox.start(&["--peer", peer]);
    let refused = sandbox.run("block 192.168.77.7"); // for as long as one is blocked unless it is said
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert!(refused.talk.contains("--force"), "{refused:?}");
    assert_eq!(sandbox.run("block 192.168.77.7 60 --force").code, Some(0));
}

#[test]
fn the_allowlist_comes_first() {
    let sandbox = Sandbox::new();
    let _daemon = sandbox.start(&["--no-p2p"]);
    assert_eq!(sandbox.run("block 192.168.2.7 300").code, Some(0));
    assert_eq!(
        sandbox.run("allow 192.168.2.0/24 --comment office").code,
        Some(0)
    );
    // A block that stood ends at once, and no other is taken.
    assert_eq!(sandbox.run("check 192.168.2.7").code, Some(1));
    let refused = sandbox.run("block 192.168.2.8 300");
    assert_eq!(refused.code, Some(1), "{refused:?}");
    assert_eq!(
        refused.talk,
        "refused: 192.168.2.0/24 is on the allowlist\n"
    );
    let why = sandbox.run("why 192.168.2.8").out;
    assert!(why.contains("192.168.2.0/24"), "{why}");
    assert_eq!(sandbox.run("allow 192.168.2.0/24 --remove").code, Some(0));
    assert_eq!(sandbox.run("block 192.168.2.8 300").code, Some(0));
}

#[test]
fn why_tells_of_every_address() {
    let sandbox = Sandbox::new();
    let _daemon = sandbox.start(&["--no-p2p"]);
    assert_eq!(
        sandbox.run("block 203.0.113.0/24 600 port_scan 8").code,
        Some(0)
    );
    check(
        &sandbox,
        "203.0.113.0/24",
        &["is BLOCKLISTED", "by operator", "port_scan"],
    );
    check(
        &sandbox,
        "203.0.113.7",
        &["is BLOCKLISTED", "aegis unblock 203.0.113.0/24"],
    );
    check(
        &sandbox,
        "198.51.100.1",
        &["is not blocklisted", "Evidence: none"],
    );
    check(
        &sandbox,
        "127.0.0.1",
        &["is not blocklisted", "Never blocked (protected): "],
    );
    assert_eq!(sandbox.run("unblock 203.0.113.0/24").code, Some(0));
    check(
        &sandbox,
        "203.0.113.7",
        &[
            "is not blocklisted",
            "the operator unblocked 203.0.113.0/24",
        ],
    );
    let why = sandbox.json("why 203.0.113.7");
    assert_eq!(
        (&why["blocked"], &why["undo"]),
        (&false.into(), &().into()),
        "{why}"
    );
    assert_eq!(why["exempt"]["kind"], "unblocked");
    assert_eq!(why["evidence"][0]["own"], true, "{why}");
}

#[track_caller]
fn check(sandbox: &Sandbox, ip: &str, says: &[&str]) {
    let answer = sandbox.run(&format!("why {ip}"));
    assert_eq!(answer.code, Some(0), "{answer:?}");
    for text in says {
        assert!(
            answer.out.contains(text),
            "{ip}: {text:?} in\n{}",
            answer.out
        );
    }
}
