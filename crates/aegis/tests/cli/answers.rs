//! Answers of a running node: exit codes, and the documented keys in JSON.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    process::Stdio,
};

use serde_json::Value;

use crate::sandbox::{Sandbox, finish};

/// Lines in the order in which they are said, their exit codes, and how their answers begin.
const ANSWERS: &[(&str, i32, &str)] = &[
    ("status", 0, "Node       12D3KooW"),
    ("stats", 0, "Traffic        packets  bytes\n"),
    (
        "list",
        0,
        "=== Blocklisted IPs ===\nNo IPs are blocklisted.\n",
    ),
    (
        "check 192.168.1.100",
        1,
        "192.168.1.100 is not blocklisted\n",
    ),
    ("why 192.168.1.100", 0, "192.168.1.100 is not blocklisted\n"),
    (
        "unblock 192.168.1.100",
        0,
        "192.168.1.100 was not blocked\n",
    ),
    ("publish 192.168.1.7 60", 0, "Published 192.168.1.7 until "),
    ("check 192.168.1.7", 1, "192.168.1.7 is not blocklisted\n"),
    (
        "block 192.168.1.100 300 syn_flood 9",
        0,
        "Blocked 192.168.1.100 for 300s, published",
    ),
    (
        "block 2001:db8::/48 1d --local",
        0,
        "Blocked 2001:db8::/48 for 86400s, not published\n",
    ),
    ("check 192.168.1.100", 0, "192.168.1.100 is BLOCKLISTED\n"),
    (
        "check ::ffff:192.168.1.100",
        0,
        "192.168.1.100 is BLOCKLISTED\n",
    ),
    (
        "check 2001:db8::7",
        0,
        "2001:db8::7 is BLOCKLISTED\n  covered by 2001:db8::/48, ",
    ),
    (
        "unblock 2001:db8::7",
        1,
        "2001:db8::7 was not blocked by itself\n  still blocked by",
    ),
    ("list", 0, "=== Blocklisted IPs ===\n192.168.1.100 "),
    ("unblock 192.168.1.100", 0, "Unblocked 192.168.1.100\n"),
    (
        "allow",
        0,
        "=== Allowlisted IPs ===\nNo IPs are allowlisted.\n",
    ),
    (
        "allow 192.168.1.100 --for 90",
        0,
        "Allowed 192.168.1.100 for 1m 30s\n",
    ),
    ("allow", 0, "=== Allowlisted IPs ===\n192.168.1.100 "),
    (
        "allow 192.168.1.100 --remove",
        0,
        "192.168.1.100 is on the allowlist no more\n",
    ),
    (
        "allow 192.168.1.100 --remove",
        1,
        "192.168.1.100 is not on the allowlist\n",
    ),
    ("peers", 0, "=== Peers ===\nNo peers are known.\n"),
    ("ask 203.0.113.9", 0, ""),
    (TRUST, 1, ""),
    (TRUST_SET, 0, ""),
    (TRUST, 0, ""),
    (TRUST_FORGET, 0, ""),
    (TRUST_FORGET, 1, ""),
];

const TRUST: &str = "trust 12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN";
const TRUST_SET: &str =
    "trust set 12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN 0.29 --fixed";
const TRUST_FORGET: &str = "trust forget 12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN";

#[test]
fn every_command_ends_with_its_exit_code() {
    let sandbox = Sandbox::new();
    let _daemon = sandbox.start(&[]);
    for (line, code, starts) in ANSWERS {
        let answer = sandbox.run(line);
        assert_eq!(answer.code, Some(*code), "{line}: {answer:?}");
        assert!(answer.out.starts_with(starts), "{line}: {answer:?}");
        assert_eq!(answer.talk, "", "{line}");
    }
}

#[test]
fn where_no_daemon_answers_every_command_says_so() {
    let sandbox = Sandbox::new();
    for line in [
        "status",
        "stats",
        "list",
        "peers",
        "allow",
        "check 192.0.2.1",
        "why 192.0.2.1",
        "block 192.0.2.1 60",
        "publish 192.0.2.1 60",
        "unblock 192.0.2.1",
        "ask 192.0.2.1",
        TRUST,
        "console",
    ] {
        let answer = sandbox.run(line);
        assert_eq!(
            (answer.code, answer.out.as_str()),
            (Some(3), ""),
            "{line}: {answer:?}"
        );
        let says = format!("error: no node answers on {}", sandbox.socket().display());
        assert!(answer.talk.starts_with(&says), "{line}: {answer:?}");
    }
    let elsewhere = sandbox.run("status --instance other").talk;
    assert!(elsewhere.contains("/run/other.sock"), "{elsewhere}");
    let json = sandbox.run("status --json").talk;
    let json: Value = serde_json::from_str(&json).expect("a complaint in JSON");
    assert_eq!(json["code"], "unreachable");
}

#[test]
fn who_may_not_control_the_node_is_told_so() {
    const NOBODY: u32 = 65_534;
    let sandbox = Sandbox::new();
    let _daemon = sandbox.start(&["--no-p2p"]);
    let config = sandbox.path().join("aegis.toml");
    fs::set_permissions(config, fs::Permissions::from_mode(0o600)).expect("a file of ours");
    for (line, says) in [
        ("list", "error: not permitted"),
        ("console", "error: not permitted"),
        ("config check", "error: cannot read the configuration file "),
        ("run", "error: cannot read the configuration file "),
    ] {
        let mut command = sandbox.aegis();
        command.args(line.split(' ')).uid(NOBODY).gid(NOBODY);
        command
            .current_dir("/")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if let Err(error) = command.spawn().and_then(|mut it| it.wait()) {
            eprintln!("SKIPPED: the program cannot be run as another user: {error}");
            return;
        }
        let answer = finish(&mut command);
        assert_eq!(
            (answer.code, answer.out.as_str()),
            (Some(4), ""),
            "{line}: {answer:?}"
        );
        assert!(answer.talk.starts_with(says), "{line}: {answer:?}");
    }
}

#[test]
fn json_is_one_line_with_the_documented_keys() {
    let sandbox = Sandbox::new();
    let _daemon = sandbox.start(&[]);
    for (line, keys) in [
        ("status", STATUS),
        ("stats", STATS),
        (
            "block 192.168.1.100 300 syn_flood 9",
            "indicator expires_at ttl_secs alert_id",
        ),
        ("list", BLOCK),
        (
            "check 192.168.1.100",
            "indicator blocked covered_by expires_at ttl_secs",
        ),
        ("why 192.168.1.100", WHY),
        ("publish 192.168.1.7 60", "indicator alert_id expires_at"),
        (
            "unblock 192.168.1.100 --withdraw",
            "indicator was_blocked covered_by withdrawn",
        ),
        (
            "allow 192.168.1.100",
            "indicator added_at expires_at ttl_secs comment",
        ),
        ("allow", "indicator added_at expires_at ttl_secs comment"),
        ("allow 192.168.1.100 --remove", "indicator was_allowed"),
        ("peers", ""),
        ("ask 203.0.113.9", OPINION),
        (TRUST_SET, PEER_TRUST),
        (TRUST_FORGET, "peer was_known"),
    ] {
        let answer = sandbox.run(&format!("--json {line}"));
        assert_eq!(answer.code, Some(0), "{line}: {answer:?}");
        assert_eq!(answer.out.matches('\n').count(), 1, "{line}: {answer:?}");
        assert!(answer.out.ends_with('\n'), "{line}: {answer:?}");
        let json = serde_json::from_str(&answer.out).expect("JSON");
        assert_eq!(keys_of(&json), words(keys), "{line}");
    }
}

#[test]
fn a_refusal_in_json_has_a_code_and_a_message() {
    let sandbox = Sandbox::new();
    let _daemon = sandbox.start(&["--no-p2p"]);
    let answer = sandbox.run("--json block 127.0.0.1 60");
    assert_eq!(
        (answer.code, answer.out.as_str()),
        (Some(1), ""),
        "{answer:?}"
    );
    let json: Value = serde_json::from_str(&answer.talk).expect("JSON");
    assert_eq!(json["code"], "protected");
    assert!(
        json["message"]
            .as_str()
            .is_some_and(|it| it.contains("loopback")),
        "{json}"
    );
}

const STATUS: &str = "version node_id instance mode started_at uptime_secs interfaces ruleset \
                      peers listen alerts_live sync blocks_active auto_publish severity_min \
                      kernel_map_ids state_dir memory_bytes problems place logs";
const STATS: &str = "total passed dropped early_drops packets_by_reason detectors events_lost \
                     alerts net";
const BLOCK: &str = "indicator origin author alert_id threat_type severity evidence decided_at \
                     expires_at ttl_secs packets bytes violations";
const WHY: &str = "indicator blocked expires_at ttl_secs decisions reports exempt refusals evidence \
                   opinion kernel near past undo commands";
const OPINION: &str = "indicator score confidence probability stance independent_voices local asked \
                       answered waited_ms voices voices_total check_value hint";
const PEER_TRUST: &str = "peer model known class connected trust_percent right wrong influence \
                          budget misdeeds penalty_percent pretrust_percent fixed named open \
                          judged trend addresses first_seen_at last_seen_at";

/// Returns the keys of an answer, those of its first item where it is a list.
fn keys_of(json: &Value) -> BTreeSet<&str> {
    let item = json.as_array().map_or(Some(json), |items| items.first());
    let object = item.and_then(Value::as_object);
    object
        .into_iter()
        .flatten()
        .map(|(key, _)| key.as_str())
        .collect()
}

fn words(text: &str) -> BTreeSet<&str> {
    text.split_whitespace().collect()
}
