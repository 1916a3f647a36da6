//! A site over a real socket: what every answer carries, who is let in, and whose forms are taken.

use std::{net::SocketAddr, sync::Arc};

use aegis_core::{AccessKey, AccessScope, Timestamp};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::{oneshot, watch},
    task::JoinSet,
};

use crate::{
    Fields, HttpListener, KeyRing, Sessions, Shown, ShownWhat, Site, SiteSetup, Visit, VisitMethod,
    secret, secret_hash, serve_site,
};

const FORM: &str = "content-type: application/x-www-form-urlencoded\r\n";
const OWN: &str = "sec-fetch-site: same-origin\r\n";

#[tokio::test]
async fn every_answer_carries_what_keeps_a_browser_safe() {
    let server = Server::start(false).await;
    for (method, path, head, status) in [
        ("GET", "/", "", 200),
        ("HEAD", "/", "", 200),
        ("GET", "/asset", "", 200),
        ("GET", "/elsewhere", "", 303),
        ("PUT", "/", "", 405),
        ("POST", "/", "", 403),
        ("POST", "/", OWN, 415),
    ] {
        let answer = server.ask(method, path, head, "").await;
        assert_eq!(status_of(&answer), status, "{method} {path} {answer}");
        for header in [
            "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'; \
             img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; \
             base-uri 'none'\r\n",
            "x-content-type-options: nosniff\r\n",
            "referrer-policy: no-referrer\r\n",
            "x-frame-options: DENY\r\n",
        ] {
            assert!(answer.contains(header), "{method} {path} {answer}");
        }
        let kept = answer.contains("immutable");
        assert_eq!(kept, path == "/asset", "{answer}");
        assert_ne!(
            kept,
            answer.contains("cache-control: no-store\r\n"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn a_name_that_may_be_anybodys_is_not_answered() {
    let server = Server::start(true).await;
    let answer = server.raw("GET / HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n");
    assert_eq!(status_of(&answer.await), 421);
    let answer =
        server.raw("GET / HTTP/1.1\r\nhost: node.example.org\r\nconnection: close\r\n\r\n");
    assert_eq!(status_of(&answer.await), 200);
}

#[tokio::test]
async fn nobody_is_told_who_they_are_unless_the_page_is_open() {
    for (is_open, expected) in [(false, "nobody"), (true, "read")] {
        let server = Server::start(is_open).await;
        let answer = server.ask("GET", "/", "", "").await;
        assert!(answer.ends_with(expected), "{answer}");
        let bad = "cookie: aegis-1=aegis_00\r\n";
        assert!(server.ask("GET", "/", bad, "").await.ends_with(expected));
    }
}

#[tokio::test]
async fn who_has_a_key_is_let_in_and_known_by_a_cookie_until_they_leave() {
    let server = Server::start(false).await;
    let cookie = server.sign_in().await;
    let answer = server.ask("GET", "/", &cookie, "").await;
    assert!(answer.ends_with("decide"), "{answer}");
    let proof = server.proof(&cookie).await;
    let head = format!("{cookie}{FORM}{OWN}");
    let form = format!("proof={proof}");
    let left = server.ask("POST", "/leave", &head, &form).await;
    assert!(left.contains("Max-Age=0"), "{left}");
    assert!(
        server
            .ask("GET", "/", &cookie, "")
            .await
            .ends_with("nobody")
    );
}

#[tokio::test]
async fn a_form_is_taken_of_the_nodes_own_page_and_of_the_same_session() {
    let server = Server::start(false).await;
    let cookie = server.sign_in().await;
    let other = server.sign_in().await;
    let (proof, others) = (server.proof(&cookie).await, server.proof(&other).await);
    let good = format!("proof={proof}");
    for (head, body, status) in [
        (format!("{FORM}{OWN}"), good.clone(), 200),
        (
            format!("{FORM}origin: http://{}\r\n", server.address),
            good.clone(),
            200,
        ),
        (format!("{FORM}{OWN}origin: null\r\n"), good.clone(), 200),
        (FORM.to_owned(), good.clone(), 403),
        (
            format!("{FORM}sec-fetch-site: cross-site\r\n"),
            good.clone(),
            403,
        ),
        (
            format!("{FORM}origin: http://evil.example\r\n"),
            good.clone(),
            403,
        ),
        (format!("{FORM}{OWN}"), String::new(), 403),
        (format!("{FORM}{OWN}"), format!("proof={others}"), 403),
        (
            format!("{FORM}{OWN}"),
            "x=".to_owned() + &"y".repeat(20_000),
            413,
        ),
        (OWN.to_owned(), good.clone(), 415),
        (
            format!("content-type: application/json\r\n{OWN}"),
            good,
            415,
        ),
    ] {
        let answer = server
            .ask("POST", "/", &format!("{cookie}{head}"), &body)
            .await;
        assert_eq!(status_of(&answer), status, "{head} {body:.80} {answer}");
    }
}

#[tokio::test]
async fn who_asks_too_often_without_a_session_waits() {
    let server = Server::start(false).await;
    let mut last = String::new();
    for _ in 0..=crate::STRANGER_RATE.0 {
        last = server.ask("GET", "/", "", "").await;
    }
    assert_eq!(status_of(&last), 429, "{last}");
    assert!(last.contains("retry-after: 1"), "{last}");
}

/// Says who asks, and does what the path says.
#[derive(Clone)]
struct Script;

impl Site for Script {
    fn serves(&self, _path: &str) -> bool {
        true
    }

    async fn show(&self, visit: Visit) -> Shown {
        let text = |it: String| Shown::html(200, it);
        match (visit.method, visit.path.as_str(), &visit.signed_in) {
            (VisitMethod::Get, "/asset", _) => Shown::of(ShownWhat::Asset("text/css", "a{}")),
            (VisitMethod::Get, "/elsewhere", _) => Shown::elsewhere("/".to_owned()),
            (VisitMethod::Get, "/proof", Some(it)) => text(it.proof.clone()),
            (VisitMethod::Post, "/leave", Some(it)) => {
                text(String::new()).with(visit.sessions.leave(it))
            }
            (VisitMethod::Post, "/enter", None) => {
                let key = visit.form.value("key").unwrap_or_default();
                let cookie = visit.sessions.enter_by_key(key).expect("a key");
                text(String::new()).with(cookie)
            }
            _ => {
                let scope = visit.caller.map(|it| it.scope().to_string());
                assert_eq!(visit.query, Fields::default());
                text(scope.unwrap_or_else(|| "nobody".to_owned()))
            }
        }
    }
}

struct Server {
    address: SocketAddr,
    _keys_tx: watch::Sender<Arc<[AccessKey]>>,
    _stop_tx: oneshot::Sender<()>,
    _server: JoinSet<()>,
}

impl Server {
    async fn start(is_open: bool) -> Self {
        let key = AccessKey {
            name: "someone".parse().expect("a name"),
            scope: AccessScope::Decide,
            secret_hash: secret_hash(&secret(&[1; 32])),
            created_at: Timestamp::from_millis(0),
        };
        let (keys_tx, keys_rx) = watch::channel::<Arc<[AccessKey]>>(Arc::new([key]));
        let clock = || Timestamp::from_millis(1_795_176_000_000);
        let setup = SiteSetup {
            site: Script,
            sessions: Sessions::new(KeyRing::new(keys_rx), clock),
            hosts: Arc::new(["node.example.org".to_owned()]),
            is_open,
            clock,
        };
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let listener = HttpListener::bind(address, None).await.expect("binds");
        let listener = listener.with_site(&setup).expect("it listens");
        let url = listener.url().expect("it listens");
        let address = url.trim_start_matches("http://").parse();
        let (stop_tx, stop_rx) = oneshot::channel();
        let mut server = JoinSet::new();
        server.spawn(serve_site(listener, async {
            let _ = stop_rx.await;
        }));
        Self {
            address: address.expect("an address"),
            _keys_tx: keys_tx,
            _stop_tx: stop_tx,
            _server: server,
        }
    }

    async fn ask(&self, method: &str, path: &str, head: &str, body: &str) -> String {
        let (address, length) = (self.address, body.len());
        self.raw(&format!(
            "{method} {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
             content-length: {length}\r\n{head}\r\n{body}"
        ))
        .await
    }

    async fn raw(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.expect("connects");
        // The server may answer and close before it has read everything.
        let _ = stream.write_all(request.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8(answer).expect("text")
    }

    /// Signs in with the key; returns the header that shows it.
    async fn sign_in(&self) -> String {
        let key = secret(&[1; 32]);
        let head = format!("{FORM}{OWN}");
        let answer = self
            .ask("POST", "/enter", &head, &format!("key={key}"))
            .await;
        let cookie = answer
            .lines()
            .find_map(|it| it.strip_prefix("set-cookie: "));
        let cookie = cookie.expect("a cookie");
        assert!(cookie.contains("HttpOnly; SameSite=Strict"), "{cookie}");
        format!("cookie: {}\r\n", cookie.split(';').next().expect("a value"))
    }

    async fn proof(&self, cookie: &str) -> String {
        let answer = self.ask("GET", "/proof", cookie, "").await;
        let (_, proof) = answer.split_once("\r\n\r\n").expect("a head");
        proof.to_owned()
    }
}

fn status_of(answer: &str) -> u16 {
    let status = answer.get(9..12).and_then(|it| it.parse().ok());
    status.expect("a status")
}
