//! What is too large, too slow, damaged or not there is told as that.

use std::{
    io::Write as _,
    net::{TcpListener, TcpStream},
    thread,
    time::Duration,
};

use aegis_fetch::{FetchError, Fetched, Fetcher, Limits, Tls, Wanted};
use miniz_oxide::deflate::compress_to_vec;

use crate::server::{LIMITS, Server, say};

async fn get_within(limits: Limits, url: &str) -> Result<Fetched, FetchError> {
    let wanted = Wanted {
        url,
        headers: &[],
        key: None,
    };
    let mut fetcher = Fetcher::new(limits, Tls::default(), "aegis-test");
    fetcher.get(wanted).await
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut member = b"\x1f\x8b\x08\0\0\0\0\0\0\xff".to_vec();
    member.extend(compress_to_vec(body, 6));
    member.extend([0; 4]);
    member.extend((body.len() as u32).to_le_bytes());
    member
}

#[tokio::test]
async fn what_is_compressed_is_inflated_within_the_bound() {
    let server = Server::start(|head, stream| match head.split(' ').nth(1) {
        Some("/small") => say(stream, "200 OK\r\ncontent-encoding: gzip", &gzip(b"small")),
        Some("/file") => say(stream, "200 OK", &gzip(b"a file")),
        Some("/bomb") => {
            let bomb = gzip(&vec![0; 10 << 20]);
            say(stream, "200 OK\r\ncontent-encoding: gzip", &bomb)
        }
        Some("/brotli") => say(stream, "200 OK\r\ncontent-encoding: br", b"x"),
        _ => say(stream, "200 OK\r\ncontent-encoding: gzip", b"damaged"),
    });
    let get = async |path: &str| get_within(LIMITS, &server.url(path)).await;
    assert_eq!(get("/small").await.expect("fetched").body, b"small");
    assert_eq!(get("/file").await.expect("fetched").body, b"a file");
    let error = get("/bomb").await.expect_err("a bomb");
    assert!(matches!(error, FetchError::TooLarge(100_000)), "{error:?}");
    for path in ["/brotli", "/damaged"] {
        let error = get(path).await.expect_err("cannot be read");
        assert!(matches!(error, FetchError::Encoding), "{error:?}");
    }
}

#[tokio::test]
async fn what_is_too_large_is_left_whether_or_not_its_length_is_said() {
    let server = Server::start(|head, stream| {
        if head.starts_with("get /said ") {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100001\r\n\r\n");
            return false;
        }
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
        let chunk = [b"2710\r\n", &[b'x'; 10_000][..], b"\r\n"].concat();
        while stream.write_all(&chunk).is_ok() {} // until nobody reads any more
        false
    });
    for path in ["/said", "/unsaid"] {
        let error = get_within(LIMITS, &server.url(path))
            .await
            .expect_err("too large");
        assert!(matches!(error, FetchError::TooLarge(100_000)), "{error:?}");
    }
}

#[tokio::test]
async fn a_server_that_says_nothing_or_a_byte_at_a_time_is_left() {
    let short = Limits {
        idle: Duration::from_millis(200),
        total: Duration::from_millis(1_000),
        ..LIMITS
    };
    let server = Server::start(|head, stream| {
        if head.starts_with("get /silent ") {
            return wait_until_left(stream);
        }
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n");
        if head.starts_with("get /stuck ") {
            return wait_until_left(stream);
        }
        while stream.write_all(b"x").is_ok() {
            thread::sleep(Duration::from_millis(20)); // a byte at a time, for ever
        }
        false
    });
    for (path, limit) in [
        ("/silent", short.idle),
        ("/stuck", short.idle),
        ("/slow", short.total),
    ] {
        let error = get_within(short, &server.url(path))
            .await
            .expect_err("too slow");
        assert!(
            matches!(error, FetchError::TooSlow(it) if it == limit),
            "{path}: {error:?}"
        );
    }
}

#[tokio::test]
async fn what_is_not_there_or_no_http_is_told() {
    let closed = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = closed.local_addr().expect("an address").port();
    drop(closed);
    let error = get_within(LIMITS, &format!("http://127.0.0.1:{port}/")).await;
    let error = error.expect_err("nobody listens");
    assert!(matches!(error, FetchError::Unreachable { .. }), "{error:?}");
    let server = Server::start(|_, stream| {
        let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n");
        false
    });
    let error = get_within(LIMITS, &server.url("/")).await;
    let error = error.expect_err("no HTTP");
    assert!(matches!(error, FetchError::Broken(_)), "{error:?}");
    let server = Server::start(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf");
        false
    });
    let error = get_within(LIMITS, &server.url("/")).await;
    let error = error.expect_err("half of it");
    assert!(matches!(error, FetchError::Broken(_)), "{error:?}");
}

/// Returns once the other side has gone.
fn wait_until_left(stream: &mut TcpStream) -> bool {
    let _ = std::io::copy(stream, &mut std::io::sink());
    false
}
