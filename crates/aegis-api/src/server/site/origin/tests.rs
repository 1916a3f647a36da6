//! Who may ask under which name, and from where.

use axum::http::{HeaderMap, HeaderName, HeaderValue};

use super::{cookie, host, is_own};

#[test]
fn only_names_that_are_nobody_elses_are_answered() {
    let names = ["node.example.org".to_owned()];
    for (asked, is_answered) in [
        ("127.0.0.1:9004", true),
        ("127.0.0.1", true),
        ("[::1]:9004", true),
        ("[::1]", true),
        ("203.0.113.7:80", true),
        ("localhost:9004", true),
        ("LOCALHOST", true),
        ("node.example.org:9004", true),
        ("Node.Example.Org", true),
        ("evil.example:9004", false),
        ("127.0.0.1.evil.example", false),
        ("localhost.evil.example", false),
        ("evil-localhost", false),
        ("x@127.0.0.1", false),
        ("", false),
    ] {
        let headers = headers(&[("host", asked)]);
        assert_eq!(host(&headers, &names).is_some(), is_answered, "{asked}");
    }
    assert_eq!(host(&HeaderMap::new(), &names), None);
}

#[test]
fn only_the_site_itself_has_things_done() {
    for (said, expected) in [
        (&[("sec-fetch-site", "same-origin")][..], true),
        (
            &[("sec-fetch-site", "same-origin"), ("origin", "null")],
            true,
        ),
        (&[("origin", "http://127.0.0.1:9004")], true),
        (&[("origin", "null")], false),
        (&[], false),
        (&[("sec-fetch-site", "cross-site")], false),
        (&[("sec-fetch-site", "same-site")], false), // another port of this host
        (&[("sec-fetch-site", "none")], false),      // typed in
        (&[("origin", "http://127.0.0.1:9005")], false),
        (&[("origin", "https://127.0.0.1:9004")], false),
        (&[("origin", "http://evil.example")], false),
        (
            &[
                ("sec-fetch-site", "same-origin"),
                ("origin", "http://evil.example"),
            ],
            false,
        ),
    ] {
        let is_own = is_own(&headers(said), "http", "127.0.0.1:9004");
        assert_eq!(is_own, expected, "{said:?}");
    }
}

#[test]
fn a_cookie_is_found_among_others() {
    let headers = headers(&[("cookie", "a=1; aegis-9004=x=y ; aegis-90041=z")]);
    assert_eq!(cookie(&headers, "aegis-9004"), Some("x=y"));
    assert_eq!(cookie(&headers, "aegis-90041"), Some("z"));
    assert_eq!(cookie(&headers, "aegis-900"), None);
}

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    let pair = |(name, value): &(&'static str, &'static str)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_static(value),
        )
    };
    pairs.iter().map(pair).collect()
}
