//! What is said to a server, and where it sends on to.

use aegis_fetch::{FetchError, Fetched, Fetcher, Secret, Tls, Wanted};

use crate::server::{LIMITS, Server, say};

const KEY: &str = "word of the key";

fn fetcher() -> Fetcher {
    Fetcher::new(LIMITS, Tls::default(), "aegis-test")
}

async fn get(url: &str) -> Result<Fetched, FetchError> {
    let wanted = Wanted {
        url,
        headers: &[],
        key: None,
    };
    fetcher().get(wanted).await
}

async fn get_with_key(url: &str) -> Result<Fetched, FetchError> {
    let secret = Secret::new(KEY).expect("a key");
    let wanted = Wanted {
        url,
        headers: &[("If-None-Match", "\"v1\"".to_owned())],
        key: Some(("Auth-Key", &secret)),
    };
    fetcher().get(wanted).await
}

#[tokio::test]
async fn a_document_comes_with_what_the_server_says_of_it() {
    let server = Server::start(|_, stream| {
        let head = "200 OK\r\netag: \"v1\"\r\nlast-modified: then\r\nx-taxii-date-added-last: late";
        say(stream, head, b"203.0.113.7\n")
    });
    let fetched = get(&server.url("/bad.txt?x=1")).await.expect("fetched");
    assert_eq!(fetched.body, b"203.0.113.7\n");
    assert_eq!(fetched.etag.as_deref(), Some("\"v1\""));
    assert_eq!(fetched.last_modified.as_deref(), Some("then"));
    assert_eq!(fetched.added_last.as_deref(), Some("late"));
    let [asked] = &server.asked()[..] else {
        panic!("one request");
    };
    assert!(
        asked.starts_with("get /bad.txt?x=1 http/1.1\r\n"),
        "{asked}"
    );
    let host = format!("host: 127.0.0.1:{}\r\n", server.port);
    for part in [
        &*host,
        "user-agent: aegis-test\r\n",
        "accept-encoding: gzip\r\n",
    ] {
        assert!(asked.contains(part), "{asked}");
    }
}

#[tokio::test]
async fn a_version_that_is_known_is_not_sent_again() {
    let server = Server::start(|head, stream| {
        let is_known = head.contains("if-none-match: \"v1\"\r\n");
        let answer = if is_known {
            "304 Not Modified"
        } else {
            "200 OK"
        };
        stream_head(stream, answer)
    });
    let fetched = get_with_key(&server.url("/")).await.expect("answered");
    assert_eq!((fetched.status, fetched.body.len()), (304, 0));
}

#[tokio::test]
async fn a_server_that_is_busy_says_for_how_long() {
    let server = Server::start(|_, stream| {
        say(
            stream,
            "429 Too Many Requests\r\nretry-after: 120",
            b"slow down",
        )
    });
    let fetched = get(&server.url("/")).await.expect("answered");
    assert_eq!((fetched.status, fetched.body.len()), (429, 0));
    assert_eq!(fetched.retry_after.as_deref(), Some("120"));
}

#[tokio::test]
async fn a_key_does_not_go_on_to_another_server_and_does_not_come_back() {
    let home = Server::start(|_, stream| say(stream, "200 OK", b"home"));
    let back = home.url("/home");
    let away =
        Server::start(move |_, stream| say(stream, &format!("302 Found\r\nlocation: {back}"), b""));
    let there = away.url("/away");
    let first = Server::start(move |head, stream| {
        let to = if head.starts_with("get /start ") {
            "/next"
        } else {
            &*there
        };
        say(
            stream,
            &format!("307 Temporary Redirect\r\nlocation: {to}"),
            b"",
        )
    });
    let fetched = get_with_key(&first.url("/start")).await.expect("fetched");
    assert_eq!(fetched.body, b"home");
    let has_key = |it: &String| it.contains(KEY);
    assert_eq!(first.asked().len(), 2);
    assert!(first.asked().iter().all(has_key), "{:?}", first.asked());
    for other in [&away, &home] {
        assert_eq!(other.asked().len(), 1);
        assert!(!other.asked().iter().any(has_key), "{:?}", other.asked());
    }
}

#[tokio::test]
async fn a_server_that_sends_on_for_ever_or_astray_is_not_followed() {
    let server = Server::start(|head, stream| {
        let to = match head.split(' ').nth(1) {
            Some("/file") => "file:///etc/passwd",
            Some("/user") => "http://user@127.0.0.1/?key=secret",
            _ => "/again",
        };
        say(
            stream,
            &format!("301 Moved Permanently\r\nlocation: {to}"),
            b"",
        )
    });
    for path in ["/file", "/user", "/again"] {
        let error = get(&server.url(path)).await.expect_err("astray");
        assert!(matches!(error, FetchError::Astray(_)), "{error:?}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    assert_eq!(server.asked().len(), 1 + 1 + 6);
    for url in ["ftp://127.0.0.1/", "http://127.0.0.1:1x/", "x"] {
        let error = get(url).await.expect_err("no address");
        assert!(matches!(error, FetchError::Address), "{error:?}");
    }
}

#[tokio::test]
async fn a_connection_is_kept_and_made_anew_where_it_broke() {
    let server = Server::start(|head, stream| {
        let is_last = head.starts_with("get /last ");
        say(stream, "200 OK", b"x") && !is_last
    });
    let mut fetcher = fetcher();
    for path in ["/a", "/b", "/last", "/c", "/d"] {
        let wanted = Wanted {
            url: &server.url(path),
            headers: &[],
            key: None,
        };
        assert_eq!(fetcher.get(wanted).await.expect("fetched").body, b"x");
    }
    assert_eq!(server.connections(), 2);
}

#[test]
fn a_key_shows_itself_to_nobody() {
    let secret = Secret::new(KEY).expect("a key");
    assert_eq!(format!("{secret:?}"), "Secret(…)");
    for text in ["", "two\nlines", "nul\0", "ä", &"x".repeat(4097)] {
        assert_eq!(Secret::new(text), None, "{text}");
    }
}

fn stream_head(stream: &mut std::net::TcpStream, status: &str) -> bool {
    use std::io::Write as _;
    write!(stream, "HTTP/1.1 {status}\r\n\r\n").is_ok()
}
