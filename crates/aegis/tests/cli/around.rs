//! `status` and `doctor` tell what the node reads and who asks it.

use std::{
    fs::{self, OpenOptions},
    io::{Read as _, Write as _},
    net::TcpStream,
};

use serde_json::Value;

use crate::{sandbox::Sandbox, wait::until};

const LINE: &str = "Nov 20 12:00:00 host sshd[1]: Connection closed by 203.0.113.7 port 22\n";

#[test]
fn the_logs_that_are_read_are_told_with_what_was_read_of_them() {
    let sandbox = Sandbox::new();
    let log = sandbox.path().join("auth.log");
    fs::write(&log, "").expect("set up");
    let path = log.display().to_string();
    configure(
        &sandbox,
        &format!("[logs]\njournal = []\nauth = [{path:?}]\naccess = []\n"),
    );
    let _daemon = sandbox.start(&["--no-p2p"]);
    let source = || sandbox.json("status")["logs"][0].clone();
    let before = until("the log is read", || {
        Some(source()).filter(|it| it["path"] == path.as_str())
    });
    assert_eq!(
        (&before["kind"], &before["lines"]),
        (&"auth".into(), &0.into())
    );
    assert_eq!(before["last_at"], Value::Null);
    let mut file = OpenOptions::new().append(true).open(&log).expect("set up");
    file.write_all(LINE.as_bytes()).expect("set up");
    until("the line is read", || {
        let source = source();
        (source["lines"] == 1 && source["last_at"].is_string()).then_some(())
    });
    let said = sandbox.run("status").out;
    assert!(
        said.contains("auth.log (auth): 1 line read, last at "),
        "{said}"
    );
    let checked = doctor(&sandbox, "log");
    assert_eq!(checked[0]["state"], "ok", "{checked:?}");
}

#[test]
fn doctor_says_whether_a_node_runs_and_drops() {
    let sandbox = Sandbox::new();
    let checked = doctor(&sandbox, "node");
    assert_eq!(checked[0]["state"], "note", "{checked:?}");
    assert!(
        checked[0]["fix"]
            .as_str()
            .is_some_and(|it| it.starts_with("aegis run"))
    );
    let unreached = sandbox.run("status");
    assert_eq!(unreached.code, Some(3), "{unreached:?}");
    assert!(unreached.talk.contains("`aegis run`"), "{unreached:?}");
    let _daemon = sandbox.start(&["--no-p2p"]);
    let checked = doctor(&sandbox, "node");
    assert_eq!(checked[0]["detail"], "default answers and observes");
    assert_eq!(checked[0]["fix"], "aegis enforce --confirm 2m");
}

#[test]
fn a_node_whose_logs_are_not_there_says_so() {
    let sandbox = Sandbox::new();
    configure(
        &sandbox,
        "[logs]\njournal = []\nauth = [\"/none\"]\naccess = []\n",
    );
    let _daemon = sandbox.start(&["--no-p2p"]);
    assert!(sandbox.run("status").out.contains("NONE READ"));
    let checked = doctor(&sandbox, "log");
    assert_eq!(checked[0]["state"], "warn", "{checked:?}");
    assert!(checked[0]["fix"].is_string(), "{checked:?}");
}

#[test]
fn a_bouncer_that_cuts_prefixes_is_told_once_it_has_polled() {
    let sandbox = Sandbox::new();
    let listen = "enabled = true\nlisten = \"127.0.0.1:0\"\n";
    configure(
        &sandbox,
        &format!("[lapi]\n{listen}[api]\n{listen}[logs]\nenabled = false\n"),
    );
    let _daemon = sandbox.start(&["--no-p2p"]);
    let status = sandbox.json("status");
    assert_eq!(status.get("logs"), None, "none are asked for");
    let url = status["lapi"]["url"].as_str().expect("it is served");
    let states = |name| -> Vec<Value> {
        let checked = doctor(&sandbox, name);
        checked.into_iter().map(|it| it["state"].clone()).collect()
    };
    assert_eq!(
        (states("api"), states("lapi").len()),
        (vec!["ok".into()], 1)
    );
    let key = sandbox.json("key create edge --for bouncer");
    let secret = key["secret"].as_str().expect("a secret");
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).expect("it listens");
    let request = format!(
        "GET /v1/decisions/stream?startup=true HTTP/1.1\r\nHost: node\r\nConnection: close\r\n\
         X-Api-Key: {secret}\r\nUser-Agent: crowdsec-firewall-bouncer/v0.0.25\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).expect("it is read");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it is answered");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let bouncer = sandbox.json("status")["lapi"]["bouncers"][0].clone();
    assert_eq!(
        (&bouncer["name"], &bouncer["cuts_prefixes"]),
        (&"edge".into(), &true.into())
    );
    assert_eq!(states("lapi"), ["ok", "warn"]);
}

/// Returns what `doctor` says under a name; whatever else it says of the host.
fn doctor(sandbox: &Sandbox, name: &str) -> Vec<Value> {
    let answer = sandbox.run("doctor --json");
    let checks: Vec<Value> = serde_json::from_str(&answer.out).expect("an answer in JSON");
    checks.into_iter().filter(|it| it["name"] == name).collect()
}

fn configure(sandbox: &Sandbox, more: &str) {
    let path = sandbox.path().join("aegis.toml");
    let config = fs::read_to_string(&path).expect("set up");
    fs::write(path, config + more).expect("set up");
}
