//! Configuration: flags win over the environment, that over the file, that over the defaults.

use std::{fs, process::Command};

use serde_json::Value;

use crate::sandbox::{Sandbox, finish};

#[test]
fn flags_win_over_the_environment_and_that_over_the_file() {
    let sandbox = Sandbox::new();
    let set = |text: &str| fs::write(sandbox.path().join("aegis.toml"), text).unwrap();
    check(&sandbox, &[], &[], "/min_severity", 5);
    set("min_severity = 3\nobserve = true\n[p2p]\nport = 9100\n");
    check(&sandbox, &[], &[], "/min_severity", 3);
    let env = [("AEGIS_MIN_SEVERITY", "4"), ("AEGIS_OBSERVE", "false")];
    check(&sandbox, &env, &[], "/min_severity", 4);
    check(&sandbox, &env, &[], "/observe", false);
    check(&sandbox, &env, &["--min-severity", "6"], "/min_severity", 6);
    check(&sandbox, &env, &["--observe"], "/observe", true);
    check(&sandbox, &[], &["--observe=false"], "/observe", false);
    check(&sandbox, &[], &[], "/p2p/port", 9100);
    check(&sandbox, &[("AEGIS_PORT", "9200")], &[], "/p2p/port", 9200);
    check(&sandbox, &[], &["--no-mdns"], "/p2p/mdns", false);
    check(
        &sandbox,
        &[("AEGIS_INSTANCE", "edge")],
        &[],
        "/instance",
        "edge",
    );
    check(
        &sandbox,
        &[("AEGIS_INTERFACE", "a,b")],
        &[],
        "/interface/1",
        "b",
    );
}

#[test]
fn unknown_keys_are_named() {
    let sandbox = Sandbox::new();
    for (text, says) in [
        ("min_severty = 3\n", "unknown field `min_severty`"),
        ("[p2p]\nprot = 1\n", "unknown field `prot`"),
        (
            "[detect.syn_flood]\nwindows = '1s'\n",
            "unknown field `windows`",
        ),
        ("[nonsense]\n", "unknown field `nonsense`"),
        ("min_severity = 'high'\n", "expected u8"),
        ("min_severity = \n", "aegis.toml"),
    ] {
        fs::write(sandbox.path().join("aegis.toml"), text).unwrap();
        for line in ["config check", "config show", "run"] {
            let answer = sandbox.run(line);
            assert_eq!(answer.code, Some(2), "{line} {text}: {answer:?}");
            assert!(answer.talk.contains(says), "{line} {text}: {answer:?}");
            assert!(
                answer.talk.contains("aegis.toml"),
                "{line} {text}: {answer:?}"
            );
        }
    }
}

#[test]
fn the_default_file_is_right_and_changes_nothing() {
    let sandbox = Sandbox::new();
    let file = sandbox.path().join("default.toml");
    fs::write(&file, sandbox.run("config default").out).unwrap();
    let checked = sandbox.run("config check --config default.toml");
    let says = "The configuration is right\n";
    assert_eq!(
        (checked.code, checked.out.as_str()),
        (Some(0), says),
        "{checked:?}"
    );
    assert_eq!(
        sandbox.json("config check"),
        serde_json::json!({ "ok": true })
    );
    fs::write(sandbox.path().join("empty.toml"), "").unwrap();
    let shown = sandbox.json("config show --config default.toml");
    assert_eq!(shown, sandbox.json("config show --config empty.toml"));
    let mut defaults = sandbox.json("config default");
    for key in ["state_dir", "runtime_dir"] {
        defaults[key] = shown[key].clone(); // this sandbox says them in variables
    }
    assert_eq!(shown, defaults);
}

#[test]
fn what_is_shown_can_be_read_back() {
    let sandbox = Sandbox::new();
    let flags = "--min-severity 8 --interface eth0,eth1 --no-p2p --log debug";
    let shown = sandbox.run(&format!("config show {flags}")).out;
    fs::write(sandbox.path().join("shown.toml"), &shown).unwrap();
    assert_eq!(sandbox.run("config show --config shown.toml").out, shown);
    assert!(shown.contains("min_severity = 8\n"), "{shown}");
}

#[track_caller]
fn check(
    sandbox: &Sandbox,
    env: &[(&str, &str)],
    flags: &[&str],
    key: &str,
    expected: impl Into<Value>,
) {
    let mut command: Command = sandbox.aegis();
    command.args(["config", "show", "--json"]).args(flags);
    let answer = finish(command.envs(env.iter().copied()));
    assert_eq!(answer.code, Some(0), "{answer:?}");
    let json: Value = serde_json::from_str(&answer.out).expect("JSON");
    assert_eq!(
        json.pointer(key),
        Some(&expected.into()),
        "{env:?} {flags:?}"
    );
}
