//! A daemon's life: start, stop, and start again as what it was.

use crate::{
    daemon::Running,
    sandbox::{Sandbox, finish},
    wait::until,
};

#[test]
fn signals_end_it_cleanly() {
    for signal in ["INT", "TERM"] {
        let sandbox = Sandbox::new();
        let mut daemon = sandbox.start(&[]);
        assert!(sandbox.socket().exists());
        daemon.signal(signal);
        assert_eq!(daemon.ended().code(), Some(0), "SIG{signal}");
        assert!(!sandbox.socket().exists(), "SIG{signal} leaves the socket");
        assert_eq!(sandbox.run("status").code, Some(3));
    }
}

#[test]
fn two_daemons_do_not_share_a_socket_or_a_state() {
    let sandbox = Sandbox::new();
    let _daemon = sandbox.start(&[]);
    let node = || sandbox.node(env!("CARGO_BIN_EXE_aegis"), &["run"]);
    let socket = finish(node().args(["--state-dir", "elsewhere"]));
    let says = format!(
        "error: another node already answers on {}\n",
        sandbox.socket().display()
    );
    assert_eq!((socket.code, socket.talk), (Some(1), says));
    let state = finish(node().args(["--runtime-dir", "elsewhere"]));
    assert_eq!(state.code, Some(1), "{state:?}");
    assert!(
        state.talk.contains("is in use by another node"),
        "{state:?}"
    );
    assert_eq!(sandbox.run("status").code, Some(0), "the first goes on");
}

#[test]
fn a_port_that_is_taken_is_told_with_how_to_take_another() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port();
    let listen = format!("/ip4/127.0.0.1/tcp/{port}");
    let line = format!("run --observe --no-mdns --listen {listen}");
    let answer = Sandbox::new().run(&line);
    assert_eq!(answer.code, Some(1), "{answer:?}");
    for part in ["--port", &format!("cannot listen on {listen}")] {
        assert!(answer.talk.contains(part), "{part}: {answer:?}");
    }
}

#[test]
fn a_daemon_answers_on_the_socket_it_is_told() {
    let sandbox = Sandbox::new();
    let mut node = sandbox.node(env!("CARGO_BIN_EXE_aegis"), &["run", "--no-p2p"]);
    let daemon = node.args(["--socket", "other.sock"]).spawn();
    let _daemon = Running(daemon.expect("the program starts"));
    until("it answers there", || {
        let status = sandbox.run("status --socket other.sock");
        (status.code == Some(0)).then_some(())
    });
    assert_eq!(sandbox.run("status").code, Some(3), "and nowhere else");
}

#[test]
fn a_socket_that_a_dead_daemon_left_is_taken_over() {
    let sandbox = Sandbox::new();
    let mut daemon = sandbox.start(&["--no-p2p"]);
    daemon.signal("KILL");
    daemon.ended();
    assert!(sandbox.socket().exists(), "nobody cleaned up");
    let _daemon = sandbox.start(&["--no-p2p"]);
}

#[test]
fn a_restarted_node_is_what_it_was() {
    for ends_by in ["TERM", "KILL"] {
        let sandbox = Sandbox::new();
        let mut daemon = sandbox.start(&["--no-p2p"]);
        let id = sandbox.json("status")["node_id"].clone();
        for line in [
            "block 192.168.1.100 300 syn_flood 9",
            "block 2001:db8::/48 1h",
            "block 192.168.1.101 300",
            "unblock 192.168.1.101",
            "allow 192.168.9.0/24 --comment office",
        ] {
            assert_eq!(sandbox.run(line).code, Some(0), "{line}");
        }
        let lists = || {
            let expiries = |line| {
                let list = sandbox.json(line);
                let entries = list.as_array().cloned().unwrap_or_default();
                let entry =
                    |it: &serde_json::Value| (it["indicator"].clone(), it["expires_at"].clone());
                entries.iter().map(entry).collect::<Vec<_>>()
            };
            (expiries("list"), expiries("allow"))
        };
        let before = lists();
        assert_eq!((before.0.len(), before.1.len()), (2, 1));
        daemon.signal(ends_by);
        daemon.ended();
        let _daemon = sandbox.start(&["--no-p2p"]);
        assert_eq!(sandbox.json("status")["node_id"], id, "{ends_by}");
        assert_eq!(lists(), before, "{ends_by}");
        // The unblock holds on: that is what `why` says of it.
        let why = sandbox.json("why 192.168.1.101");
        assert_eq!(why["exempt"]["kind"], "unblocked", "{ends_by}: {why}");
    }
}

#[test]
fn cleared_on_exit_means_no_block_at_the_next_start() {
    let sandbox = Sandbox::new();
    let daemon = sandbox.start(&["--no-p2p", "--clear-on-exit"]);
    assert_eq!(sandbox.run("block 192.168.1.100 300").code, Some(0));
    sandbox.stop(daemon);
    let _daemon = sandbox.start(&["--no-p2p"]);
    assert_eq!(sandbox.run("check 192.168.1.100").code, Some(1));
}

#[test]
fn a_block_ends_by_itself() {
    let sandbox = Sandbox::new();
    let _daemon = sandbox.start(&["--no-p2p"]);
    assert_eq!(sandbox.run("block 192.168.1.100 1").code, Some(0));
    until("the block ends", || {
        (sandbox.run("check 192.168.1.100").code == Some(1)).then_some(())
    });
    assert_eq!(sandbox.json("list"), serde_json::json!([]));
}
