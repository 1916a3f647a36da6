//! Addresses are read, and what a server sends on to is resolved.

use super::*;

#[test]
fn addresses_are_read_and_what_cannot_be_asked_is_none() {
    let check = |url: &str, expected: Option<(bool, &str, u16, &str)>| {
        let found = Target::parse(url);
        let found = found
            .as_ref()
            .map(|it| (it.is_tls, &*it.host, it.port, &*it.path));
        assert_eq!(found, expected, "{url}");
    };
    check("http://a.example", Some((false, "a.example", 80, "/")));
    check(
        "https://A.example/x?y=1#z",
        Some((true, "a.example", 443, "/x?y=1")),
    );
    check(
        "https://[2001:db8::1]:8443/x",
        Some((true, "2001:db8::1", 8443, "/x")),
    );
    check(
        "http://192.0.2.1:80?x",
        Some((false, "192.0.2.1", 80, "/?x")),
    );
    for url in [
        "",
        "/x",
        "ftp://a.example/",
        "file:///etc/shadow",
        "http://",
        "http://user@a.example/",
        "http://user:word@a.example/",
        "http://a.example:99999/",
        "http://a.example:x/",
        "http://a b/",
    ] {
        check(url, None);
    }
}

#[test]
fn what_a_server_sends_on_to_is_resolved() {
    let at = Target::parse("https://a.example/lists/bad.txt?x=1").expect("an address");
    let check = |location: &str, expected: Option<&str>| {
        let expected = expected.map(|it| Target::parse(it).expect("an address"));
        assert_eq!(at.join(location), expected, "{location}");
    };
    check("http://b.example/y", Some("http://b.example/y"));
    check("//b.example/y", Some("https://b.example/y"));
    check("/y", Some("https://a.example/y"));
    check("y.txt", Some("https://a.example/lists/y.txt"));
    check("?y=2", Some("https://a.example/lists/bad.txt?y=2"));
    check("", Some("https://a.example/lists/bad.txt?x=1"));
    check("file:///etc/shadow", None);
    check("gopher://b.example/", None);
    check("https://user@b.example/", None);
}

#[test]
fn another_port_or_scheme_is_another_server() {
    let at = |url: &str| Target::parse(url).expect("an address");
    let first = at("https://a.example/x");
    assert!(first.is_beside(&at("https://a.example:443/y")));
    assert!(!first.is_beside(&at("http://a.example/x")));
    assert!(!first.is_beside(&at("https://a.example:8443/x")));
    assert!(!first.is_beside(&at("https://b.example/x")));
    assert_eq!(at("http://[::1]:8080/").authority(), "[::1]:8080");
    assert_eq!(first.authority(), "a.example");
}
