//! Bad input: each names what is wrong and what would be right, before anything is asked of a node.

use crate::sandbox::Sandbox;

const IP: &str = "not an IPv4 or IPv6 address or prefix";
const DURATION: &str = "must be 1 second to 24 hours (86400 s)";
const UNIT: &str = "must be seconds, or like 90s, 15m, 2h or 1d";
const SEVERITY: &str = "must be 1 to 10";
const TYPE: &str = "threat type must be 1 to 64 characters of a-z, 0-9, '_', '.' and '-'";
const TEXT: &str = "must have at most 512 bytes and no control characters";

#[test]
fn bad_arguments_name_the_argument_and_its_limit() {
    for word in ["block", "publish"] {
        for (rest, field, limit) in [
            ("256.0.0.1 60", "<IP>", IP),
            ("192.0.2.1/33 60", "<IP>", IP),
            ("2001:db8::/129 60", "<IP>", IP),
            ("example.org 60", "<IP>", IP),
            ("192.0.2.1 0", "[DURATION]", DURATION),
            ("192.0.2.1 86401", "[DURATION]", DURATION),
            ("192.0.2.1 25h", "[DURATION]", DURATION),
            ("192.0.2.1 2d", "[DURATION]", DURATION),
            ("192.0.2.1 99999999999999999999s", "[DURATION]", UNIT),
            ("192.0.2.1 five", "[DURATION]", UNIT),
            ("192.0.2.1 1.5h", "[DURATION]", UNIT),
            ("192.0.2.1 60 SYN 5", "[TYPE]", TYPE),
            ("192.0.2.1 60 syn/flood 5", "[TYPE]", TYPE),
            ("192.0.2.1 60 syn_flood 0", "[SEVERITY]", SEVERITY),
            ("192.0.2.1 60 syn_flood 11", "[SEVERITY]", SEVERITY),
            ("192.0.2.1 60 syn_flood high", "[SEVERITY]", SEVERITY),
            (
                "192.0.2.1 60 --evidence maybe",
                "--evidence <KIND>",
                "spoofable, verified",
            ),
        ] {
            check(&format!("{word} {rest}"), field, limit);
        }
    }
    for word in ["check", "why", "unblock", "allow"] {
        check(&format!("{word} 256.0.0.1"), "IP", IP);
    }
    check(
        "allow 192.0.2.1 --for 0",
        "--for <DURATION>",
        "must be 1 second to 49710 days",
    );
    check(
        "allow 192.0.2.1 --for 50000d",
        "--for <DURATION>",
        "must be 1 second to 49710 days",
    );
    check(
        "allow --for 60",
        "<IP|NAME>",
        "required arguments were not provided",
    );
    check(
        "allow --remove",
        "<IP|NAME>",
        "required arguments were not provided",
    );
    check("block", "<IP>", "required arguments were not provided");
    check("frobnicate", "'frobnicate'", "unrecognized subcommand");
    check(
        "--instance ../x status",
        "--instance <NAME>",
        "1 to 32 characters of a-z",
    );
    check("completions tcsh", "<SHELL>", "bash");
}

#[test]
fn texts_for_others_are_bounded_and_without_control_characters() {
    let sandbox = Sandbox::new();
    let long = "x".repeat(513);
    for text in [long.as_str(), "a\u{1b}[2J", "two\nlines"] {
        for (words, flag) in [
            (
                ["block", "192.0.2.1", "60", "--description"].as_slice(),
                "--description <TEXT>",
            ),
            (
                ["allow", "192.0.2.1", "--comment"].as_slice(),
                "--comment <TEXT>",
            ),
        ] {
            let answer = crate::sandbox::finish(sandbox.aegis().args(words).arg(text));
            assert_eq!(answer.code, Some(2), "{text:?}: {answer:?}");
            assert!(
                answer.talk.contains(flag) && answer.talk.contains(TEXT),
                "{answer:?}"
            );
            assert!(!answer.talk.contains('\u{1b}'), "{answer:?}");
        }
    }
}

#[test]
fn bad_flags_of_a_node_name_the_key_and_its_limit() {
    for (flags, says) in [
        ("--min-severity 0", "min_severity: must be within 1…10"),
        ("--min-severity 11", "min_severity: must be within 1…10"),
        ("--min-severity x", "--min-severity"),
        ("--port 65536", "--port"),
        ("--mode fast", "auto, native, generic, tc"),
        ("--observe=maybe", "true, false"),
        (
            "--listen 127.0.0.1:9001",
            "p2p.listen: \"127.0.0.1:9001\": ",
        ),
        (
            "--peer /ip4/192.0.2.1/tcp/9001",
            "p2p.peers: \"/ip4/192.0.2.1/tcp/9001\": ",
        ),
        ("--bootstrap nonsense", "p2p.bootstrap: \"nonsense\": "),
        (
            "--interface averyveryverylongname",
            "interface: must be \"auto\" or 1 to 64",
        ),
        (
            "--log a=b=c",
            "log.filter: \"a=b=c\" is not error, warn, info",
        ),
        (
            "--config nowhere.toml",
            "cannot read the configuration file nowhere.toml: ",
        ),
    ] {
        for word in ["run", "config check", "config show"] {
            check(&format!("{word} {flags}"), says, "");
        }
    }
}

#[test]
fn a_bad_configuration_in_json_is_a_complaint_in_json() {
    let answer = Sandbox::new().run("--json config check --min-severity 11");
    assert_eq!(answer.code, Some(2), "{answer:?}");
    let json: serde_json::Value = serde_json::from_str(&answer.talk).expect("JSON");
    assert_eq!(json["code"], "config");
    assert_eq!(json["message"], "min_severity: must be within 1…10");
}

#[test]
fn help_and_version_are_success_on_standard_output() {
    let sandbox = Sandbox::new();
    for line in [
        "--help",
        "--version",
        "block --help",
        "help block",
        "config --help",
    ] {
        let answer = sandbox.run(line);
        assert_eq!((answer.code, answer.talk.as_str()), (Some(0), ""), "{line}");
        assert!(!answer.out.is_empty(), "{line}");
    }
    let nothing = sandbox.run("");
    assert_eq!(
        (nothing.code, nothing.out.as_str()),
        (Some(2), ""),
        "{nothing:?}"
    );
    assert!(nothing.talk.contains("Usage: aegis"), "{nothing:?}");
}

#[track_caller]
fn check(line: &str, field: &str, limit: &str) {
    let answer = Sandbox::new().run(line);
    assert_eq!(
        (answer.code, answer.out.as_str()),
        (Some(2), ""),
        "{line}: {answer:?}"
    );
    assert!(answer.talk.starts_with("error: "), "{line}: {answer:?}");
    assert!(answer.talk.contains(field), "{line}: {answer:?}");
    assert!(answer.talk.contains(limit), "{line}: {answer:?}");
}
