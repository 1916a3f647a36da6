//! Names of headers, and addresses.

use super::*;

#[test]
fn a_key_stands_in_no_header_that_says_what_a_request_is() {
    for name in ["Authorization", "x-api-key", "X-Gotify-Key"] {
        assert!(may_name_key(name), "{name}");
    }
    for name in [
        "",
        "Host",
        "content-length",
        "Transfer-Encoding",
        "a b",
        "a:b",
        "a\r\nb",
        "\u{e9}",
    ] {
        assert!(!may_name_key(name), "{name}");
    }
}

#[test]
fn only_addresses_of_http_can_be_asked() {
    for url in [
        "http://127.0.0.1:8/x",
        "https://hooks.example.com/a?b=c",
        "https://[::1]/",
    ] {
        assert!(is_url(url), "{url}");
    }
    for url in [
        "",
        "x",
        "ftp://x/",
        "https://",
        "https://user@x/",
        "https://x/\r\nb",
        "http://x y/",
    ] {
        assert!(!is_url(url), "{url}");
    }
}
