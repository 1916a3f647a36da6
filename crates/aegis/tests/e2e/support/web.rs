//! The listeners of a node as another program of its host uses them: over TCP, with a key or a token.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use aegis::lab::{node::LabNode, testbed::Host};
use serde_json::Value;

use super::{browser::Browser, world::cli};

/// Sends what comes in, and says what comes back until the other side ends it.
const CLIENT: &str = r#"exec 3<>"/dev/tcp/127.0.0.1/$0" && cat >&3 && cat <&3"#;

/// Somebody who may use one listener.
pub(crate) struct Web<'a> {
    /// Where the node is, and the program too.
    pub(crate) host: &'a Host,
    pub(crate) port: u16,
    /// The line that opens: `x-api-key: …`.
    pub(crate) header: String,
}

impl Web<'_> {
    /// Asks `what`, such as `GET /v1/status`; returns the status and the answer's JSON.
    #[track_caller]
    pub(crate) fn ask(&self, what: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let (header, length) = (&self.header, body.len());
        let request = format!(
            "{what} HTTP/1.0\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n{header}\r\n\r\n{body}"
        );
        let answer = carry(self.host, self.port, &request);
        let Some((head, body)) = answer.split_once("\r\n\r\n") else {
            panic!("{what}: no answer: {answer}");
        };
        let status = head.get(9..12).and_then(|it| it.parse().ok());
        let body = serde_json::from_str(body).unwrap_or(Value::Null);
        (status.unwrap_or_else(|| panic!("{what}: {head}")), body)
    }
}

/// Sends a request to a port of `host` from there; returns the answer, up to its end.
fn carry(host: &Host, port: u16, request: &str) -> String {
    let mut command: Command = host.command("bash");
    command.args(["-c", CLIENT, &port.to_string()]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(request.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Opens a browser on `host` for the page of its node, which `aegis status` tells of.
#[track_caller]
pub(crate) fn browser<'a>(host: &'a Host, node: &LabNode) -> Browser<'a> {
    let said = cli(node, "status --json");
    let status: Value = serde_json::from_str(&said.out).unwrap();
    let url = status["page"].as_str().unwrap().to_owned();
    let port: u16 = url.rsplit(':').next().unwrap().parse().unwrap();
    Browser::new(&url, move |request| carry(host, port, request))
}

/// Gives out a key of this scope; returns its secret.
#[track_caller]
pub(crate) fn key(node: &LabNode, name: &str, scope: &str) -> String {
    let said = cli(node, &format!("key create {name} --scope {scope} --json"));
    assert_eq!(said.code, Some(0), "{said:?}");
    let created: Value = serde_json::from_str(&said.out).unwrap();
    created["secret"].as_str().unwrap().to_owned()
}
