//! The HTTP API over TCP of the real program: off by default, for keys alone, told by `status`, and what
//! a key does is told as the key's.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
};

use serde_json::{Value, json};

use crate::sandbox::Sandbox;

#[test]
fn nothing_listens_unless_it_is_asked_for() {
    let sandbox = Sandbox::new();
    let _daemon = sandbox.start(&[]);
    assert_eq!(sandbox.json("status").get("api"), None);
}

#[test]
fn a_key_does_over_tcp_what_its_scope_says_and_the_audit_log_names_it() {
    let sandbox = Sandbox::new();
    configure(
        &sandbox,
        "[api]\nenabled = true\nlisten = \"127.0.0.1:0\"\n",
    );
    let daemon = sandbox.start(&[]);
    let url = sandbox.json("status")["api"]
        .as_str()
        .expect("it is served")
        .to_owned();
    let secret = |name: &str, scope: &str| {
        let created = sandbox.json(&format!("key create {name} --scope {scope}"));
        created["secret"].as_str().expect("a secret").to_owned()
    };
    let (reader, decider) = (secret("reader", "read"), secret("decider", "decide"));
    let block = json!({
        "indicator": "192.0.2.77", "duration_secs": 300, "threat_type": "brute_force",
        "severity": 7, "publish": false,
    });
    let block = block.to_string();
    assert_eq!(ask(&url, "GET /health", "", "").0, 200);
    assert_eq!(ask(&url, "POST /v1/block", "", &block).0, 401);
    assert_eq!(ask(&url, "POST /v1/block", &reader, &block).0, 403);
    assert_eq!(ask(&url, "POST /v1/block", &decider, &block).0, 200);
    let (status, checked) = ask(&url, "GET /v1/check?ip=192.0.2.77", &reader, "");
    assert_eq!((status, &checked["blocked"]), (200, &true.into()));
    let history = sandbox.json("history 192.0.2.77");
    assert_eq!(history[0]["actor"], "key:decider", "{history}");

    assert_eq!(sandbox.run("key revoke reader").code, Some(0));
    assert_eq!(ask(&url, "GET /v1/check?ip=192.0.2.77", &reader, "").0, 401);
    sandbox.stop(daemon);
}

#[test]
fn keys_do_not_cross_the_network_in_the_clear() {
    let sandbox = Sandbox::new();
    configure(&sandbox, "[api]\nenabled = true\nlisten = \"0.0.0.0:0\"\n");
    let answer = sandbox.run("config check");
    assert_eq!(answer.code, Some(2), "{answer:?}");
    assert!(answer.talk.contains("api.listen"), "{answer:?}");
    assert!(answer.talk.contains("tls_cert"), "{answer:?}");
}

fn configure(sandbox: &Sandbox, more: &str) {
    let path = sandbox.path().join("aegis.toml");
    let text = fs::read_to_string(&path).expect("set up");
    fs::write(&path, text + more).expect("set up");
}

/// Asks with the secret of a key, where there is one; returns the status and the answer's JSON.
fn ask(url: &str, what: &str, secret: &str, body: &str) -> (u16, Value) {
    let address = url.strip_prefix("http://").expect("a URL");
    let mut stream = TcpStream::connect(address).expect("it listens");
    let key = if secret.is_empty() {
        String::new()
    } else {
        format!("x-api-key: {secret}\r\n")
    };
    let length = body.len();
    let request = format!(
        "{what} HTTP/1.1\r\nhost: aegis\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n{key}\r\n{body}"
    );
    stream.write_all(request.as_bytes()).expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    let status = head
        .get(9..12)
        .and_then(|it| it.parse().ok())
        .expect("a status");
    (status, serde_json::from_str(body).expect("JSON"))
}
