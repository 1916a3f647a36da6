//! Reloading: what can change does, the rest is told and left, and a wrong file changes nothing.

use std::fs::{self, File};

use serde_json::Value;

use crate::{daemon::Running, sandbox::Sandbox, wait::until};

fn write(sandbox: &Sandbox, text: &str) {
    let text = format!("bpffs = \"/proc/none\"\npage.enabled = false\n{text}");
    // As editors do: whoever reads meanwhile finds the old file or the new one.
    let unfinished = sandbox.path().join("unfinished");
    fs::write(&unfinished, text).expect("a file can be written");
    fs::rename(unfinished, sandbox.path().join("aegis.toml")).expect("a file can be renamed");
}

fn severity(sandbox: &Sandbox) -> Value {
    sandbox.json("status")["severity_min"].take()
}

#[test]
fn a_reload_takes_what_can_change_and_says_what_waits() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&[]);
    let answer = sandbox.run("config reload");
    assert_eq!(
        (answer.code, answer.out.as_str()),
        (Some(0), "Nothing has changed\n")
    );
    let block = sandbox.run("block 192.0.2.7 1h --local");
    assert_eq!(block.code, Some(0), "{block:?}");
    write(
        &sandbox,
        "min_severity = 7\n[limits]\nblocks_max = 9\n[detect.syn_flood]\nthreshold = 9\n",
    );
    let answer = sandbox.run("config reload");
    let says = "Changed: detect.syn_flood.threshold, min_severity\n\
                Left as it was until the next start: limits.blocks_max\n";
    assert_eq!(
        (answer.code, answer.out.as_str()),
        (Some(0), says),
        "{answer:?}"
    );
    assert_eq!(severity(&sandbox), 7);
    assert_eq!(
        sandbox.run("check 192.0.2.7").code,
        Some(0),
        "the block stands"
    );
    let again = sandbox.json("config reload");
    assert_eq!(
        again["applied"].as_array().map(Vec::len),
        Some(0),
        "{again}"
    );
    assert_eq!(again["needs_restart"][0], "limits.blocks_max");
    sandbox.stop(daemon);
}

#[test]
fn a_hangup_reloads_and_a_wrong_file_leaves_the_old() {
    let sandbox = Sandbox::new();
    let mut daemon = sandbox.start(&[]);
    write(&sandbox, "min_severity = 8\n");
    daemon.signal("HUP");
    until("the new value holds", || {
        (severity(&sandbox) == 8).then_some(())
    });
    write(&sandbox, "min_severity = 80\n");
    let answer = sandbox.run("config reload");
    assert_eq!(answer.code, Some(2), "{answer:?}");
    assert!(answer.talk.contains("min_severity"), "{answer:?}");
    daemon.signal("HUP");
    write(&sandbox, "min_severty = 3\n");
    let answer = sandbox.run("config reload");
    assert_eq!(answer.code, Some(2), "{answer:?}");
    assert!(answer.talk.contains("min_severty"), "{answer:?}");
    assert_eq!(severity(&sandbox), 8);
    assert!(
        daemon.0.try_wait().expect("a child of ours").is_none(),
        "it goes on"
    );
    sandbox.stop(daemon);
}

#[test]
fn a_changed_filter_changes_the_log() {
    let sandbox = Sandbox::new();
    write(&sandbox, "[log]\nfilter = \"warn\"\n");
    let log = sandbox.path().join("log");
    let mut command = sandbox.aegis();
    command.args(["run", "--observe", "--no-p2p"]);
    command.stderr(File::create(&log).expect("a file can be made"));
    let daemon = Running(command.spawn().expect("the program starts"));
    let answers = || (sandbox.run("status").code == Some(0)).then_some(());
    until("the daemon answers", answers);
    let is_told = || fs::read_to_string(&log).is_ok_and(|it| it.contains("Configuration reloaded"));
    write(&sandbox, "min_severity = 8\n[log]\nfilter = \"warn\"\n");
    assert_eq!(sandbox.run("config reload").code, Some(0));
    assert!(!is_told());
    write(&sandbox, "min_severity = 8\n[log]\nfilter = \"info\"\n");
    assert_eq!(sandbox.run("config reload").out, "Changed: log.filter\n");
    assert!(is_told());
    sandbox.stop(daemon);
}

#[test]
fn no_daemon_is_told() {
    let answer = Sandbox::new().run("config reload");
    assert_eq!(answer.code, Some(3), "{answer:?}");
}

#[test]
fn diff_shows_what_is_not_the_default() {
    let sandbox = Sandbox::new();
    write(&sandbox, "min_severity = 6\n[p2p]\nport = 9002\n");
    let answer = sandbox.run("config diff");
    let says = "bpffs = \"/proc/none\"  # unset by default\n\
                min_severity = 6  # 5 by default\np2p.port = 9002  # 9001 by default\n";
    assert!(
        answer.out.contains("min_severity = 6  # 5 by default\n"),
        "{answer:?}"
    );
    assert!(says.lines().all(|it| answer.out.contains(it)), "{answer:?}");
    let json = sandbox.json("config diff");
    let of = |key: &str| json.as_array()?.iter().find(|it| it["key"] == key).cloned();
    assert_eq!(of("p2p.port").expect("it differs")["value"], "9002");
}
