//! The routes over TCP: who gets in, what everybody else is told, and over TLS.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use aegis_core::{AccessKey, AccessScope, Timestamp};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    sync::{oneshot, watch},
    task::JoinSet,
    time::timeout,
};
use tokio_rustls::rustls;

use super::node::{DEADLINE, NOW, Script};
use crate::{
    BODY_BYTES_MAX, Control, EventHub, EventKind, HttpListener, KEYED_RATE, KeyRing, STRANGER_RATE,
    Tls, secret, secret_hash, serve_http,
};

pub(super) const READ: u8 = 1;
const DECIDE: u8 = 2;
const ADMIN: u8 = 3;

#[tokio::test]
async fn whoever_shows_no_key_is_told_how() {
    let server = Server::start().await;
    for head in [
        "",
        "Authorization: Bearer \r\n",
        "Authorization: Basic YTpi\r\n",
        "X-Api-Key: aegis_0000000000000000000000000000000000000000000000000000000000000000\r\n",
    ] {
        let answer = server.ask("GET", "/v1/status", head, "").await;
        assert!(answer.starts_with("HTTP/1.1 401 "), "{head}{answer}");
        assert!(
            answer.contains("www-authenticate: Bearer realm=\"aegis\""),
            "{answer}"
        );
        assert!(answer.contains(r#""code":"unauthenticated""#), "{answer}");
        assert!(answer.contains("cache-control: no-store"), "{answer}");
    }
    let health = server.ask("GET", "/health", "", "").await;
    assert!(
        health.starts_with("HTTP/1.1 200 ") && health.ends_with(r#"{"status":"up"}"#),
        "{health}"
    );
}

#[tokio::test]
async fn a_key_does_what_its_scope_says_and_no_more() {
    let server = Server::start().await;
    let unblock = r#"{"indicator":"192.0.2.1"}"#;
    let key = r#"{"name":"new","scope":"read"}"#;
    for (number, method, path, body, status) in [
        (READ, "GET", "/v1/status", "", 200),
        (READ, "POST", "/v1/unblock", unblock, 403),
        (READ, "GET", "/v1/keys", "", 403),
        (DECIDE, "GET", "/v1/status", "", 200),
        (DECIDE, "POST", "/v1/unblock", unblock, 200),
        (DECIDE, "POST", "/v1/allow", unblock, 403),
        (DECIDE, "POST", "/v1/keys", key, 403),
        (ADMIN, "POST", "/v1/allow", unblock, 200),
        (ADMIN, "POST", "/v1/keys", key, 200),
    ] {
        for head in [
            bearer(number),
            format!("x-api-key: {}\r\n", secret(&[number; 32])),
        ] {
            let answer = server.ask(method, path, &head, body).await;
            let start = format!("HTTP/1.1 {status} ");
            assert!(
                answer.starts_with(&start),
                "{number} {method} {path}\n{answer}"
            );
            assert_eq!(
                status == 403,
                answer.contains(r#""code":"denied""#),
                "{answer}"
            );
        }
    }
}

#[tokio::test]
async fn whatever_is_wrong_is_told_in_the_same_words() {
    let server = Server::start().await;
    let large = format!(r#"{{"indicator":"{}"}}"#, "9".repeat(BODY_BYTES_MAX));
    for (method, path, head, body, status, code) in [
        ("GET", "/v1/nothing", "", "", 404, "not_found"),
        ("GET", "/", "", "", 404, "not_found"),
        ("PUT", "/v1/status", "", "", 405, "method_not_allowed"),
        ("TRACE", "/v1/block", "", "", 405, "method_not_allowed"),
        ("GET", "/v1/check", "", "", 400, "invalid_request"),
        ("GET", "/v1/check?ip=1.2.3", "", "", 400, "invalid_request"),
        ("GET", "/v1/check?ip=%ff", "", "", 400, "invalid_request"),
        ("GET", "/v1/status?x=1", "", "", 400, "invalid_request"),
        ("POST", "/v1/unblock", JSON, "{", 400, "invalid_request"),
        ("POST", "/v1/unblock", JSON, "[]", 400, "invalid_request"),
        (
            "POST",
            "/v1/unblock",
            JSON,
            "{\"indicator\":\"1.2.3.4\",\"x\":1}",
            400,
            "invalid_request",
        ),
        (
            "POST",
            "/v1/unblock",
            "",
            "{}",
            415,
            "unsupported_media_type",
        ),
        (
            "POST",
            "/v1/unblock",
            "content-type: text/plain\r\n",
            "{}",
            415,
            "unsupported_media_type",
        ),
        ("POST", "/v1/unblock", JSON, &large, 413, "too_large"),
        ("POST", "/v1/block", JSON, BLOCK_LOOPBACK, 409, "protected"),
        ("GET", "/v1/files", "", "", 409, "unavailable"),
    ] {
        let head = format!("{}{head}", bearer(ADMIN));
        let answer = server.exact(method, path, &head, body).await;
        let start = format!("HTTP/1.1 {status} ");
        assert!(
            answer.starts_with(&start),
            "{method} {path} {head}\n{answer}"
        );
        let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
        let error: serde_json::Value = serde_json::from_str(body).expect("JSON");
        assert_eq!(error["code"], code, "{answer}");
        assert!(
            error["message"].as_str().is_some_and(|it| !it.is_empty()),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn whoever_asks_too_often_is_told_when_to_come_again() {
    let server = Server::start().await;
    let mut stream = server.connect().await;
    let request = "GET /v1/status HTTP/1.1\r\nhost: aegis\r\n\r\n";
    let statuses = pipelined(&mut stream, request, STRANGER_RATE.0 + 5).await;
    assert!(
        statuses.contains(&429) && statuses[0] == 401,
        "{statuses:?}"
    );
    let answer = server.ask("GET", "/v1/status", "", "").await;
    assert!(answer.contains("retry-after: 1"), "{answer}");
    // Whoever has a key is not held up by those who have none.
    let answer = server.ask("GET", "/v1/status", &bearer(READ), "").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let request = format!(
        "GET /health HTTP/1.1\r\nhost: aegis\r\n{}\r\n",
        bearer(READ)
    );
    let statuses = pipelined(&mut server.connect().await, &request, KEYED_RATE.0 * 4).await;
    assert!(
        statuses.contains(&429) && statuses[0] == 200,
        "a key has a rate, too"
    );
}

#[tokio::test]
async fn a_key_that_is_taken_back_ends_its_event_streams() {
    let server = Server::start().await;
    let mut stream = server.connect().await;
    let request = format!(
        "GET /v1/events HTTP/1.1\r\nhost: aegis\r\n{}\r\n",
        bearer(READ)
    );
    stream.write_all(request.as_bytes()).await.expect("sent");
    read_until(&mut stream, "\r\n\r\n").await;
    server.hub.publish(NOW, EventKind::ServiceStopping);
    read_until(&mut stream, "service_stopping").await;
    server.keys_tx.send_replace(keys(&[DECIDE, ADMIN]));
    read_until(&mut stream, "0\r\n\r\n").await;
    let answer = server.ask("GET", "/v1/status", &bearer(READ), "").await;
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
}

#[tokio::test]
async fn over_tls_it_is_the_same() {
    let directory = tempfile::tempdir().expect("set up");
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("set up");
    let files = [
        directory.path().join("cert.pem"),
        directory.path().join("key.pem"),
    ];
    std::fs::write(&files[0], made.cert.pem()).expect("set up");
    std::fs::write(&files[1], made.key_pair.serialize_pem()).expect("set up");
    let server = Server::start_with(Some(Tls::load(&files[0], &files[1]).expect("TLS"))).await;

    let plain = server.ask("GET", "/health", "", "").await;
    assert!(
        !plain.contains("200"),
        "nothing is said in the clear: {plain}"
    );
    let mut roots = rustls::RootCertStore::empty();
    roots.add(made.cert.der().clone()).expect("set up");
    let connect = async |version| {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .expect("set up")
            .with_root_certificates(roots.clone())
            .with_no_client_auth();
        let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
        let name = "localhost".try_into().expect("set up");
        connector.connect(name, server.connect().await).await
    };
    // Feeds are fetched over it, nobody is answered over it.
    let older = connect(&rustls::version::TLS12).await;
    assert!(older.is_err(), "only the newest is spoken");
    let stream = connect(&rustls::version::TLS13).await.expect("TLS");
    let answer = exchange(stream, &request("GET", "/v1/status", &bearer(READ), "")).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[test]
fn files_that_make_no_tls_are_named() {
    let directory = tempfile::tempdir().expect("set up");
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("set up");
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("set up");
    let path = |name: &str| directory.path().join(name);
    std::fs::write(path("cert"), made.cert.pem()).expect("set up");
    std::fs::write(path("key"), made.key_pair.serialize_pem()).expect("set up");
    std::fs::write(path("other"), other.key_pair.serialize_pem()).expect("set up");
    std::fs::write(path("text"), "nothing").expect("set up");
    for (certificate, key, says) in [
        ("none", "key", "cannot read"),
        ("cert", "none", "cannot read"),
        ("text", "key", "text holds no certificate in PEM"),
        ("cert", "text", "text holds no private key in PEM"),
        ("cert", "other", "cannot be used"),
    ] {
        let error = Tls::load(&path(certificate), &path(key))
            .expect_err(says)
            .to_string();
        assert!(error.contains(says), "{error}");
    }
}

const JSON: &str = "content-type: application/json\r\n";

const BLOCK_LOOPBACK: &str =
    r#"{"indicator":"127.0.0.1","duration_secs":60,"threat_type":"a","severity":7}"#;

/// A clock that stands still, so that a rate is a number.
fn now() -> Timestamp {
    NOW
}

pub(super) struct Server {
    address: SocketAddr,
    hub: EventHub,
    keys_tx: watch::Sender<Arc<[AccessKey]>>,
    _stop_tx: oneshot::Sender<()>,
    _server: JoinSet<()>,
}

impl Server {
    async fn start() -> Self {
        Self::start_with(None).await
    }

    async fn start_with(tls: Option<Tls>) -> Self {
        Self::start_for(tls, Script::default()).await
    }

    pub(super) async fn start_for(tls: Option<Tls>, control: impl Control) -> Self {
        let anywhere = "127.0.0.1:0".parse().expect("an address");
        let listener = HttpListener::bind(anywhere, tls).await.expect("binds");
        let url = listener.url().expect("an address");
        let (_, address) = url.split_once("://").expect("a URL");
        let hub = control.events().clone();
        let (keys_tx, keys_rx) = watch::channel(keys(&[READ, DECIDE, ADMIN]));
        let (stop_tx, stop_rx) = oneshot::channel::<()>();
        let mut server = JoinSet::new();
        server.spawn(serve_http(
            listener,
            control,
            (KeyRing::new(keys_rx), now),
            async {
                let _ = stop_rx.await;
            },
        ));
        Self {
            address: address.parse().expect("an address"),
            hub,
            keys_tx,
            _stop_tx: stop_tx,
            _server: server,
        }
    }

    pub(super) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("connects")
    }

    /// Asks with JSON where there is a body.
    pub(super) async fn ask(&self, method: &str, path: &str, head: &str, body: &str) -> String {
        let head = format!("{head}{}", if body.is_empty() { "" } else { JSON });
        self.exact(method, path, &head, body).await
    }

    async fn exact(&self, method: &str, path: &str, head: &str, body: &str) -> String {
        exchange(self.connect().await, &request(method, path, head, body)).await
    }
}

pub(super) fn request(method: &str, path: &str, head: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nhost: aegis\r\nconnection: close\r\n{head}\
         content-length: {length}\r\n\r\n{body}"
    )
}

async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, request: &str) -> String {
    // The server may answer and close before it has read everything.
    let _ = stream.write_all(request.as_bytes()).await;
    let mut answer = Vec::new();
    let read = timeout(DEADLINE, stream.read_to_end(&mut answer)).await;
    let _ = read.expect("it closes in time");
    String::from_utf8_lossy(&answer).into_owned()
}

/// Sends a request so many times over one connection and returns the statuses of the answers.
async fn pipelined(stream: &mut TcpStream, request: &str, times: u32) -> Vec<u16> {
    let mut statuses = Vec::new();
    for _ in 0..times {
        stream.write_all(request.as_bytes()).await.expect("sent");
        let answer = read_until(stream, "}").await;
        statuses.push(answer[9..12].parse().expect("a status"));
    }
    statuses
}

async fn read_until(stream: &mut TcpStream, end: &str) -> String {
    let mut text = String::new();
    let read = async {
        let mut buffer = [0; 4096];
        while !text.contains(end) {
            let count = stream.read(&mut buffer).await.expect("reads");
            assert!(count > 0, "it ended: {text}");
            text.push_str(&String::from_utf8_lossy(&buffer[..count]));
        }
    };
    timeout(DEADLINE.max(Duration::from_secs(1)), read)
        .await
        .expect("in time");
    text
}

pub(super) fn bearer(number: u8) -> String {
    format!("authorization: Bearer {}\r\n", secret(&[number; 32]))
}

fn keys(numbers: &[u8]) -> Arc<[AccessKey]> {
    let scope = |it| match it {
        READ => AccessScope::Read,
        DECIDE => AccessScope::Decide,
        _ => AccessScope::Admin,
    };
    let keys = numbers.iter().map(|it| AccessKey {
        name: format!("key{it}").parse().expect("a name"),
        scope: scope(*it),
        secret_hash: secret_hash(&secret(&[*it; 32])),
        created_at: Timestamp::from_secs(1),
    });
    keys.collect()
}
