//! What was seen and done can be asked for later, also after a restart.

use serde_json::Value;

use crate::{sandbox::Sandbox, together::join, wait::until};

/// Returns the kinds of entries about `about`, newest first.
fn kinds(sandbox: &Sandbox, about: &str) -> Vec<String> {
    let found = sandbox.json(&format!("history {about}"));
    let entries = found.as_array().expect("a list").iter();
    entries.map(|it| text(&it["kind"])).collect()
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

#[test]
fn a_timeline_tells_what_was_done_about_an_address_and_its_prefixes() {
    let sandbox = Sandbox::new();
    let _daemon = sandbox.start(&["--no-p2p"]);
    for (line, code) in [
        ("block 203.0.113.7 300 syn_flood 9", 0),
        ("block 203.0.113.0/24 300 port_scan 5 --local", 0),
        ("block 203.0.114.1 300 --local", 0),
        ("unblock 203.0.113.7", 1), // the range around it blocks it still
        ("allow 203.0.113.7 --comment =2+3", 0),
    ] {
        assert_eq!(sandbox.run(line).code, Some(code), "{line}");
    }
    assert_eq!(
        kinds(&sandbox, "203.0.113.7"),
        [
            "allowed",
            "ended",
            "unblocked",
            "blocked",
            "published",
            "blocked"
        ]
    );
    assert_eq!(
        kinds(&sandbox, "203.0.113.128/25"),
        ["blocked"],
        "what it lies in"
    );
    assert_eq!(
        kinds(&sandbox, "203.0.112.0/22").len(),
        7,
        "all that lies in it"
    );
    assert_eq!(kinds(&sandbox, "192.0.2.1"), [""; 0]);
    assert_eq!(kinds(&sandbox, "--since 1h").len(), 8, "and the start");
    assert_eq!(kinds(&sandbox, "--until 1h"), [""; 0]);
    assert_eq!(kinds(&sandbox, "--limit 2").len(), 2);
    check_shown(&sandbox);
    let audit = sandbox.run("audit verify");
    assert_eq!(audit.code, Some(0), "{audit:?}");
    assert!(
        audit.out.starts_with("The audit log is whole: "),
        "{audit:?}"
    );
    assert_eq!(sandbox.json("audit verify")["whole"], true);
    assert_eq!(sandbox.run("history --csv --json").code, Some(2));
    assert_eq!(sandbox.run("history --since soon").code, Some(2));
    assert_eq!(sandbox.run("history --limit 0").code, Some(2));
}

/// Checks what people and spreadsheets are shown of it, and the counts.
fn check_shown(sandbox: &Sandbox) {
    let people = sandbox.run("history 203.0.113.7");
    assert!(
        people.out.starts_with("=== History, newest first ===\n20"),
        "{people:?}"
    );
    assert!(
        people
            .out
            .contains("blocked     203.0.113.7      syn_flood, severity 9\n")
    );
    let csv = sandbox.run("history 203.0.113.7 --csv");
    assert_eq!(csv.out.lines().count(), 7, "{csv:?}");
    assert!(csv.out.contains(",\"'=2+3\","), "{csv:?}");
    let types = sandbox.json("history --by type");
    let counts: Vec<(String, u64)> = types
        .as_array()
        .expect("a list")
        .iter()
        .map(|it| (text(&it["key"]), it["blocks"].as_u64().expect("a number")))
        .collect();
    for counted in [("syn_flood", 1), ("port_scan", 1), ("brute_force", 1)] {
        assert!(
            counts.contains(&(counted.0.to_owned(), counted.1)),
            "{counts:?}"
        );
    }
}

#[test]
fn a_node_starts_again_with_all_that_it_knew() {
    let (near, far) = (Sandbox::new(), Sandbox::new());
    let [near_daemon, far_daemon] = join(&near, &far);
    let near_id = text(&near.json("status")["node_id"]);
    for line in [
        "block 192.168.1.100 300 syn_flood 9 --local",
        "block 2001:db8::/48 1h --local",
        "publish 192.168.1.50 300 port_scan 8",
        "allow 192.168.9.0/24 --comment office",
    ] {
        assert_eq!(far.run(line).code, Some(0), "{line}");
    }
    assert_eq!(near.run("block 192.168.1.7 300 syn_flood 9").code, Some(0));
    until("the peer's alert blocks", || {
        (far.run("check 192.168.1.7").code == Some(0)).then_some(())
    });
    assert_eq!(
        far.run(&format!("trust set {near_id} 0.25 --fixed")).code,
        Some(0)
    );
    let known = || {
        let strip = |mut list: Value, field: &str| {
            for it in list.as_array_mut().expect("a list") {
                it.as_object_mut().expect("an object").remove(field);
            }
            list
        };
        let mut trust = far.json(&format!("trust {near_id}"));
        let trust = trust.as_object_mut().expect("an object");
        // What is of the moment, and what a goodbye adds.
        for passing in ["connected", "trend", "last_seen_at", "addresses"] {
            trust.remove(passing);
        }
        let peers = far.json("peers");
        let peer = &peers[0];
        (
            strip(far.json("list"), "ttl_secs"),
            strip(far.json("allow"), "ttl_secs"),
            Value::Object(trust.clone()),
            [&peer["peer"], &peer["class"], &peer["first_seen_at"]].map(Clone::clone),
            far.json("why 192.168.1.50")["evidence"][0]["outcome"].clone(),
        )
    };
    let before = known();
    let history = far.json("history 192.168.0.0/16");
    assert_eq!(before.0.as_array().map(Vec::len), Some(3), "{before:?}");
    // The other first, so that what this node knows then it knows by itself.
    near.stop(near_daemon);
    far.stop(far_daemon);
    let _daemon = far.start(&[]);
    assert_eq!(known(), before);
    assert_eq!(
        far.json("history 192.168.0.0/16"),
        history,
        "nothing is told twice"
    );
    assert_eq!(kinds(&far, "--limit 2"), ["started", "stopped"]);
}
