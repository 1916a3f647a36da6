//! Two nodes that know each other share what they block, and take it back.

use crate::{daemon::Running, sandbox::Sandbox, wait::until};

#[test]
fn a_block_goes_to_the_peer_and_an_unblock_may_follow() {
    let (near, far) = (Sandbox::new(), Sandbox::new());
    let _daemons = join(&near, &far);
    assert_eq!(
        near.run("block 192.168.1.100 300 syn_flood 9").code,
        Some(0)
    );
    becomes(&far, "192.168.1.100", 0);
    let block = &far.json("list")[0];
    assert_eq!(block["origin"], "peers", "{block}");
    assert_eq!(block["author"], near.json("status")["node_id"], "{block}");
    assert_eq!(
        (&block["threat_type"], &block["severity"]),
        (&"syn_flood".into(), &9.into())
    );
    assert!(
        block["ttl_secs"].as_u64().is_some_and(|it| it > 200),
        "{block}"
    );
    // Without --withdraw an unblock is local.
    let unblocked = near.json("unblock 192.168.1.100");
    assert_eq!(unblocked["withdrawn"], 0, "{unblocked}");
    assert_eq!(near.run("check 192.168.1.100").code, Some(1));
    assert_eq!(far.run("check 192.168.1.100").code, Some(0));
    let withdrawn = near.json("unblock 192.168.1.100 --withdraw");
    assert_eq!(withdrawn["withdrawn"], 1, "{withdrawn}");
    becomes(&far, "192.168.1.100", 1);
}

#[test]
fn publish_blocks_there_and_not_here_and_local_blocks_here_alone() {
    let (near, far) = (Sandbox::new(), Sandbox::new());
    let _daemons = join(&near, &far);
    assert_eq!(near.run("block 192.168.1.50 300 --local").code, Some(0));
    assert_eq!(
        near.run("publish 192.168.1.7 300 port_scan 8").code,
        Some(0)
    );
    becomes(&far, "192.168.1.7", 0);
    assert_eq!(near.run("check 192.168.1.7").code, Some(1));
    // It was made before what has arrived by now.
    assert_eq!(far.run("check 192.168.1.50").code, Some(1));
    assert_eq!(far.json("stats")["alerts"]["received"], 1);
}

#[test]
fn the_other_operator_has_the_last_word() {
    let (near, far) = (Sandbox::new(), Sandbox::new());
    let _daemons = join(&near, &far);
    assert_eq!(far.run("allow 192.168.1.0/28").code, Some(0));
    for line in [
        "publish 192.168.1.1 300 syn_flood 9", // on the other's allowlist
        "publish 192.168.1.99 300 syn_flood 1", // under the other's threshold
        "publish 192.168.1.100 300 syn_flood 9",
    ] {
        assert_eq!(near.run(line).code, Some(0), "{line}");
    }
    becomes(&far, "192.168.1.100", 0);
    check(&far, "192.168.1.1", "allowlisted");
    check(&far, "192.168.1.99", "below_severity");
    // An unblock there holds against the alert that caused the block, told again or not.
    assert_eq!(far.run("unblock 192.168.1.100").code, Some(0));
    assert_eq!(
        near.run("publish 192.168.1.100 301 syn_flood 9").code,
        Some(0)
    );
    assert_eq!(
        near.run("publish 192.168.1.101 300 syn_flood 9").code,
        Some(0)
    );
    becomes(&far, "192.168.1.101", 0);
    check(&far, "192.168.1.100", "unblocked");
}

#[test]
fn a_node_that_joins_late_hears_what_still_holds() {
    let (near, far) = (Sandbox::new(), Sandbox::new());
    let near_daemon = near.start(&[]);
    assert_eq!(
        near.run("block 192.168.1.100 300 syn_flood 9").code,
        Some(0)
    );
    let far_daemon = far.start(&["--peer", &address(&near)]);
    becomes(&far, "192.168.1.100", 0);
    far.stop(far_daemon);
    near.stop(near_daemon);
}

/// Starts both nodes, the far one with the near one as a configured peer, and waits for them.
#[track_caller]
pub(crate) fn join(near: &Sandbox, far: &Sandbox) -> [Running; 2] {
    let daemons = [near.start(&[]), far.start(&["--peer", &address(near)])];
    for sandbox in [near, far] {
        until("the nodes are joined", || {
            (sandbox.json("status")["peers"]["connected"] == 1).then_some(())
        });
    }
    let peer = &far.json("peers")[0];
    assert_eq!(peer["class"], "configured", "{peer}");
    assert_eq!(peer["peer"], near.json("status")["node_id"], "{peer}");
    daemons
}

/// Returns where a node listens, as its peers name it.
fn address(sandbox: &Sandbox) -> String {
    let status = sandbox.json("status");
    let text = |it: &serde_json::Value| it.as_str().expect("a text").to_owned();
    format!(
        "{}/p2p/{}",
        text(&status["listen"][0]),
        text(&status["node_id"])
    )
}

/// Waits until `check` ends with `code`.
#[track_caller]
fn becomes(sandbox: &Sandbox, ip: &str, code: i32) {
    until(&format!("check {ip} ends with {code}"), || {
        (sandbox.run(&format!("check {ip}")).code == Some(code)).then_some(())
    });
}

/// Checks that `ip` is not blocked, and which guard refused it.
#[track_caller]
fn check(sandbox: &Sandbox, ip: &str, refusal: &str) {
    let why = sandbox.json(&format!("why {ip}"));
    assert_eq!(why["blocked"], false, "{why}");
    assert_eq!(why["refusals"][0]["code"], refusal, "{why}");
}
