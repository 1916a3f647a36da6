//! `feed` through the real program: a list that turns empty is not believed, a key goes nowhere else.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    sync::{Arc, Mutex},
    thread,
};

use serde_json::Value;

use crate::{sandbox::Sandbox, wait::until};

const KEY: &str = "hunter2";

/// A publisher on loopback, until the test's process ends.
struct Publisher {
    url: String,
    list: Arc<Mutex<String>>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Publisher {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (list, asked) = (Arc::<Mutex<String>>::default(), Arc::default());
        let publisher = Self {
            url: format!("http://{address}/bad.txt?token=of-the-address"),
            list: Arc::clone(&list),
            asked: Arc::clone(&asked),
        };
        thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut head = String::new();
                let mut reader = BufReader::new(&stream);
                while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).unwrap_or(0) > 0 {}
                asked.lock().expect("no panic").push(head);
                let list = list.lock().expect("no panic").clone();
                let length = list.len();
                let head = format!(
                    "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
                );
                let _ = stream.write_all((head + &list).as_bytes()); // nobody's loss
            }
        });
        publisher
    }

    fn publish(&self, list: &str) {
        *self.list.lock().expect("no panic") = list.to_owned();
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("no panic").clone()
    }
}

/// Has what is kept of the only feed say that it was fetched long ago, and is due or not.
fn set_back(sandbox: &Sandbox, is_due: bool) {
    let path = sandbox.path().join("state/feeds.json");
    let mut kept: Value = serde_json::from_slice(&fs::read(&path).expect("kept")).expect("JSON");
    kept[0]["tried_ms"] = 1.into();
    if is_due {
        kept[0]["next_ms"] = 1.into();
    }
    fs::write(path, kept.to_string()).expect("written");
}

/// Waits until the only feed is as it should be.
#[track_caller]
fn until_feed(sandbox: &Sandbox, what: &str, is_so: impl Fn(&Value) -> bool) {
    until(what, || {
        let list = sandbox.json("feed list");
        let feed = list["feeds"].get(0)?;
        (feed["under_way"] == false && is_so(feed)).then_some(())
    });
}

#[test]
fn a_list_that_turns_empty_is_believed_when_the_operator_says_so() {
    let (sandbox, publisher) = (Sandbox::new(), Publisher::start());
    let daemon = sandbox.start(&["--no-p2p"]);
    publisher.publish("203.0.113.7\n203.0.113.8\n");
    let key_file = sandbox.path().join("key");
    fs::write(&key_file, KEY).expect("written");
    let add = format!("feed add mine --url {} --key-file key", publisher.url);
    let open = sandbox.run(&add);
    assert_eq!(open.code, Some(2), "others read the key: {open:?}");
    assert!(
        open.talk.contains("others must have none (0600)"),
        "{open:?}"
    );
    fs::set_permissions(&key_file, fs::Permissions::from_mode(0o600)).expect("set");
    let added = sandbox.run(&add);
    assert_eq!(added.code, Some(0), "{added:?}");
    until_feed(&sandbox, "two are blocked", |it| it["last"]["blocked"] == 2);
    assert_eq!(sandbox.run("check 203.0.113.7").code, Some(0));
    assert!(publisher.asked()[0].contains(&format!("authorization: {KEY}\r\n")));

    publisher.publish("# nothing any more\n");
    sandbox.stop(daemon);
    set_back(&sandbox, true);
    let daemon = sandbox.start(&["--no-p2p"]);
    until_feed(&sandbox, "the alarm", |it| it["alarms"][0] == "empty");
    assert_eq!(sandbox.run("check 203.0.113.7").code, Some(0), "it stands");
    for command in ["status", "doctor"] {
        let said = sandbox.run(command).out;
        assert!(said.contains("mine is empty"), "{command}: {said}");
        assert!(
            said.contains("aegis feed refresh mine --accept"),
            "{command}: {said}"
        );
    }
    let soon = sandbox.run("feed refresh mine --accept");
    assert_eq!(soon.code, Some(1), "{soon:?}");
    assert!(soon.talk.contains("was asked for a moment ago"), "{soon:?}");
    sandbox.stop(daemon);
    set_back(&sandbox, false);
    let daemon = sandbox.start(&["--no-p2p"]);
    let accepted = sandbox.run("feed refresh mine --accept");
    assert_eq!(accepted.code, Some(0), "{accepted:?}");
    until_feed(&sandbox, "nothing is blocked", |it| {
        it["last"]["blocked"] == 0
    });
    assert_eq!(sandbox.run("check 203.0.113.7").code, Some(1));
    let removed = sandbox.run("feed remove mine");
    assert_eq!(removed.code, Some(0), "{removed:?}");
    sandbox.stop(daemon);

    // Neither the key nor what follows the question mark is told anywhere.
    let log = fs::read_to_string(sandbox.path().join("log")).expect("a log");
    let shown = sandbox.run("feed list").out + &added.out + &log;
    for secret in [KEY, "of-the-address"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
