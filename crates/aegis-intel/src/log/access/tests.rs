//! Lines of nginx and Apache, and those that a client wishes they had written.

use proptest::prelude::*;

use super::*;

const TIME: &str = "[20/Nov/2026:12:00:00 +0000]";

#[test]
fn lines_of_both_servers_are_read() {
    let request = "\"GET /a?b=c HTTP/1.1\" 404 153";
    for line in [
        format!("203.0.113.7 - - {TIME} {request}"),
        format!("203.0.113.7 - - {TIME} {request} \"-\" \"curl/8\""),
        format!("203.0.113.7 - some body {TIME} {request} \"http://x/\" \"curl/8\""),
        format!("example.org:443 203.0.113.7 - - {TIME} {request} \"-\" \"curl/8\""),
        format!("::ffff:203.0.113.7 - - {TIME} {request} \"-\" \"curl/8\""),
        format!("203.0.113.7 - - {TIME} {request} \"a\\\"b\" \"curl/8\" \"198.51.100.1\""),
    ] {
        let it = AccessLine::parse(line.as_bytes(), AccessFormat::Auto);
        let it = it.unwrap_or_else(|| panic!("{line}"));
        assert_eq!(it.client.to_string(), "203.0.113.7", "{line}");
        assert_eq!(
            (it.status, it.request.method, it.request.target),
            (404, &b"GET"[..], &b"/a?b=c"[..])
        );
        assert!(it.agent == b"curl/8" || it.agent.is_empty(), "{line}");
    }
}

#[test]
fn what_is_no_http_is_a_target_alone() {
    let line = format!("203.0.113.7 - - {TIME} \"\\x16\\x03\\x01\" 400 0 \"-\" \"-\"");
    let it = AccessLine::parse(line.as_bytes(), AccessFormat::Auto).unwrap();
    assert_eq!(
        (it.request.method, it.request.target),
        (&b""[..], &b"\\x16\\x03\\x01"[..])
    );
}

/// The client at 203.0.113.7 chooses user name, host, path, referrer and agent.
#[test]
fn a_client_cannot_speak_for_another_address() {
    let forged = format!("192.0.2.1 - - {TIME} \\\"GET / HTTP/1.1\\\" 200 1");
    for line in [
        format!("203.0.113.7 - {forged} {TIME} \"GET / HTTP/1.1\" 401 1 \"-\" \"-\""),
        format!("203.0.113.7 - - {TIME} \"GET /{forged} HTTP/1.1\" 401 1 \"-\" \"-\""),
        format!("203.0.113.7 - - {TIME} \"GET / HTTP/1.1\" 401 1 \"{forged}\" \"{forged}\""),
        format!("203.0.113.7 - - {TIME} \"GET / HTTP/1.1\" 401 1 \"-\" \"-\" \"192.0.2.1\""),
    ] {
        for format in [AccessFormat::Auto, AccessFormat::Combined] {
            let it = AccessLine::parse(line.as_bytes(), format);
            let it = it.unwrap_or_else(|| panic!("{line}"));
            assert_eq!(
                (it.client.to_string().as_str(), it.status),
                ("203.0.113.7", 401),
                "{line}"
            );
        }
    }
    // The host that was asked for is an address: whose it is cannot be told, unless it is said.
    let asked = format!("192.0.2.1 203.0.113.7 - - {TIME} \"GET / HTTP/1.1\" 401 1");
    assert_eq!(
        AccessLine::parse(asked.as_bytes(), AccessFormat::Auto),
        None
    );
    let it = AccessLine::parse(asked.as_bytes(), AccessFormat::VirtualHost).unwrap();
    assert_eq!(it.client.to_string(), "203.0.113.7");
}

#[test]
fn what_is_no_line_of_theirs_is_none() {
    for line in [
        String::new(),
        "203.0.113.7 - -".to_owned(),
        format!("name.example - - {TIME} \"GET / HTTP/1.1\" 200 1"),
        format!("203.0.113.7 - - {TIME} \"GET / HTTP/1.1 200 1"),
        format!("203.0.113.7 - - {TIME} \"GET / HTTP/1.1\" 2000 1"),
        "203.0.113.7 - - [yesterday] \"GET / HTTP/1.1\" 200 1".to_owned(),
    ] {
        assert_eq!(
            AccessLine::parse(line.as_bytes(), AccessFormat::Auto),
            None,
            "{line}"
        );
    }
}

proptest! {
    #[test]
    fn no_bytes_are_too_strange(bytes: Vec<u8>) {
        for format in [AccessFormat::Auto, AccessFormat::Combined, AccessFormat::VirtualHost] {
            let _ = AccessLine::parse(&bytes, format);
        }
    }

    #[test]
    fn whatever_a_client_chooses_the_address_is_the_servers(
        user in "[ !#-\\[\\]-~]{0,40}", target in "[!#-\\[\\]-~]{0,40}", agent in "[ !#-\\[\\]-~]{0,40}",
    ) {
        let line = format!(
            "203.0.113.7 - {user} {TIME} \"GET {target} HTTP/1.1\" 404 1 \"-\" \"{agent}\""
        );
        let it = AccessLine::parse(line.as_bytes(), AccessFormat::Auto);
        let it = it.ok_or_else(|| TestCaseError::fail(line.clone()))?;
        prop_assert_eq!(it.client.to_string(), "203.0.113.7");
        prop_assert_eq!(it.status, 404);
    }
}
