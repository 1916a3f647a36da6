//! The sessions: a node in the foreground, two of them, and a console beside a daemon.

use std::os::unix::fs::FileTypeExt as _;

use serde_json::Value;

use crate::{golden, normal::normal, sandbox::Sandbox, session::Session, wait::until};

/// Everything a person may say, and some things that nobody should.
const LINES: &str = r#"# a comment says nothing

status
list
block 192.168.1.100 300 syn_flood 9
list
check 192.168.1.100
check 192.168.1.101
check 192.168.1.101 --json
why 192.168.1.100
publish 192.168.1.7 60 port_scan 8
check 192.168.1.7
block 192.168.1.8 120 brute_force 7 --local --description "a \"quoted\" 'text' of <b>many</b> \\ $(words) `and` more; # all of it"
why 192.168.1.8
block 192.168.1.9 600 --description "turned <turn>round"
why 192.168.1.9
block 127.0.0.1 60
block 0.0.0.0/0 60
block 256.0.0.1 60
block 192.168.1.9 0
block 192.168.1.9 86401
block 192.168.1.9 600 syn_flood 0
block 192.168.1.9 600 syn_flood 11
block 192.168.1.9
block 192.168.1.9 600 --description "no end
allow 192.168.2.0/24 --comment office
block 192.168.2.9 60
allow
unblock 192.168.1.100
unblock 192.168.1.100 --withdraw
check 192.168.1.100
block 203.0.113.0/24 600 --local
unblock 203.0.113.7
peers
stats
frobnicate
help
help unblock
quit
list
"#;

#[test]
fn a_piped_session_of_a_node_in_the_foreground() {
    let sandbox = Sandbox::new();
    let mut session = Session::start(&sandbox, "said", &mut foreground(&sandbox, "alone"));
    session.hear("Listening on /ip4/127.0.0.1/tcp/");
    session.say(&LINES.replace("<turn>", "\u{202e}"));
    let heard = session.end();
    assert!(
        !heard.contains('\u{202e}') && !heard.contains('\u{1b}'),
        "{heard:?}"
    );
    golden::check("foreground", &normal(&heard, &sandbox.place()));
}

#[test]
fn a_piped_console_beside_a_daemon() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&[]);
    let mut command = sandbox.aegis();
    let mut session = Session::start(&sandbox, "said", command.arg("console"));
    session.say(
        "block 192.168.1.100 300 syn_flood 9\nlist\ncheck 192.168.1.100\nunblock 192.168.1.100\n\
         check 192.168.1.100\nblock 127.0.0.1 60\nnonsense\nlist --json\nexit\n",
    );
    golden::check("console", &normal(&session.end(), &sandbox.place()));
    assert_eq!(sandbox.run("status").code, Some(0), "the daemon goes on");
    sandbox.stop(daemon);
}

#[test]
fn a_console_in_json_says_nothing_else() {
    let sandbox = Sandbox::new();
    let _daemon = sandbox.start(&["--no-p2p"]);
    let mut command = sandbox.aegis();
    let command = command.args(["console", "--json"]);
    let mut session = Session::start(&sandbox, "said", command);
    session.say("block 192.168.1.100 300\nlist\nblock 127.0.0.1 60\nblock\nnonsense\nquit\n");
    let heard = session.end();
    let lines: Vec<Value> = heard
        .lines()
        .map(|it| serde_json::from_str(it).expect("JSON"))
        .collect();
    let said =
        |key: &str| -> Vec<&str> { lines.iter().filter_map(|it| it[key].as_str()).collect() };
    assert_eq!(said("event"), ["blocked", "published"], "{heard}");
    assert_eq!(said("code"), ["protected", "usage", "usage"], "{heard}");
    assert_eq!(lines.len(), 7, "{heard}");
}

#[test]
fn a_console_whose_daemon_stops_says_so_and_ends() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&["--no-p2p"]);
    let mut command = sandbox.aegis();
    let mut session = Session::start(&sandbox, "said", command.arg("console"));
    session.say("list\n");
    session.hear("No IPs are blocklisted.");
    sandbox.stop(daemon);
    let ended = session.program.ended();
    assert_eq!(ended.code(), Some(3), "{}", session.heard());
    session.hear("Service is stopping\nThe node has stopped\n");
}

#[test]
fn two_nodes_in_the_foreground_of_one_host() {
    let sandbox = Sandbox::new();
    let mut near = Session::start(&sandbox, "near", &mut foreground(&sandbox, "near"));
    let mut far = Session::start(&sandbox, "far", &mut foreground(&sandbox, "far"));
    for session in [&near, &far] {
        session.hear("Service is running!\n");
        session.hear("Discovered peer via this host: 12D3KooW");
        session.hear("Peer connected: 12D3KooW");
    }
    let status = |name| sandbox.json(&format!("status --instance {name}"));
    for key in ["node_id", "state_dir", "listen"] {
        assert_ne!(status("near")[key], status("far")[key], "{key}");
    }
    near.say("block 192.168.1.100 300 syn_flood 9\n");
    near.hear("Blocklisted 192.168.1.100 for 300s\n");
    far.hear("Received threat intel: 192.168.1.100 (type: syn_flood, severity: 9)\n");
    far.hear("\nBlocklisted 192.168.1.100 for ");
    // It ends when its author said, so a second that passes on the way is missing here.
    let blocks = [300, 299].map(|secs| format!("Blocklisted 192.168.1.100 for {secs}s\n"));
    let heard = far.heard();
    assert!(blocks.iter().any(|it| heard.contains(it)), "{heard}");
    far.say("list\ncheck 192.168.1.100\ncheck 192.168.1.101\n");
    far.hear("=== Blocklisted IPs ===\n192.168.1.100 ");
    far.hear("192.168.1.100 is BLOCKLISTED\n");
    far.hear("192.168.1.101 is not blocklisted\n");
    near.say("unblock 192.168.1.100 --withdraw\n");
    near.hear("Unblocked 192.168.1.100, 1 own alert taken back\n");
    far.hear("Removed from blocklist: 192.168.1.100 (withdrawn by its author)\n");
    near.say("quit\n");
    near.end();
    far.hear("Peer left: 12D3KooW");
    far.say("exit\n");
    far.end();
}

#[test]
fn the_end_of_the_input_is_the_end_of_the_node() {
    let sandbox = Sandbox::new();
    let mut session = Session::start(&sandbox, "said", &mut foreground(&sandbox, "alone"));
    session.say("block 192.168.1.100 300 syn_flood 9\nlist");
    session.hang_up();
    let heard = session.end();
    assert!(
        heard.contains("=== Blocklisted IPs ===\n192.168.1.100 "),
        "{heard}"
    );
    assert!(!sandbox.path().join("run/alone.sock").exists());
}

#[test]
fn a_signal_ends_the_node_while_its_input_is_open() {
    for signal in ["INT", "TERM"] {
        let sandbox = Sandbox::new();
        let mut session = Session::start(&sandbox, "said", &mut foreground(&sandbox, "alone"));
        session.hear("Service is running!\n");
        let socket = sandbox.path().join("run/alone.sock");
        assert!(socket.metadata().is_ok_and(|it| it.file_type().is_socket()));
        session.program.signal(signal);
        session.end();
        assert!(!socket.exists(), "SIG{signal} leaves the socket");
    }
}

#[test]
fn a_node_that_nobody_talks_to_runs_on() {
    let sandbox = Sandbox::new();
    let mut command = foreground(&sandbox, "default");
    let node = command.stdout(std::process::Stdio::null());
    let mut node = crate::daemon::Running(node.spawn().expect("the program starts"));
    until("the node answers", || {
        (sandbox.run("status").code == Some(0)).then_some(())
    });
    node.signal("TERM");
    assert_eq!(node.ended().code(), Some(0));
    let gone = sandbox.run("status");
    let says = format!("error: no node answers on {}", sandbox.socket().display());
    assert!(
        gone.code == Some(3) && gone.talk.starts_with(&says),
        "{gone:?}"
    );
}

/// Returns `aegis-threat-intel` with a name and a state of its own.
fn foreground(sandbox: &Sandbox, name: &str) -> std::process::Command {
    let program = env!("CARGO_BIN_EXE_aegis-threat-intel");
    let mut command = sandbox.node(program, &["lo", "0", "--instance", name]);
    command.env("AEGIS_STATE_DIR", sandbox.path().join("state").join(name));
    command
}

impl Sandbox {
    /// Returns the directory as reports write it.
    fn place(&self) -> String {
        self.path().display().to_string()
    }
}
