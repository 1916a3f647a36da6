//! What a node blocks is in Redis for others to read.

use std::{
    fs::OpenOptions,
    io::Write as _,
    process::{Child, Command, Stdio},
};

use crate::{
    sandbox::{Answer, Sandbox, finish},
    wait::until,
};

const KEY: &str = "fw:default:blocklist";

/// A server in the sandbox, killed with this value; `None` where this host has none.
struct Server(Child);

impl Server {
    fn start(sandbox: &Sandbox) -> Option<Self> {
        let socket = sandbox.path().join("redis.sock");
        let mut command = Command::new("redis-server");
        command
            .args(["--port", "0", "--save", "", "--dir"])
            .arg(sandbox.path())
            .arg("--unixsocket")
            .arg(&socket)
            .stdout(Stdio::null());
        let Ok(child) = command.spawn() else {
            let why = "there is no redis-server";
            let is_required = std::env::var_os("AEGIS_REQUIRE_KERNEL").is_some_and(|it| it == "1");
            assert!(!is_required, "{why}");
            eprintln!("SKIPPED: {why}");
            return None;
        };
        let server = Self(child);
        until("the server answers", || {
            (redis(sandbox, "PING").out == "PONG\n").then_some(())
        });
        Some(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only where it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Asks the server as another program does.
fn redis(sandbox: &Sandbox, words: &str) -> Answer {
    let mut command = Command::new("redis-cli");
    let command = command.arg("-s").arg(sandbox.path().join("redis.sock"));
    finish(command.args(words.split_whitespace()))
}

fn shows(sandbox: &Sandbox, expected: &[&str]) {
    until("others read what is blocked", || {
        let answer = redis(sandbox, &format!("ZRANGE {KEY} 0 -1"));
        let mut shown: Vec<&str> = answer.out.lines().filter(|it| !it.is_empty()).collect();
        shown.sort_unstable();
        (shown == expected).then_some(())
    });
}

/// Returns what a person is told of the mirror.
fn told(sandbox: &Sandbox) -> String {
    let status = sandbox.run("status").out;
    let line = status.lines().find_map(|it| it.strip_prefix("Mirror"));
    line.unwrap_or_default().trim().to_owned()
}

#[test]
fn what_is_blocked_can_be_read_in_redis_until_the_node_is_told_to_clear() {
    let sandbox = Sandbox::new();
    let Some(_server) = Server::start(&sandbox) else {
        return;
    };
    let socket = sandbox.path().join("redis.sock");
    let mirror = format!(
        "[mirror]\nredis = \"redis+unix://{}\"\nkey_prefix = \"fw\"\n",
        socket.display()
    );
    let config = OpenOptions::new()
        .append(true)
        .open(sandbox.path().join("aegis.toml"));
    let written = config.and_then(|mut it| it.write_all(mirror.as_bytes()));
    written.expect("a file can be written");
    let daemon = sandbox.start(&["--no-p2p"]);
    for line in [
        "block 203.0.113.7 300",
        "block 2001:db8::/48 1h",
        "block 203.0.113.8 300",
    ] {
        assert_eq!(sandbox.run(line).code, Some(0), "{line}");
    }
    shows(&sandbox, &["2001:db8::/48", "203.0.113.7", "203.0.113.8"]);
    let score: f64 = redis(&sandbox, &format!("ZSCORE {KEY} 203.0.113.7"))
        .out
        .trim()
        .parse()
        .expect("a number");
    let list = sandbox.json("list");
    let blocks = list.as_array().expect("a list").iter();
    let mut ends = blocks.filter(|it| it["indicator"] == "203.0.113.7");
    let end = ends.next().expect("it is blocked")["expires_at"].clone();
    let seconds = |text: &str| text.parse::<aegis_api::Moment>().expect("a time");
    let aegis_api::Moment::At(end) = seconds(end.as_str().expect("a text")) else {
        panic!("no time");
    };
    assert_eq!((score * 1000.0).round() as u64, end.as_millis());
    assert_eq!(sandbox.run("unblock 203.0.113.8").code, Some(0));
    shows(&sandbox, &["2001:db8::/48", "203.0.113.7"]);
    let status = sandbox.json("status");
    assert_eq!(status["mirror"]["current"], true, "{status}");
    assert!(told(&sandbox).starts_with("current, "));
    sandbox.stop(daemon);
    shows(&sandbox, &["2001:db8::/48", "203.0.113.7"]);
    let daemon = sandbox.start(&["--no-p2p", "--clear-on-exit"]);
    shows(&sandbox, &["2001:db8::/48", "203.0.113.7"]);
    sandbox.stop(daemon);
    shows(&sandbox, &[]);
}

#[test]
fn a_server_that_is_not_there_holds_nothing_up_and_is_told() {
    let sandbox = Sandbox::new();
    let config = OpenOptions::new()
        .append(true)
        .open(sandbox.path().join("aegis.toml"));
    let mirror = b"[mirror]\nredis = \"redis://user:secret@127.0.0.1:1\"\n";
    let written = config.and_then(|mut it| it.write_all(mirror));
    written.expect("a file can be written");
    let daemon = sandbox.start(&["--no-p2p"]);
    assert_eq!(sandbox.run("block 203.0.113.7 300").code, Some(0));
    until("it is told", || {
        told(&sandbox)
            .starts_with("NOT CURRENT: Redis")
            .then_some(())
    });
    assert!(!sandbox.run("config show").out.contains("secret"));
    sandbox.stop(daemon);
}
