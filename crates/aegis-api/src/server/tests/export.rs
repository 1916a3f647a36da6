//! What other programs are handed: by whom a key may be shown as a password, what is not sent again, in which
//! shape, and that a long list comes whole.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    time::timeout,
};

use super::{
    http::{READ, Server, bearer, request},
    node::{DEADLINE, NOW},
};
use crate::{
    ApiError, Caller, Control, EXPORT_FORMATS, ErrorCode, EventHub, ExportBody, ExportRequest,
    ExportVersion, Exported, Naming, Posted, Reply, Request, lapi::inflate, secret,
};

const LINES: usize = 100_000;

/// A node that has lists, each of which says what was asked for.
#[derive(Clone, Default)]
struct Lists {
    hub: EventHub,
}

impl Control for Lists {
    async fn call(&self, _: Caller, _: Request) -> Result<Reply, ApiError> {
        Err(ApiError::new(ErrorCode::Unavailable, "only lists"))
    }

    async fn export(&self, _: Caller, asked: ExportRequest) -> Result<Exported, ApiError> {
        let said = format!("{asked:?}\n");
        let whole = |media_type, body| Exported {
            status: 200,
            media_type,
            headers: vec![("x-taxii-date-added-first", "then".to_owned())],
            version: Some(ExportVersion {
                tag: 7,
                changed_at: NOW,
                now: NOW,
            }),
            body,
        };
        Ok(match asked {
            ExportRequest::List { format: "cidr", .. } => {
                let lines = (0..LINES / 100).map(|_| "203.0.113.7/32\n".repeat(100));
                whole("text/plain", ExportBody::Text(Box::new(lines)))
            }
            ExportRequest::Decisions => {
                let posted = |indicator: &str, scenario: &str| Posted {
                    id: 1,
                    indicator: indicator.parse().expect("an indicator"),
                    naming: Naming {
                        origin: "p2p",
                        scenario: scenario.into(),
                    },
                    decided_at: NOW,
                    expires_at: NOW,
                };
                let all = vec![
                    posted("203.0.113.7", "aegis/bot"),
                    posted("2001:db8::7", "x"),
                ];
                let pieces = std::iter::once(all);
                whole("text/plain", ExportBody::Decisions(Box::new(pieces)))
            }
            ExportRequest::Misp(file) if file != "manifest.json" => {
                return Err(ApiError::new(ErrorCode::NotFound, "no such file"));
            }
            ExportRequest::Taxii(asked) if asked.path == "busy/" => {
                return Err(ApiError::new(ErrorCode::Busy, "busy"));
            }
            ExportRequest::List { .. } | ExportRequest::Taxii(_) | ExportRequest::Misp(_) => {
                let pieces = std::iter::once(said);
                whole("text/plain", ExportBody::Text(Box::new(pieces)))
            }
        })
    }

    fn events(&self) -> &EventHub {
        &self.hub
    }
}

async fn server() -> Server {
    Server::start_for(None, Lists::default()).await
}

fn password(secret: &str) -> String {
    let shown = STANDARD.encode(format!("anybody:{secret}"));
    format!("authorization: Basic {shown}\r\n")
}

/// Returns status and head, and the body as it came.
async fn raw(server: &Server, path: &str, head: &str) -> (String, Vec<u8>) {
    let mut stream = server.connect().await;
    let head = format!("{}{head}", bearer(READ));
    let request = request("GET", path, &head, "");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    let read = timeout(DEADLINE, stream.read_to_end(&mut answer)).await;
    read.expect("in time").expect("reads");
    let end = answer.windows(4).position(|it| it == b"\r\n\r\n");
    let body = answer.split_off(end.expect("a head") + 4);
    (String::from_utf8(answer).expect("text"), body)
}

#[tokio::test]
async fn a_key_may_be_shown_as_a_password_where_lists_are_and_nowhere_else() {
    let server = server().await;
    let right = password(&secret(&[READ; 32]));
    let wrong = password(&secret(&[9; 32]));
    for path in [
        "/v1/export/plain",
        "/taxii2/",
        "/misp/manifest.json",
        "/security/blocklist",
    ] {
        let answer = server.ask("GET", path, &right, "").await;
        assert!(answer.starts_with("HTTP/1.1 200 "), "{path}: {answer}");
        let answer = server.ask("GET", path, &wrong, "").await;
        assert!(answer.starts_with("HTTP/1.1 401 "), "{path}: {answer}");
        assert!(
            answer.contains("www-authenticate: Basic realm="),
            "{answer}"
        );
        assert!(
            answer.contains("www-authenticate: Bearer realm="),
            "{answer}"
        );
    }
    let answer = server.ask("GET", "/v1/status", &right, "").await;
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    assert!(!answer.contains("Basic"), "{answer}");
    let odd = "authorization: Basic !!!\r\n";
    let answer = server.ask("GET", "/taxii2/", odd, "").await;
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
}

#[tokio::test]
async fn what_a_client_has_is_not_sent_again() {
    let server = server().await;
    let path = "/v1/export/plain";
    let (head, _) = raw(&server, path, "").await;
    assert!(head.contains("etag: W/\"0000000000000007\""), "{head}");
    assert!(head.contains("last-modified: "), "{head}");
    assert!(head.contains("cache-control: private, no-cache"), "{head}");
    let has = "if-none-match: W/\"0000000000000007\"\r\n";
    let (head, body) = raw(&server, path, has).await;
    assert!(head.starts_with("HTTP/1.1 304 "), "{head}");
    assert!(body.is_empty());
    let (head, _) = raw(&server, path, "if-none-match: \"other\"\r\n").await;
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    let (head, _) = raw(&server, "/security/blocklist", has).await;
    assert!(head.starts_with("HTTP/1.1 304 "), "{head}");
}

#[tokio::test]
async fn who_takes_gzip_gets_the_same_list_smaller() {
    let server = server().await;
    let path = "/v1/export/plain?min_severity=3";
    let (_, plain) = raw(&server, path, "").await;
    let (head, deflated) = raw(&server, path, "accept-encoding: gzip\r\n").await;
    assert!(head.contains("content-encoding: gzip"), "{head}");
    assert!(head.contains("vary: Accept-Encoding"), "{head}");
    assert_eq!(inflate(&deflated, 1 << 20).expect("gzip"), plain);
}

#[tokio::test]
async fn a_long_list_comes_whole() {
    let server = server().await;
    let (head, body) = raw(&server, "/v1/export/cidr", "").await;
    assert!(head.contains("transfer-encoding: chunked"), "{head}");
    let text = String::from_utf8(body).expect("text");
    assert_eq!(text.matches("203.0.113.7/32\n").count(), LINES);
    assert!(text.ends_with("\r\n0\r\n\r\n"), "it has an end");
}

#[tokio::test]
async fn what_is_asked_for_reaches_the_node_and_what_cannot_be_does_not() {
    let server = server().await;
    for (format, _) in EXPORT_FORMATS {
        let (head, _) = raw(&server, &format!("/v1/export/{format}"), "").await;
        assert!(head.starts_with("HTTP/1.1 200 "), "{format}: {head}");
    }
    for (path, status) in [
        ("/v1/export/parchment", 404),
        ("/v1/export/plain?nosort", 400),
        ("/v1/export/plain?ipv4only=1", 400),
        ("/misp/other.json", 404),
        ("/misp/", 404),
        ("/security/blocklist?format=x", 400),
        ("/security/blocklist?nosort&other=1", 200),
    ] {
        let (head, _) = raw(&server, path, "").await;
        let expected = format!("HTTP/1.1 {status} ");
        assert!(head.starts_with(&expected), "{path}: {head}");
    }
    let posted = server
        .ask("POST", "/v1/export/plain", &bearer(READ), "")
        .await;
    assert!(posted.starts_with("HTTP/1.1 405 "), "{posted}");
    let (_, said) = raw(&server, "/v1/export/plain?ipv4only&origin=peers", "").await;
    let said = String::from_utf8(said).expect("text");
    assert!(said.contains("ipv4_only: true"), "{said}");
    assert!(said.contains("Some(Peers)"), "{said}");
}

#[tokio::test]
async fn a_taxii_client_is_heard_and_refused_in_words_of_its_own() {
    let server = server().await;
    let path = "/taxii2/aegis/collections/?match%5Bid%5D=a%2Cb&limit=3";
    let (head, said) = raw(&server, path, "accept: text/html\r\n").await;
    let said = String::from_utf8(said).expect("text");
    assert!(head.contains("x-taxii-date-added-first: then"), "{head}");
    assert!(said.contains("path: \"aegis/collections/\""), "{said}");
    assert!(said.contains("(\"match[id]\", \"a,b\")"), "{said}");
    assert!(said.contains("accept: Some(\"text/html\")"), "{said}");
    assert!(said.contains("is_read: true"), "{said}");
    let posted = server
        .ask("POST", "/taxii2/aegis/", &bearer(READ), "")
        .await;
    assert!(posted.contains("is_read: false"), "{posted}");
    let (head, said) = raw(&server, "/taxii2/busy/", "").await;
    assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
    assert!(
        head.contains("application/taxii+json;version=2.1"),
        "{head}"
    );
    let said = String::from_utf8(said).expect("text");
    assert!(said.contains("\"http_status\":\"503\""), "{said}");
}

#[tokio::test]
async fn the_mirrors_words_mean_what_they_do_there() {
    let server = server().await;
    let list = async |query: &str| {
        let (_, body) = raw(&server, &format!("/security/blocklist{query}"), "").await;
        String::from_utf8(body).expect("text")
    };
    assert_eq!(list("").await, "203.0.113.7\n2001:db8::7\n");
    assert_eq!(list("?ipv4only&nosort").await, "203.0.113.7\n");
    assert_eq!(list("?ipv6only").await, "2001:db8::7\n");
    assert_eq!(list("?origin=P2P&ipv4only").await, "203.0.113.7\n");
    assert_eq!(list("?origin=crowdsec").await, "");
    assert_eq!(
        list("?supported_decisions_types=ban,captcha&ipv4only").await,
        "203.0.113.7\n"
    );
    assert_eq!(list("?supported_decisions_types=captcha").await, "");
    assert_eq!(list("?format=f5&ipv4only").await, "203.0.113.7,32,bl,bot\n");
}
