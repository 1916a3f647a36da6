//! Notifications through the real program: whether they arrive, and what a node tells by itself.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    sync::mpsc,
    thread,
    time::Duration,
};

use crate::sandbox::Sandbox;

/// How long a message may take.
const DEADLINE: Duration = Duration::from_secs(30);

#[test]
fn a_test_says_what_became_of_each_way() {
    let sandbox = Sandbox::new();
    let nobody = sandbox.run("notify test");
    assert_eq!(nobody.code, Some(1), "{nobody:?}");
    assert!(nobody.out.contains("none of notify.webhook"), "{nobody:?}");
    let (url, documents) = hook("HTTP/1.1 200 OK");
    let sendmail = sandbox.path().join("sendmail");
    let letter = sandbox.path().join("letter");
    fs::write(
        &sendmail,
        format!("#!/bin/sh\ncat > {}\n", letter.display()),
    )
    .expect("a script");
    fs::set_permissions(&sendmail, fs::Permissions::from_mode(0o700)).expect("it may be run");
    configure(
        &sandbox,
        &format!(
            "webhook = \"{url}\"\nmail_from = \"aegis\"\nmail_to = [\"root\"]\nsendmail = {sendmail:?}\n"
        ),
    );
    let tried = sandbox.json("notify test");
    let expected = serde_json::json!([
        {"way": "webhook", "sent": true, "said": "status 200"},
        {"way": "mail", "sent": true, "said": format!("taken by {}", sendmail.display())}
    ]);
    assert_eq!(tried, expected);
    let document = documents.recv_timeout(DEADLINE).expect("a document");
    assert_eq!(
        (&document["urgency"], &document["subject"]),
        (&"test".into(), &"test".into())
    );
    let letter = fs::read_to_string(letter).expect("a letter");
    assert!(
        letter.starts_with("From: aegis\nTo: root\nSubject: "),
        "{letter}"
    );
}

#[test]
fn a_test_that_fails_is_a_negative_answer_and_shows_no_secret() {
    let sandbox = Sandbox::new();
    let (url, _documents) = hook("HTTP/1.1 403 Forbidden");
    configure(
        &sandbox,
        &format!("webhook = \"{url}/secret\"\nmail_to = [\"root\"]\nsendmail = \"/nowhere\"\n"),
    );
    let tried = sandbox.run("notify test");
    assert_eq!(tried.code, Some(1), "{tried:?}");
    let mut lines = tried.out.lines();
    assert_eq!(
        lines.next(),
        Some("webhook: not sent: status 403"),
        "{tried:?}"
    );
    assert!(
        lines
            .next()
            .is_some_and(|it| it.starts_with("mail: not sent: /nowhere cannot be run"))
    );
    let shown = sandbox.run("config show");
    assert!(!shown.out.contains("/secret"), "{shown:?}");
    configure(&sandbox, "webhook = \"ftp://x\"\n");
    let wrong = sandbox.run("notify test");
    assert!(wrong.talk.contains("notify.webhook: must be"), "{wrong:?}");
}

#[test]
fn whoever_reports_an_allowed_address_is_told_of_at_once_and_once() {
    let sandbox = Sandbox::new();
    let (url, documents) = hook("HTTP/1.1 200 OK");
    configure(&sandbox, &format!("webhook = \"{url}\"\n"));
    let daemon = sandbox.start(&[]);
    assert_eq!(sandbox.run("allow 203.0.113.7").code, Some(0));
    for _ in 0..3 {
        assert_eq!(sandbox.run("report 203.0.113.7 brute_force").code, Some(1));
    }
    let document = documents.recv_timeout(DEADLINE).expect("a document");
    assert_eq!(document["subject"], "allowlist");
    assert_eq!(
        document["title"],
        "203.0.113.7 was reported, and must not be blocked"
    );
    assert_eq!(
        (&document["urgency"], &document["count"]),
        (&"urgent".into(), &1.into())
    );
    sandbox.stop(daemon);
    assert!(documents.try_recv().is_err(), "it was told once");
}

#[test]
fn what_could_not_be_told_before_a_restart_is_told_after_it_and_once() {
    let sandbox = Sandbox::new();
    let nobody = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = nobody.local_addr().expect("an address");
    drop(nobody);
    configure(&sandbox, &format!("webhook = \"http://{address}/\"\n"));
    let daemon = sandbox.start(&["--no-p2p"]);
    assert_eq!(sandbox.run("allow 203.0.113.7").code, Some(0));
    assert_eq!(sandbox.run("report 203.0.113.7 brute_force").code, Some(1));
    sandbox.stop(daemon);
    let listener = TcpListener::bind(address).expect("the port is free");
    let documents = take_documents(listener, "HTTP/1.1 200 OK");
    let daemon = sandbox.start(&["--no-p2p"]);
    let document = documents.recv_timeout(DEADLINE).expect("a document");
    assert_eq!(
        (&document["subject"], &document["count"]),
        (&"allowlist".into(), &1.into())
    );
    assert_eq!(sandbox.run("report 203.0.113.7 brute_force").code, Some(1));
    sandbox.stop(daemon);
    assert!(documents.try_recv().is_err(), "it was told once");
}

fn configure(sandbox: &Sandbox, notify: &str) {
    let text = format!("bpffs = \"/proc/none\"\n[notify]\n{notify}");
    fs::write(sandbox.path().join("aegis.toml"), text).expect("a file can be written");
}

/// Plays a server that gives the same answer to everybody; returns where it is and what it gets.
fn hook(status: &'static str) -> (String, mpsc::Receiver<serde_json::Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    (url, take_documents(listener, status))
}

fn take_documents(
    listener: TcpListener,
    status: &'static str,
) -> mpsc::Receiver<serde_json::Value> {
    let (documents_tx, documents_rx) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(stream) = stream else { return };
            let mut stream = BufReader::new(stream);
            let mut length = 0;
            let mut line = String::new();
            while stream.read_line(&mut line).is_ok_and(|it| it > 2) {
                if let Some(value) = line.strip_prefix("content-length: ") {
                    length = value.trim().parse().expect("a length");
                }
                line.clear();
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).expect("a body");
            let answer = format!("{status}\r\ncontent-length: 0\r\n\r\n");
            stream
                .get_mut()
                .write_all(answer.as_bytes())
                .expect("it is heard");
            let document = serde_json::from_slice(&body).expect("a document");
            if documents_tx.send(document).is_err() {
                return;
            }
        }
    });
    documents_rx
}
